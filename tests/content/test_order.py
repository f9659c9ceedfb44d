"""The chapters come in one order: that of the menu, which the home page and each chapter follow."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
LANGUAGES = ("fr", "en")

PART = re.compile(r"[IV]+\. ")
LINK = re.compile(r"\]\(([\w-]+\.md)")


def chapters() -> list[str]:
    """The pages of the book's parts, as the menu has them."""
    nav = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    parts = [pages for group in nav for title, pages in group.items() if PART.match(title)]
    return [page for pages in parts for entry in pages for page in entry.values()]


def section(page: str, language: str, anchor: str) -> str:
    """The text from a heading to the next one of its level."""
    text = (ROOT / f"docs/{language}/{page}").read_text(encoding="utf-8")
    found = re.search(rf"^## .*\{{#{anchor}\}}\n(.*?)(?=^## |^\[\^|\Z)", text, re.M | re.S)
    assert found, (page, anchor)
    return found[1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_home_page_lists_the_chapters_in_the_order_of_the_menu(language: str) -> None:
    assert LINK.findall(section("index.md", language, "start")) == chapters()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("page", "following"), [*pairwise(chapters())])
def test_each_chapter_ends_on_a_link_to_the_one_after_it(
    language: str, page: str, following: str
) -> None:
    assert LINK.findall(section(page, language, "next"))[0] == following


def test_the_tokenizer_of_the_recap_is_that_of_its_chapter_line_for_line() -> None:
    written, recalled = functions("tokens"), functions("recap")
    names = {"passage", "merge", "count_pairs", "train", "vocabulary", "encode", "decode"}

    assert {name: recalled[name] for name in names} == {name: written[name] for name in names}


def functions(slug: str) -> dict[str, str]:
    """The text of each function of a snippet, without the marks of its annotations."""
    text = (ROOT / f"snippets/{slug}.py").read_text(encoding="utf-8")
    text = re.sub(r"  # \(\d+\)!$", "", text, flags=re.M)
    found = re.finditer(r"^def (\w+)\(.*?(?=\n+\S)", text, re.M | re.S)
    return {function[1]: function[0] for function in found}
