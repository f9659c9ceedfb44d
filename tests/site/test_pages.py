"""What the site shows, read from its HTML without the engine's help."""

from __future__ import annotations

import copy
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from bs4 import BeautifulSoup, Tag
from built import LABS, LANGUAGES, ROOT, Site

SNIPPETS = [*sorted((ROOT / "snippets").glob("*.py")), *LABS]


def expected(snippet: Path) -> list[str]:
    """The `#>` lines of a file but those of another device, read without the engine."""
    text = snippet.read_text(encoding="utf-8")
    return re.findall(r"^\s*#>(?! \[cuda\]) ?(.*?)\s*$", text, re.MULTILINE)


def blocks(page: BeautifulSoup, source: str) -> list[Tag]:
    return page.select(f'div.highlight[data-source="{source}"]')


def outputs(block: Tag) -> list[str]:
    return [go.get_text().rstrip("\n")[2:].removeprefix(" ") for go in block.select("span.go")]


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda path: path.stem)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_chapter_shows_what_its_snippet_expects(site: Site, language: str, snippet: Path) -> None:
    path = snippet.relative_to(ROOT / "snippets").with_suffix("").as_posix()
    page = site.pages[f"{LANGUAGES[language]}{path}/"]

    shown = [line for block in blocks(page, snippet.name) for line in outputs(block)]

    assert shown == expected(snippet)


@pytest.mark.exhaustive
@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda path: path.stem)
def test_python_alone_prints_what_a_snippet_expects(snippet: Path) -> None:
    run = subprocess.run([sys.executable, snippet], cwd=ROOT, capture_output=True, text=True)

    assert run.returncode == 0, run.stderr
    assert [line.rstrip() for line in run.stdout.splitlines()] == expected(snippet)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_gradients_of_the_neuron_are_on_the_page(site: Site, language: str) -> None:
    page = site.pages[f"{LANGUAGES[language]}autograd/"]

    shown = [line for block in blocks(page, "autograd.py") for line in outputs(block)]

    assert "∂L/∂w = tensor([-0.0898])" in shown
    assert "∂L/∂b = tensor([-0.0817])" in shown


def test_every_code_block_is_a_cell_or_shown_only(site: Site) -> None:
    for path, page in site.pages.items():
        for block in page.select("div.highlight, pre"):
            named = block if block.name == "div" else block.find_parent("div", class_="highlight")
            assert named is not None, (path, block)
            cell = named.get("data-source") and named.get("data-cell")
            assert cell or "language-text" in named.get_attribute_list("class"), (path, named)


def test_every_link_and_anchor_leads_somewhere(site: Site) -> None:
    anchors = {
        path: {tag["id"] for tag in page.select("[id]")} for path, page in site.pages.items()
    }
    checked = 0
    for path, page in site.pages.items():
        for tag in page.select("[href], [src]"):
            address = str(tag.get("href") or tag.get("src"))
            target = urlsplit(urljoin(f"https://precis.example/{path}", address))
            if target.netloc != "precis.example" or target.scheme != "https":
                continue
            checked += 1
            local = unquote(target.path).lstrip("/")
            file = site.folder / local
            assert file.is_file() or (file / "index.html").is_file(), (path, address)
            if target.fragment and local in anchors:
                assert unquote(target.fragment) in anchors[local], (path, address)
    assert checked > 100


def test_nothing_is_loaded_from_elsewhere(site: Site) -> None:
    for path, page in site.pages.items():
        for tag in page.select("script[src], img[src], iframe[src], link[href]"):
            address = urljoin("https://precis.example/", str(tag.get("src") or tag.get("href")))
            assert urlsplit(address).netloc == "precis.example", (path, tag)
    for style in site.folder.rglob("*.css"):
        assert "url(http" not in style.read_text(encoding="utf-8"), style


def test_pages_say_their_language(site: Site) -> None:
    for path, page in site.pages.items():
        assert page.html is not None
        assert page.html["lang"] == ("en" if path.startswith("en/") else "fr")


def test_formulas_are_mathml_and_no_latex_is_left_in_the_text(site: Site) -> None:
    assert sum(len(page.select("math")) for page in site.pages.values()) > 400
    for name, page in site.pages.items():
        whole = page.select_one("article")
        assert whole is not None
        article = copy.copy(whole)  # the other tests read the page too
        for math in article.select("math, code"):
            math.decompose()
        for mark in ("\\(", "\\[", "$$", "\\frac"):
            assert mark not in article.get_text(), (name, mark)


def test_figures_say_what_they_show_in_the_page_language(site: Site) -> None:
    for path, page in site.pages.items():
        for svg in page.select("figure.precis-figure svg"):
            assert len(str(svg["aria-label"])) > 40, path
    french, english = site.pages["autograd/"], site.pages["en/autograd/"]
    for one, other in zip(
        french.select("svg[role=img]"), english.select("svg[role=img]"), strict=True
    ):
        assert one["aria-label"] != other["aria-label"]


@pytest.mark.exhaustive
def test_an_audit_finds_on_the_site_what_its_snippets_print(site: Site) -> None:
    audited = subprocess.run(
        [sys.executable, "-m", "precis", "audit", str(site.folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )

    assert audited.returncode == 0, audited.stderr
