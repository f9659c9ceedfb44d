"""The book as PDF and EPUB, as `make book` left it in site/, against the pages beside it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import zipfile
from collections import Counter
from dataclasses import dataclass
from itertools import chain, pairwise

import pikepdf
import pytest
from book.chapters import gather, link, unfold
from bs4 import BeautifulSoup, Tag
from built import LANGUAGES, ROOT, Pages

SITE = ROOT / "site"


@dataclass(frozen=True)
class Made:
    """Both files in one language, and the pages that they were made from."""

    pages: dict[str, Tag]
    """The text of each, by the name of the page."""

    pdf: pikepdf.Pdf
    sheets: list[str]
    """What a reader can select on each page of the PDF, without blanks."""

    epub: zipfile.ZipFile
    files: dict[str, BeautifulSoup]
    """The pages in the EPUB."""


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


@pytest.fixture(scope="module", params=LANGUAGES)
def made(request: pytest.FixtureRequest) -> Made:
    language = request.param
    pdf, epub = (SITE / f"assets/book/precis.{language}.{suffix}" for suffix in ("pdf", "epub"))
    missing = [each.name for each in (pdf, epub) if not each.exists()]
    missing += [each for each in ("pdftotext", "epubcheck") if not shutil.which(each)]
    if missing:
        reason = f"not there: {', '.join(missing)} (make book; apt-get install)"
        pytest.fail(reason) if os.environ.get("PRECIS_REQUIRE_BOOK") else pytest.skip(reason)
    site, start = Pages(SITE), LANGUAGES[language]
    names = [
        path.stem
        for path in (ROOT / "docs" / language).glob("*.md")
        if not re.search(r"^(script:|book: false)", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    text = subprocess.run(["pdftotext", pdf, "-"], capture_output=True, check=True).stdout.decode()
    archive = zipfile.ZipFile(epub)
    return Made(
        {name: site[f"{start}{name}/"].article for name in names},
        pikepdf.open(pdf),
        [squeezed(sheet) for sheet in text.split("\f")],
        archive,
        {name: BeautifulSoup(archive.read(f"book/{name}.xhtml"), "html.parser") for name in names},
    )


def title(page: Tag) -> str:
    assert page.h1 is not None
    return squeezed(str(page.h1.contents[0]))


def starts(made: Made) -> dict[str, int]:
    """The number, from 1, of the page of the PDF to which the links to each chapter lead."""
    numbers = {sheet.obj.objgen: n for n, sheet in enumerate(made.pdf.pages, 1)}
    return {name: numbers[made.pdf.Root.Dests[f"/{name}"][0].objgen] for name in made.pages}


def chapters(made: Made) -> dict[str, str]:
    """The text of each chapter in the PDF, without blanks."""
    order = sorted(starts(made).items(), key=lambda each: each[1])
    ends = [*(number for _, number in order[1:]), len(made.sheets) + 1]
    return {
        name: "".join(made.sheets[start - 1 : end - 1])
        for (name, start), end in zip(order, ends, strict=True)
    }


def test_the_contents_name_the_page_where_each_chapter_begins(made: Made) -> None:
    first = min(starts(made).values())
    contents = "".join(made.sheets[: first - 1])
    for name, number in starts(made).items():
        assert title(made.pages[name]) in made.sheets[number - 1]
        assert f"{title(made.pages[name])}{number}" in contents


def test_the_number_of_pages_goes_with_the_text(made: Made) -> None:
    words = sum(len(page.get_text().split()) for page in made.pages.values())
    assert words / 400 < len(made.pdf.pages) < words / 150
    assert made.sheets[len(made.pdf.pages) - 1].endswith(str(len(made.pdf.pages)))


def test_every_link_leads_somewhere(made: Made) -> None:
    places = made.pdf.Root.Dests.keys()
    links = [each for sheet in made.pdf.pages for each in sheet.get("/Annots", ())]
    inside = [str(each.Dest) for each in links if "/Dest" in each]
    assert set(inside) <= places
    assert len(inside) > 20 * len(made.pages)
    outside = [str(each.A.URI) for each in links if "/Dest" not in each]
    assert all(re.match("https?://", address) for address in outside)


def test_the_outline_has_the_headings(made: Made) -> None:
    with made.pdf.open_outline() as outline:
        titles = [squeezed(each.title) for part in outline.root for each in part.children]
    for page in made.pages.values():
        assert any(each.endswith(title(page)) for each in titles)


def test_no_glyph_is_missing(made: Made) -> None:
    """The first glyph of a font stands for what it does not have."""
    for sheet in made.pdf.pages:
        fonts = sheet.Resources.get("/Font", {})
        ...
        

def test_no_character_is_lost(made: Made) -> None:
    for name, text in chapters(made).items():
        assert text.count("\ufffd") == made.pages[name].get_text().count("\ufffd")


def test_every_printed_line_is_there(made: Made) -> None:
    """What a cell printed, down to the last digit."""
    texts = chapters(made)
    for name, page in made.pages.items():
        read = squeezed(made.files[name].get_text())
        for line in page.select(".go"):
            assert squeezed(line.get_text()) in texts[name]
            assert squeezed(line.get_text()) in read


def test_every_figure_is_there(made: Made) -> None:
    drawn = [figure["aria-label"] for page in made.pages.values() for figure in page.select("figure svg")]
    described = Counter(str(each.Alt) for each in structure(made.pdf) if "/Alt" in each)
    assert Counter(drawn) <= described
    for name, page in made.pages.items():
        for kind in ("figure svg", "math", "table", ".highlight", "h2[id], h3[id]"):
            ...


def test_the_epub_is_valid(made: Made) -> None:
    run = subprocess.run(["epubcheck", made.epub.filename], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
