"""Read the pages of a book without running or converting anything: what they say and show.

A reader finds a page's fences with the Markdown that renders it, and brings together all
that can be said of its text: witnesses, twins, typography.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from markdown import Markdown

from precis.base.finding import Finding, Malformed, shown
from precis.book.book import Book
from precis.source.snippet import Cell, Snippet, read
from precis.text import lab
from precis.text.fences import Finder, embeds, let_embeds_have_options
from precis.text.parity import parity, stale
from precis.text.prose import Written, body
from precis.text.typography import wrong
from precis.text.witness import Cells, Verdict, judge


class Reader:
    """Reads the pages of a book."""

    def __init__(self, book: Book, md: Markdown | None = None) -> None:
        self.book = book
        self.project = book.project
        self.md = md or Markdown(extensions=["pymdownx.superfences"])
        """What finds the fences: the Markdown that renders the pages, or one that could."""

        let_embeds_have_options(self.md)
        self._cells: dict[Path, tuple[int, Cells]] = {}
        self._opened: dict[str, tuple[str, Written]] = {}
        """By what messages call the file, with its text: many pages link to the same one."""

    def opened(self, path: Path) -> Written:
        """A page read from its file. Raises Malformed where it is not UTF-8."""
        text, name = read(path), shown(path)
        known, page = self._opened.get(name, (None, None))
        if page is None or known != text:
            page = self.written(name, *body(text))
            self._opened[name] = text, page
        return page

    def written(
        self, path: str, lines: Sequence[str], first_line: int = 1, place: str = ""
    ) -> Written:
        """A page's text with the fences that superfences finds in it."""
        fences = Finder(self.md).fences(list(lines), first_line)
        language = self.project.language(Path(place or path))
        return Written(path, tuple(lines), first_line, tuple(fences), place, language)

    def lab(self, snippet: Snippet, language: str) -> Written:
        """What a lab says in a language, as a page."""
        place = lab.place(snippet, self.project, language)
        return self.written(shown(snippet.path), lab.lines(snippet, language), place=shown(place))

    def shown(self, page: Written) -> list[tuple[Snippet, Cell]]:
        """The cells that a page embeds."""
        cells = []
        for embed in embeds(page.fences):
            with suppress(LookupError, Malformed):  # a finding already
                cells.append(self.book.cell(embed))
        return cells

    def proved(self, page: Written) -> Verdict:
        """Whether what a page's text states is proved by what its cells print."""
        return judge(page, Cells(self.shown(page)), lambda href: self._linked(page, href))

    def judged(self, page: Written) -> Verdict:
        """All that can be said of a page's text.

        Whether its claims are proved, whether its twins hold the same and were read beside it,
        and whether it is written as its language is written.
        """
        verdict = self.proved(page)
        findings = [*verdict.findings, *self.compared(page)]
        return replace(verdict, findings=tuple(sorted(findings)))

    def compared(self, page: Written) -> list[Finding]:
        """What is wrong with a page's text whatever its cells hold."""
        return [*self._differences(page), *wrong(page)]

    def _differences(self, page: Written) -> Iterator[Finding]:
        path = Path(page.path)
        for twin in self._labs_twins(page):
            yield from parity(page, twin)
            yield from stale(self.project, page, twin)
        for other in self.project.twins(path):
            if not other.is_file():
                what = f"there is no {shown(other)}, which would say the same"
                yield Finding(page.path, 1, 1, what, "Write it, or take this page away.")
                continue
            twin = self.opened(other)
            yield from parity(page, twin)
            yield from stale(self.project, page, twin)

    def _labs_twins(self, page: Written) -> Iterator[Written]:
        """A lab in its other languages; none for other pages."""
        if page.place and page.language:
            snippet = self.book.snippet(Path(page.path))
            for language in lab.languages(snippet):
                if language != page.language:
                    yield self.lab(snippet, language)

    def _linked(self, page: Written, href: str) -> Cells:
        """The cells of a page by the address of a link to it; none for other addresses."""
        path = Path(page.at).parent / href.partition("#")[0]
        runs, cells = self._cells.get(path, (None, None))
        if cells is None or runs != self.book.runs:
            is_page = path.suffix == ".md" and path.is_file()
            cells = Cells(self.shown(self.opened(path)) if is_page else ())
            self._cells[path] = self.book.runs, cells
        return cells
