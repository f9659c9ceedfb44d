"""Check snippets: the build, the commands, Zensical and pytest all report these findings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from precis.base.characters import nfc
from precis.base.finding import Finding, Malformed, display_path
from precis.book.book import Book
from precis.source.snippet import Cell, Snippet


def snippet_findings(book: Book, path: Path) -> list[Finding]:
    """Return the findings of a file without duplicates; run the file if it has no record."""
    try:
        snippet = book.snippet(path)
    except Malformed as error:
        return list(error.findings)
    findings = (f for cell in snippet.cells for f in cell_findings(book, snippet, cell))
    return list(dict.fromkeys(findings))


def cell_findings(book: Book, snippet: Snippet, cell: Cell) -> list[Finding]:
    """Return the missing expectations and the mismatches of a cell.

    Each hint lists the pages that show the cell, since their text may mention the value.
    """
    missing = snippet.missing_expectations(cell)
    lines = {finding.line for finding in missing}
    mismatches = book.verified(snippet.path).mismatches_of(cell)
    findings = sorted([*missing, *(f for f in mismatches if f.line not in lines)])
    return [
        replace(f, hint=f"{f.hint}{_pages_hint(book, snippet, f.line)}")
        for f in book.project.policy.apply("values", findings)
    ]


def _pages_hint(book: Book, snippet: Snippet, line: int) -> str:
    """Return a hint line with the pages that embed the cell at a line of the snippet."""
    cell = next((cell for cell in snippet.cells if cell.line <= line <= cell.end), None)
    if cell is None:
        return ""
    name = f"{snippet.name}:{cell.name}"
    pages = sorted(book.project.docs.rglob("*.md"))
    places = [f"{display_path(page)}:{n}" for page in pages for n in _lines_equal_to(name, page)]
    return f"\nOn the pages: {', '.join(places)}" if places else ""


def _lines_equal_to(name: str, page: Path) -> Iterator[int]:
    lines = page.read_text(encoding="utf-8", errors="replace").split("\n")
    return (n for n, line in enumerate(lines, 1) if nfc(line.strip()) == name)
