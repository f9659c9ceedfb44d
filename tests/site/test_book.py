"""The book as PDF and EPUB, as `make book` left it in site/, against the pages beside it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import pikepdf
import pytest
from book.chapters import gather, link, unfold
from bs4 import BeautifulSoup, SoupStrainer, Tag
from built import LANGUAGES, ROOT

SITE = ROOT / "site"
GATHERED = {"hints": "Hints", "solutions": "Solutions", "answers": "Answers"}


@dataclass(frozen=True)
class Made:
    """Both files in one language, and the pages that they were made from."""

    start: Path
    """Where the pages of the language lie."""

    pages: dict[str, Tag]
    """The text of each, by the name of the page."""

    pdf: pikepdf.Pdf
    sheets: list[str]
    """The text of each page of the PDF."""

    epub: zipfile.ZipFile
    files: dict[str, BeautifulSoup]
    """The pages in the EPUB."""


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


def parsed(path: Path) -> Tag:
    only = SoupStrainer("article")
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser", parse_only=only).article


def sheets(pdf: Path | str, *options: str) -> list[str]:
    """What a reader can select on each page, without blanks, in the order in which it was drawn."""
    command = ["pdftotext", "-raw", *options, str(pdf), "-"]
    text = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    return [squeezed(sheet) for sheet in text.split("\f")]


@pytest.fixture(scope="module", params=LANGUAGES)
def made(request: pytest.FixtureRequest) -> Made:
    language = request.param
    pdf, epub = (SITE / f"assets/book/precis.{language}.{suffix}" for suffix in ("pdf", "epub"))
    missing = [each.name for each in (pdf, epub) if not each.exists()]
    missing += [each for each in ("pdftotext", "epubcheck") if not shutil.which(each)]
    if missing:
        reason = f"not there: {', '.join(missing)} (make book; apt-get install)"
        pytest.fail(reason) if os.environ.get("PRECIS_REQUIRE_BOOK") else pytest.skip(reason)
    names = [
        path.stem
        for path in (ROOT / "docs" / language).glob("*.md")
        if not re.search(r"^(script:|book: false)", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    start = SITE / LANGUAGES[language]
    archive = zipfile.ZipFile(epub)
    return Made(
        start,
        {name: parsed(start / name / "index.html") for name in names},
        pikepdf.open(pdf),
        sheets(pdf),
        archive,
        {name: BeautifulSoup(archive.read(f"book/{name}.xhtml"), "html.parser") for name in names},
    )


# What is made of a page


def article(html: str) -> Tag:
    return BeautifulSoup(f"<article>{html}</article>", "html.parser").article


EXERCISE = """<h3 id="exercise-sum">1. Add</h3><p>How much?</p>
<details class="tip"><summary>Hint</summary><p>Count.</p></details>
<details class="success"><summary>Solution</summary><p>Four.</p></details>
<h2 id="next">What is next</h2><details class="tip"><summary>Tip</summary><p>Rest.</p></details>
<div class="footnote"></div>"""


def test_hints_and_solutions_stand_at_the_end_with_links_there_and_back() -> None:
    page = article(EXERCISE)
    gather(page, GATHERED)

    assert [h.get_text() for h in page.select("h2, h3")] == [
        "1. Add", "What is next", "Hints", "1. Add", "Solutions", "1. Add"
    ]  # fmt: skip
    there = [a["href"] for a in page.select(".precis-turn a")]
    assert [page.select_one(name).p.get_text() for name in there] == ["Count.", "Four."]
    assert {a["href"] for a in page.select("h3 a")} == {"#exercise-sum"}
    assert page.select_one("details").get_text(strip=True) == "TipRest."  # of no exercise
    assert page.contents[-1]["class"] == ["footnote"]


QUESTION = """<p><strong>1.</strong> Which?</p>
<details class="question"><summary>One</summary><p>No.</p></details>
<details class="question"><summary>Two</summary><p>Yes.</p></details><h2>What is next</h2>"""


def test_the_choices_of_a_question_are_listed_without_what_is_said_of_them() -> None:
    page = article(QUESTION)
    gather(page, GATHERED)

    choices, said = page.select("ol")
    assert [each.get_text() for each in choices.select("li")] == ["One", "Two"]
    assert [each.get_text() for each in said.select("li")] == ["No.", "Yes."]
    assert page.select_one(said.parent.a["href"]).get_text() == "1. Which?"
    assert not page.select("details")


def test_a_folded_box_is_a_box_with_a_title() -> None:
    page = article('<details class="note"><summary>More</summary><p>Text.</p></details>')
    unfold(page)
    assert page.select_one("div.admonition.note > p.admonition-title").get_text() == "More"


PLACES = {"/en/": "contents", "/en/heads/": "heads", "/en/block/": "block"}


@pytest.mark.parametrize(
    ("href", "address", "expected"),
    [
        ("../block/", "", "#block"),
        ("../block/#norm", "", "#block--norm"),
        ("#split", "", "#heads--split"),
        ("../#start", "", "#contents"),
        ("https://pytorch.org/docs", "", "https://pytorch.org/docs"),
        ("../explorer/#try", "", None),
        ("../explorer/#try", "https://a.org/b/", "https://a.org/b/en/explorer/#try"),
        ("../../verified.json", "https://a.org/", "https://a.org/verified.json"),
    ],
)
def test_a_link_stays_within_the_book_or_leads_to_the_site(
    href: str, address: str, expected: str | None
) -> None:
    page = article(f'See <a href="{href}">it</a>')
    link(page, "/en/heads/", PLACES, address)

    assert page.get_text() == "See it"
    assert [a["href"] for a in page.select("a")] == ([expected] if expected else [])


def test_the_parts_of_a_figure_find_each_other_by_their_new_names() -> None:
    page = article(
        '<svg><path id="m"/><use xlink:href="#m"/><g clip-path="url(#p)"></g></svg>'
        '<a href="#m">m</a>'
    )
    link(page, "/en/heads/", PLACES, "")
    assert str(page.svg.use["xlink:href"]) == "#heads--m" == f"#{page.path['id']}" == page.a["href"]
    assert page.g["clip-path"] == "url(#heads--p)"


# The home page


def test_the_home_page_leads_to_both_files(made: Made) -> None:
    links = [a["href"] for a in parsed(made.start / "index.html").select(".home-books a")]
    assert [Path(link).suffix for link in links] == [".pdf", ".epub"]
    assert all((made.start / link).exists() for link in links)


# Both files, as they were made


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


def test_each_page_after_the_first_bears_its_number(made: Made) -> None:
    for number in range(2, len(made.pdf.pages) + 1):
        assert made.sheets[number - 1].startswith(str(number))


def test_nothing_stands_in_the_margins_but_number_and_title(made: Made) -> None:
    """The page less its margins, in points, and a little more for the rule beside an output."""
    titles = {"", *map(title, made.pages.values())}
    within = ["-x", "46", "-y", "56", "-W", "407", "-H", "596"]
    for n, (sheet, text) in enumerate(
        zip(made.sheets, sheets(made.pdf.filename, *within), strict=True), 1
    ):
        assert sheet.endswith(text)
        number, shown = re.match(r"(\d*)(.*)", sheet.removesuffix(text)).groups()
        assert (number, shown in titles) == (str(n) if text and n > 1 else "", True)


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
    """The first glyph of a font is drawn in place of a character that no font has."""
    drawn: dict[str, set[int]] = {}
    for sheet in made.pdf.pages:
        for font, glyphs in strings(sheet):
            drawn.setdefault(font, set()).update(glyphs)
    assert len(drawn) > 5
    assert [font for font, glyphs in drawn.items() if 0 in glyphs] == []


def strings(sheet: pikepdf.Page) -> Iterator[tuple[str, Iterable[int]]]:
    """What is written on a page of the PDF: a font and the numbers of its glyphs."""
    fonts = sheet.Resources.get("/Font", {})
    numbers = {name: glyph_numbers(font) for name, font in fonts.items()}
    name = ""
    for operands, operator in pikepdf.parse_content_stream(sheet, "Tf Tj"):
        if str(operator) == "Tf":
            name = str(operands[0])
        else:
            yield name, numbers[name](bytes(operands[0]))


def glyph_numbers(font: pikepdf.Object) -> Callable[[bytes], Iterable[int]]:
    if font.Subtype == "/Type0":  # two bytes a glyph
        assert {"/FontFile2", "/FontFile3"} & font.DescendantFonts[0].FontDescriptor.keys()
        return lambda text: (
            int.from_bytes(pair) for pair in zip(text[::2], text[1::2], strict=True)
        )
    assert font.Subtype == "/Type3"  # drawings, named g and a number
    names = [str(each) for each in font.Encoding.Differences][1:]
    return lambda text: (int(names[code].removeprefix("/g"), 16) for code in text)


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
    drawn = Counter(
        str(figure["aria-label"])
        for page in made.pages.values()
        for figure in page.select("figure svg")
    )
    assert len(drawn) > len(made.pages)
    assert Counter(described(made.pdf.Root.StructTreeRoot.K)) == drawn


def described(element: pikepdf.Object) -> Iterator[str]:
    """The descriptions of figures in the structure of the PDF, which screen readers read."""
    if isinstance(element, pikepdf.Array):
        yield from chain.from_iterable(map(described, element))
    elif isinstance(element, pikepdf.Dictionary):
        if "/Alt" in element:
            yield str(element.Alt)
        if "/K" in element:
            yield from described(element.K)


@pytest.mark.parametrize("kind", ["figure svg", "math", "table", "pre", "li", "h1, h2, h3, h4"])
def test_the_epub_has_all_that_the_pages_have(made: Made, kind: str) -> None:
    for name, page in made.pages.items():
        there = len(page.select(kind)) - len(page.select(f".precis-about {kind}"))
        assert len(made.files[name].select(kind)) >= there


def test_the_epub_is_valid(made: Made) -> None:
    command = ["java", "-jar", shutil.which("epubcheck"), made.epub.filename]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
