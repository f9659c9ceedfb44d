"""What is wrong with a snippet: the build, the commands, Zensical and pytest ask here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from precis.base.characters import composed
from precis.base.finding import Finding, Malformed, shown
from precis.book.book import Book
from precis.source.snippet import Cell, Snippet


def snippet_findings(book: Book, path: Path) -> list[Finding]:
    """Return what is wrong with a file, each finding once; run it where it has no record."""
    try:
        snippet = book.snippet(path)
    except Malformed as error:
        return list(error.findings)
    found = (each for cell in snippet.cells for each in cell_findings(book, snippet, cell))
    return list(dict.fromkeys(found))


def cell_findings(book: Book, snippet: Snippet, cell: Cell) -> list[Finding]:
    """Return what is wrong with a cell: expectations that are missing, and mismatches.

    The hint of each names the pages that show the cell: their text may speak of the value.
    """
    missing = snippet.missing_expectations(cell)
    lines = {finding.line for finding in missing}
    found = book.verified(snippet.path).findings(cell)
    wrong = sorted([*missing, *(finding for finding in found if finding.line not in lines)])
    return [replace(f, hint=f"{f.hint}{_pages(book, snippet, f.line)}") for f in wrong]


def _pages(book: Book, snippet: Snippet, line: int) -> str:
    """Return a line of a hint that names the pages with the cell of a line."""
    cell = next((cell for cell in snippet.cells if cell.line <= line <= cell.end), None)
    if cell is None:
        return ""
    name = f"{snippet.name}:{cell.name}"
    pages = sorted(book.project.docs.rglob("*.md"))
    places = [f"{shown(page)}:{at}" for page in pages for at in _lines_with(name, page)]
    return f"\nOn the pages: {', '.join(places)}" if places else ""


def _lines_with(name: str, page: Path) -> Iterator[int]:
    lines = page.read_text(encoding="utf-8", errors="replace").split("\n")
    return (at for at, line in enumerate(lines, 1) if composed(line.strip()) == name)
