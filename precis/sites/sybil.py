"""Snippets and pages as Sybil documents: pytest reports the findings that the build reports.

A parser maps a document to regions. The evaluator of a region returns its findings as text, or
None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from markdown import Markdown
from sybil import Document, Example, Region, Sybil

from precis.base.finding import Finding, Malformed, display_path
from precis.book.book import Book
from precis.book.checks import cell_findings
from precis.page.extension import PrecisExtension
from precis.page.page import Page
from precis.source.parse import read
from precis.text.fences import EMBED
from precis.text.prose import PageText, strip_front_matter

Parser = Callable[[Document], Iterable[Region]]

MakeMarkdown = Callable[[PrecisExtension], Markdown]
"""Returns the site's Markdown with the extension of one page."""


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
            document.add(_region(document, 1, 1, Check("text", partial(list, error.findings))))
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
            yield _region(document, 1, last, Check("parse", partial(list, error.findings)))
            return
        for cell in snippet.cells:
            check = Check(cell.name, partial(cell_findings, book, snippet, cell))
            yield _region(document, cell.line, cell.end, check)

    return regions


def fences(extension: PrecisExtension, make_markdown: MakeMarkdown) -> Parser:
    """Return the parser of pages: a region for each fence, and `text` for what is in none."""

    def regions(document: Document) -> Iterator[Region]:
        page = convert(Path(document.path), document.text, extension, make_markdown)
        at_fence = {fence.line: fence for fence in page.source.fences}
        text = [finding for finding in page.findings if finding.line not in at_fence]
        if 1 not in at_fence:
            yield _region(document, 1, 1, Check("text", partial(list, text)))
        for number, fence in enumerate(page.source.fences, 1):
            here = [f for f in page.findings if f.line == fence.line]
            if fence.line == 1:
                here += text
            name = fence.body.strip() if fence.language == EMBED else f"{fence.language}-{number}"
            yield _region(document, fence.line, fence.end, Check(name, partial(list, here)))

    return regions


def convert(path: Path, text: str, extension: PrecisExtension, make_markdown: MakeMarkdown) -> Page:
    """Convert a page as the site does, and return it with its findings."""
    lines, first_line = strip_front_matter(text)
    page = Page(PageText(display_path(path), first_line=first_line))
    make_markdown(extension.for_page(page)).convert("\n".join(lines))
    return page


def _evaluate(example: Example) -> str | None:
    return "\n".join(map(str, example.parsed.findings())) or None


def _region(document: Document, first: int, last: int, check: Check) -> Region:
    """Return the region of some lines, without the final newline."""
    starts = [0]
    for line in document.text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    return Region(starts[first - 1], max(starts[first - 1], starts[last] - 1), check, _evaluate)
