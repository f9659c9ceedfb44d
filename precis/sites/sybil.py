"""Snippets as Sybil documents: pytest reports the findings that the build reports.

A parser maps a document to regions. The evaluator of a region returns its findings as text, or
None.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sybil import Document, Example, Region, Sybil

from precis.base.finding import Finding, Malformed, errors
from precis.book.book import Book
from precis.book.checks import cell_findings
from precis.source.parse import read

Parser = Callable[[Document], Iterable[Region]]


@dataclass(frozen=True)
class Check:
    """A tested part of a document: a cell, an embed or the text of a page."""

    name: str
    """Its name in test ids."""

    findings: Callable[[], list[Finding]]
    """Returns its findings."""


class TextDocument(Document):
    """A document in UTF-8, or one with the finding that its file is unreadable."""

    @classmethod
    def parse(cls, path: str, *parsers: Parser, encoding: str = "utf-8-sig") -> Document:
        """Read and parse a file."""
        try:
            read(Path(path))
        except Malformed as error:
            document = cls("", path)
            document.add(make_region(document, 1, 1, Check("text", partial(list, error.findings))))
            return document
        return super().parse(path, *parsers, encoding=encoding)


class NamedSybil(Sybil):
    """Sybil whose test ids name the cell or the embed instead of the line."""

    def identify(self, example: Example) -> str:
        """Return the id of an example."""
        return str(example.parsed.name)


def sybil(folder: Path, parser: Parser, pattern: str) -> Sybil:
    """Return a Sybil for a folder's files; Sybil's own document for `.py` would import them."""
    types: dict[str | None, type[Document]] = {".py": TextDocument, None: TextDocument}
    return NamedSybil([parser], path=str(folder), patterns=[pattern], document_types=types)


def cells(book: Book) -> Parser:
    """Return the parser of snippets: a region for each cell, or one for a malformed file."""

    def regions(document: Document) -> Iterator[Region]:
        path = Path(document.path)
        try:
            snippet = book.snippet(path)
        except Malformed as error:
            last = document.text.count("\n") + 1
            yield make_region(document, 1, last, Check("parse", partial(list, error.findings)))
            return
        for cell in snippet.cells:
            check = Check(cell.name, partial(cell_findings, book, snippet, cell))
            yield make_region(document, cell.first_line, cell.end, check)

    return regions


def _evaluate(example: Example) -> str | None:
    findings = example.parsed.findings()
    for finding in findings:
        if finding.is_warning:
            warnings.warn(str(finding), stacklevel=1)
    return "\n".join(map(str, errors(findings))) or None


def make_region(document: Document, first: int, last: int, check: Check) -> Region:
    """Return the region of some lines, without the final newline."""
    starts = [0]
    for line in document.text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    return Region(starts[first - 1], max(starts[first - 1], starts[last] - 1), check, _evaluate)
