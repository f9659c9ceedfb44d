"""Read and check the pages of a book without running or converting anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from markdown import Markdown

from precis.base.finding import Finding, Malformed, display_path
from precis.book.book import Book
from precis.source.parse import read
from precis.source.snippet import Cell, Snippet
from precis.text.fences import FenceFinder, embed_names, register_snippet_fence
from precis.text.lab import lab_languages, lab_markdown, lab_page_path
from precis.text.lock import stale_sections
from precis.text.parity import compare_twins
from precis.text.prose import PageText, strip_front_matter
from precis.text.typography import check_typography
from precis.text.witness import Evidence, Verdict, check_claims


class PageReader:
    """Reads pages, with the fences that their renderer finds, and checks their text."""

    def __init__(self, book: Book, md: Markdown | None = None) -> None:
        self.book = book
        self.project = book.project
        self.md = md or Markdown(extensions=["pymdownx.superfences"])
        """The Markdown that finds the fences: the site's own, or a default."""

        register_snippet_fence(self.md)
        self._evidence: dict[Path, tuple[int, Evidence]] = {}
        """Evidence by page, with the generation of the book."""

        self._pages: dict[str, tuple[str, PageText]] = {}
        """Pages by path, with the file's text: many pages link to the same one."""

    def read_page(self, path: Path) -> PageText:
        """Return the page of a file. Raises Malformed if it is not UTF-8 text."""
        text, name = read(path), display_path(path)
        old_text, page = self._pages.get(name, (None, None))
        if page is None or old_text != text:
            page = self.parse_page(name, *strip_front_matter(text))
            self._pages[name] = text, page
        return page

    def parse_page(
        self, path: str, lines: Sequence[str], first_line: int = 1, lab_page: str = ""
    ) -> PageText:
        """Return the page of some lines, with the fences that superfences finds in them."""
        fences = FenceFinder(self.md).find(list(lines), first_line)
        language = self.project.text_language(Path(lab_page or path))
        return PageText(path, tuple(lines), first_line, tuple(fences), lab_page, language)

    def read_lab(self, snippet: Snippet, language: str) -> PageText:
        """Return the page of a lab in a language."""
        page_path = lab_page_path(snippet.path, self.project, language)
        lines = lab_markdown(snippet, language)
        return self.parse_page(display_path(snippet.path), lines, lab_page=display_path(page_path))

    def embedded_cells(self, page: PageText) -> list[tuple[Snippet, Cell]]:
        """Return the cells that a page embeds."""
        cells = []
        for name in embed_names(page.fences):
            with suppress(LookupError, Malformed):  # reported elsewhere
                cells.append(self.book.cell(name))
        return cells

    def check_claims(self, page: PageText) -> Verdict:
        """Check that the outputs of cells prove the claims of a page."""
        policy = self.project.policy
        if not policy.asks_for("witnesses"):
            return Verdict((), (), 0, 0)
        evidence = Evidence(self.embedded_cells(page))
        verdict = check_claims(page, evidence, lambda href: self._linked_evidence(page, href))
        return replace(verdict, findings=tuple(policy.apply("witnesses", verdict.findings)))

    def check_wording(self, page: PageText) -> list[Finding]:
        """Compare a page with its twins and the lock, and check its typography."""
        typography = self.project.policy.apply("typography", check_typography(page))
        return [*self._compare_with_twins(page), *typography]

    def check_page(self, page: PageText) -> Verdict:
        """Check the claims and the wording of a page."""
        verdict = self.check_claims(page)
        findings = [*verdict.findings, *self.check_wording(page)]
        return replace(verdict, findings=tuple(sorted(findings)))

    def _compare_with_twins(self, page: PageText) -> Iterator[Finding]:
        policy = self.project.policy
        twins = list(self._lab_twins(page))
        for path in self.project.translations(Path(page.path)):
            if path.is_file():
                twins.append(self.read_page(path))
            else:
                message = f"no translation: there is no {display_path(path)}"
                missing = Finding(page.path, 1, 1, message, "Write it, or delete this page.")
                yield from policy.apply("parity", [missing])
        for twin in twins:
            yield from policy.apply("parity", compare_twins(page, twin))
            yield from policy.apply("reviews", stale_sections(self.project, page, twin))

    def _lab_twins(self, page: PageText) -> Iterator[PageText]:
        """Yield the other languages of a lab; nothing for other pages."""
        if page.lab_page and self.project.languages:
            snippet = self.book.snippet(Path(page.path))
            for language in lab_languages(snippet):
                if language != page.language:
                    yield self.read_lab(snippet, language)

    def _linked_evidence(self, page: PageText, href: str) -> Evidence:
        """Return the evidence of the page that a link leads to; none for other addresses."""
        path = Path(page.page_path).parent / href.partition("#")[0]
        generation, evidence = self._evidence.get(path, (None, None))
        if evidence is None or generation != self.book.generation:
            is_page = path.suffix == ".md" and path.is_file()
            evidence = Evidence(self.embedded_cells(self.read_page(path)) if is_page else ())
            self._evidence[path] = self.book.generation, evidence
        return evidence
