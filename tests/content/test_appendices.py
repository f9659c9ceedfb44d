"""Appendices and notes speak of what the chapters hold, and in its order."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
LANGUAGES = ("fr", "en")

ROW = re.compile(r"^\| (`+) ?(.+?) ?\1 \|.*\]\((\w+)\.md#([\w-]+)\) \|$", re.M)
LINK = re.compile(r"\]\((\w+\.md)?(?:#([\w-]+))?\)")
TERM = re.compile(r"\]\(glossary\.md#([\w-]+)\)")


def read(language: str, page: str) -> str:
    return (DOCS / language / f"{page}.md").read_text(encoding="utf-8")


def sections(text: str) -> dict[str, str]:
    """The text under each heading id, its subsections included."""
    starts = list(re.finditer(r"^(#+) .*\{#([\w-]+)\}$", text, re.M))
    found = {}
    for n, heading in enumerate(starts):
        later = (h.start() for h in starts[n + 1 :] if len(h[1]) <= len(heading[1]))
        found[heading[2]] = text[heading.start() : next(later, len(text))]
    return found


def outputs(slug: str, cell: str) -> str:
    """The `#>` lines of a cell, joined: what the site verifies."""
    text = (ROOT / "snippets" / f"{slug}.py").read_text(encoding="utf-8")
    (body,) = re.findall(
        rf"^# %% {re.escape(cell)}(?= |$).*?\n(.*?)(?=^# %% |\Z)", text, re.M | re.S
    )
    return "\n".join(line[3:] for line in body.splitlines() if line.startswith("#> "))


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_message_of_the_index_was_printed_in_the_section_it_links_to(language: str) -> None:
    rows = ROW.findall(read(language, "errors"))
    assert len(rows) >= 20

    for _, message, slug, anchor in rows:
        section = sections(read(language, slug))[anchor]
        printed = [outputs(slug, c) for c in re.findall(rf"{slug}\.py:([\w-]+)", section)]
        assert any(message in text for text in printed), (message, slug, anchor)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_term_of_the_glossary_is_used_and_every_term_used_is_there(language: str) -> None:
    entries = set(sections(read(language, "glossary")))
    pages = [path for path in (DOCS / language).glob("*.md") if path.stem != "glossary"]
    used = {term for path in pages for term in TERM.findall(path.read_text(encoding="utf-8"))}

    assert used == entries


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_chapter_links_a_term_to_the_glossary_once(language: str) -> None:
    for path in (DOCS / language).glob("*.md"):
        terms = TERM.findall(path.read_text(encoding="utf-8"))
        assert len(terms) == len(set(terms)), path


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_address_that_a_chapter_cites_is_in_the_bibliography(language: str) -> None:
    known = read(language, "bibliography")
    for path in (DOCS / language).glob("*.md"):
        notes = re.findall(r"^\[\^[\w-]+\]: .*$", path.read_text(encoding="utf-8"), re.M)
        for address in re.findall(r"\((https://[^)]+)\)", "\n".join(notes)):
            assert address in known, (path, address)


@pytest.mark.parametrize(
    "path", sorted(DOCS.glob("??/*.md")), ids=lambda p: f"{p.parent.name}-{p.stem}"
)
def test_notes_are_numbered_as_a_reader_meets_them(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    met = re.findall(r"\[\^([\w-]+)\](?!:)", text)
    assert re.findall(r"^\[\^([\w-]+)\]:", text, re.M) == list(dict.fromkeys(met))
