"""The map of the chapters is that of the menu, and of the links between the pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from cells import define

ROOT = Path(__file__).parents[2]
MENTIONED = {"tensors": {"pretraining", "tokens"}}
"""What a box of goals names without asking for it: examples come from there."""


def needs() -> dict[str, list[str]]:
    """Return what each chapter needs, as the recap of the book says it."""
    needed: dict[str, list[str]] = define(ROOT / "snippets/recap-book.py", ("map",), {})["needs"]
    return needed


def chapters() -> Iterator[str]:
    """Yield the numbered chapters, in the order of the menu."""
    settings = yaml.safe_load(
        re.sub(r"!!python/\S+", "", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    )
    for entry in settings["nav"]:
        ((title, pages),) = entry.items()
        if re.match(r"[IV]+\. ", title):
            for page in pages:
                (path,) = page.values()
                text = (ROOT / "docs/fr" / path).read_text(encoding="utf-8")
                if "numbered: false" not in text.partition("\n---")[0]:
                    yield Path(path).stem


def test_the_map_has_the_chapters_of_the_menu_in_their_order() -> None:
    assert list(needs()) == list(chapters())


@pytest.mark.parametrize("name", needs())
@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_chapter_links_what_it_needs(name: str, language: str) -> None:
    text = (ROOT / f"docs/{language}/{name}.md").read_text(encoding="utf-8")

    assert [other for other in needs()[name] if f"]({other}.md" not in text] == []


def way_to(name: str) -> set[str]:
    """Return all chapters that a chapter needs, directly or through others."""
    return {name}.union(*(way_to(other) for other in needs()[name]))


@pytest.mark.parametrize("name", needs())
@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_map_has_what_the_box_of_goals_asks_for(name: str, language: str) -> None:
    text = (ROOT / f"docs/{language}/{name}.md").read_text(encoding="utf-8")
    box = text.partition("!!! abstract")[2].partition("\n## ")[0].strip()
    asked = set(re.findall(r"\]\(([\w-]+)\.md", box.splitlines()[-1]))
    earlier = set(list(needs())[: list(needs()).index(name)])

    assert (asked & earlier) - MENTIONED.get(name, set()) <= way_to(name)


@pytest.mark.parametrize("name", needs())
def test_no_arrow_is_implied_by_others(name: str) -> None:
    before = needs()[name]

    assert [a for a in before for b in before if a != b and a in way_to(b)] == []
