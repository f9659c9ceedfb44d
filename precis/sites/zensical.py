"""The Markdown extension for Zensical, which runs Python-Markdown's extensions but no plugins.

    markdown_extensions:
      - pymdownx.superfences
      - precis.zensical
    watch: [snippets]

Run it in the project's folder. Zensical makes new extensions for each page, and tells them which
page it renders. It caches rendered pages: without `watch`, also after a snippet has changed, and
with it, it compares times in whole seconds. What is published is built with `--clean`.
"""

from __future__ import annotations

import functools
import sys
import xml.etree.ElementTree as etree
from dataclasses import replace
from pathlib import Path
from typing import Any

from markdown import Markdown
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor

from precis.base.finding import Malformed, display_path, errors
from precis.base.policy import parse_policy
from precis.base.project import Project
from precis.book.book import Book
from precis.book.checks import snippet_findings
from precis.page.extension import PrecisExtension
from precis.run.record import Records
from precis.sites.styles import ADDRESS
from precis.source.parse import read
from precis.text.prose import PageText, strip_front_matter


class ZensicalExtension(PrecisExtension):
    """The extension for Zensical, with the options of PrecisExtension.

    A conversion raises Malformed for a finding on the page or in any snippet: only an exception
    stops a build of Zensical.
    """

    def _book(self, snippets: Path) -> Book:
        """Return the book of the project, with the languages from mkdocs.yml."""
        project = replace(Project.read(snippets.parent), snippets=snippets)
        if checks := self.getConfig("checks"):
            project = replace(project, policy=parse_policy(checks, project.config))
        return Book(project, Records(project.root))

    def extendMarkdown(self, md: Markdown) -> None:
        """Register one processor before the embeds (26) and one after all others."""
        super().extendMarkdown(md)
        md.preprocessors.register(_PageFinder(md, self), "precis-page", 27)
        md.treeprocessors.register(_Refusal(md, self), "precis-refusal", -1)


@functools.cache
def _say(sentence: str) -> None:
    """Print a sentence once in a build: an extension of Zensical can only print or raise."""
    print(f"precis: {sentence}", file=sys.stderr)


class _PageFinder(Preprocessor):
    """Reads which page is converted from Zensical's own extension."""

    def __init__(self, md: Markdown, extension: PrecisExtension) -> None:
        super().__init__(md)
        self.extension = extension

    def run(self, lines: list[str]) -> list[str]:
        if "rendering_context" not in self.md.preprocessors:
            raise ValueError("precis.zensical is for Zensical; elsewhere, list precis instead")
        context: Any = self.md.preprocessors["rendering_context"]
        path = Path(context.config["root_dir"], context.config["docs_dir"], context.page.path)
        if ADDRESS not in str(context.config.get("extra_css")):
            _say(f"list {ADDRESS} under extra_css, after: python -m precis.sites.styles docs")
        if self.extension.book.project.policy.asks_for("cells"):
            _say("Zensical cannot check whether pages show all cells; MkDocs can")
        _, first_line = strip_front_matter(read(path))
        self.extension.page.source = PageText(display_path(path), first_line=first_line)
        return lines


class _Refusal(Treeprocessor):
    """Raises Malformed with the findings of the page and of all snippets."""

    def __init__(self, md: Markdown, extension: PrecisExtension) -> None:
        super().__init__(md)
        self.extension = extension

    def run(self, root: etree.Element) -> None:
        book, findings = self.extension.book, [*self.extension.page.findings]
        for path in book.paths():
            findings += snippet_findings(book, path)
        for finding in dict.fromkeys(findings):
            if finding.is_warning:
                print(finding, file=sys.stderr)
        if errors(findings):
            raise Malformed(*dict.fromkeys(errors(findings)))
