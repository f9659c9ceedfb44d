"""The two languages of the book hold the same things, in the same order."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(path.relative_to(DOCS / "fr").as_posix() for path in (DOCS / "fr").rglob("*.md"))

EMBED = re.compile(r"```snippet[^\n]*\n\s*(\S+)\n")
HEADING = re.compile(r"^(#+) .*?(?:\{#([\w-]+)\})?$", re.M)
FORMULA = re.compile(r"\$\$(.+?)\$\$|(?<![\\$])\$([^$\n]+)\$", re.S)


def both(page: str) -> tuple[str, str]:
    french, english = (DOCS / language / page for language in ("fr", "en"))
    return french.read_text(encoding="utf-8"), english.read_text(encoding="utf-8")


def test_every_page_exists_in_both_languages() -> None:
    english = {path.relative_to(DOCS / "en").as_posix() for path in (DOCS / "en").rglob("*.md")}

    assert set(PAGES) == english


@pytest.mark.parametrize("page", PAGES)
def test_both_embed_the_same_cells_in_the_same_order(page: str) -> None:
    french, english = both(page)

    assert EMBED.findall(french) == EMBED.findall(english)


@pytest.mark.parametrize("page", PAGES)
def test_both_have_the_same_headings_by_level_and_id(page: str) -> None:
    french, english = (HEADING.findall(text) for text in both(page))
    if page == "glossary.md":  # each in the order of its own alphabet
        french, english = sorted(french), sorted(english)

    assert french == english


@pytest.mark.parametrize("page", PAGES)
def test_every_heading_below_the_title_has_an_id(page: str) -> None:
    for text in both(page):
        assert all(name for level, name in HEADING.findall(text) if level != "#")


@pytest.mark.parametrize("page", PAGES)
def test_both_have_the_same_formulas_but_for_words_and_the_decimal_comma(page: str) -> None:
    french, english = (
        [
            re.sub(r"\\text\{[^}]*\}", "", (a or b).replace("{,}", "."))
            for a, b in FORMULA.findall(text)
        ]
        for text in both(page)
    )

    assert french == english


@pytest.mark.parametrize("page", PAGES)
def test_french_typography_has_no_plain_blank_before_double_punctuation(page: str) -> None:
    text, _ = both(page)
    text = re.sub(r"^---\n.*?\n---\n", "", text, flags=re.S)
    text = re.sub(
        r"```.*?```|`[^`\n]+`|\$\$.+?\$\$|\$[^$\n]+\$|\]\([^)]*\)|\{[^}]*\}", "", text, flags=re.S
    )
    text = re.sub(r"^\s*(!!!|\?\?\?\+?|===)", "", text, flags=re.M)

    wrong = re.findall(
        r".{0,20} [;:!?»](?=\s|$)|.{0,20}« .{0,10}|.{0,20}[a-zé]'[a-zé].{0,10}", text
    )

    assert wrong == []
