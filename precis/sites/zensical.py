"""Tie the engine to Zensical, which takes Python-Markdown's extensions and knows no plugins.

    markdown_extensions:
      - pymdownx.superfences
      - precis.zensical
    watch: [snippets]

Run it in the project's folder. Zensical makes the extensions anew for each page, one page after
the other, and tells them which one it renders. It keeps rendered pages: without `watch` it would
keep them, too, when a snippet has changed.
"""

from __future__ import annotations

import xml.etree.ElementTree as etree
from dataclasses import replace
from pathlib import Path
from typing import Any

from markdown import Markdown
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor

from precis.base.finding import Malformed, display_path
from precis.base.project import Project
from precis.book.book import Book
from precis.book.checks import snippet_findings
from precis.page.extension import PrecisExtension
from precis.run.record import Records
from precis.source.parse import read
from precis.text.prose import PageText, strip_front_matter


class ZensicalExtension(PrecisExtension):
    """The extension of a build with Zensical; it takes the same options.

    A conversion raises Malformed where a page has something to mend, or any snippet of the book:
    an exception is all that ends a build of Zensical.
    """

    def _book(self, snippets: Path) -> Book:
        """Return the book of the project, whose mkdocs.yml names its languages."""
        project = replace(Project.read(snippets.parent), snippets=snippets)
        return Book(project, Records(project.root))

    def extendMarkdown(self, md: Markdown) -> None:
        """Register before the embeds (26), which ask for their page, and after all others."""
        super().extendMarkdown(md)
        md.preprocessors.register(_Opening(md, self), "precis-opening", 27)
        md.treeprocessors.register(_Closing(md, self), "precis-closing", -1)


class _Opening(Preprocessor):
    """Learns the page from the extension of its own that Zensical adds to each Markdown."""

    def __init__(self, md: Markdown, extension: PrecisExtension) -> None:
        super().__init__(md)
        self.extension = extension

    def run(self, lines: list[str]) -> list[str]:
        if "rendering_context" not in self.md.preprocessors:
            raise ValueError("precis.zensical is for Zensical; elsewhere, list precis instead")
        context: Any = self.md.preprocessors["rendering_context"]
        path = Path(context.config["root_dir"], context.config["docs_dir"], context.page.path)
        _, first_line = strip_front_matter(read(path))
        self.extension.page.source = PageText(display_path(path), first_line=first_line)
        return lines


class _Closing(Treeprocessor):
    """Refuses what the page and the snippets have wrong."""

    def __init__(self, md: Markdown, extension: PrecisExtension) -> None:
        super().__init__(md)
        self.extension = extension

    def run(self, root: etree.Element) -> None:
        book, wrong = self.extension.book, [*self.extension.page.findings]
        for path in book.paths():
            wrong += snippet_findings(book, path)
        if wrong:
            raise Malformed(*dict.fromkeys(wrong))
