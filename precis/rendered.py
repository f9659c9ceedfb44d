"""Keep what pages were made into while `mkdocs serve` runs: a save converts what it changes.

A page's HTML is kept for as long as all that its conversion reads is what it was, and only where
nothing was wrong with it: what a finding says may depend on more. All other events of the page
run as ever. What is kept dies with the process. (A Markdown extension that reads files of its own
would be shown what was in them.)
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page as MkDocsPage
from mkdocs.utils import CountHandler

from precis.finding import Malformed
from precis.glossary import GLOSSARY, definitions
from precis.markdown import Page, PrecisExtension
from precis.page import EMBED
from precis.passed import findings
from precis.translation import behind


@dataclass(frozen=True)
class _Made:
    """A page that was converted without a finding or a warning."""

    said: object
    """Its text."""

    around: object
    """What else it is made of."""

    page: Page
    given: dict[str, Any]
    """The attributes that the conversion gave to MkDocs's page."""


class Rendered:
    """The pages of a site as they were made last, and what of them is in the search index."""

    def __init__(self, extension: PrecisExtension) -> None:
        self.extension = extension
        self._made: dict[str, _Made] = {}
        self._entries: dict[str, tuple[object, list[dict[str, Any]]]] = {}

    def keep(self, page: MkDocsPage) -> None:
        """Let the page that the extension awaits be converted only where that makes another."""
        convert, ours = page.render, self.extension.page

        def render(config: MkDocsConfig, files: Files) -> None:
            said = page.markdown, ours.path, ours.first_line, ours.place
            made = self._made.pop(page.file.src_uri, None)
            if made is None or made.said != said or not self._holds(made, files):
                before = dict(vars(page))
                with _counting() as warnings:
                    convert(config, files)
                if ours.findings or warnings.get_counts():
                    return
                given = {k: v for k, v in vars(page).items() if before.get(k, before) is not v}
                with suppress(Malformed, LookupError):  # where a box stands on the page
                    made = _Made(said, self._around(ours, files), ours, given)
                    self._made[page.file.src_uri] = made
            else:
                ours.lines, ours.fences = made.page.lines, made.page.fences
                ours.text = made.page.text
                vars(page).update(made.given)
                _link(page, files)
                self._made[page.file.src_uri] = made

        page.render = render  # type: ignore[method-assign]

    def index(self, search: Any) -> None:
        """Let a page's part of Material's search index be made only where the page is another."""
        add = search.add_entry_from_context

        def add_known(page: MkDocsPage) -> None:
            known, entries = self._entries.get(page.url, (None, []))
            now = page.content, page.title, page.meta
            if known != now:
                first = len(search.entries)
                add(page)
                entries = [dict(entry) for entry in search.entries[first:]]
                self._entries[page.url] = now, entries
            else:
                search.entries += [dict(entry) for entry in entries]

        search.add_entry_from_context = add_known

    def _holds(self, made: _Made, files: Files) -> bool:
        """Whether a page with the same text would be made the same, without a finding."""
        with suppress(Malformed, LookupError):  # said by the conversion
            return made.around == self._around(made.page, files) and not findings(
                self.extension.reader, made.page.written
            )
        return False

    def _around(self, page: Page, files: Files) -> object:
        """What a page is made of beside its text. Raises Malformed."""
        extension, book = self.extension, self.extension.book
        embeds = [fence.body.strip() for fence in page.fences if fence.language == EMBED]
        glossaries = [str(f.abs_src_path) for f in files if f.src_uri.endswith(GLOSSARY)]
        return (
            [book.verified(book.cell(embed)[0].path) for embed in embeds],
            [definitions(Path(glossary)) for glossary in glossaries],
            [(file.src_uri, file.url, file.inclusion) for file in files],
            extension.attestations(),
            extension.date(),
            behind(page.written),
        )


def _link(page: MkDocsPage, files: Files) -> None:
    """Let links to anchors lead to the files of this build, where the anchors are looked for."""
    now = {file.src_uri: file for file in files}
    links = page.links_to_anchors or {}
    page.links_to_anchors = {now[file.src_uri]: anchors for file, anchors in links.items()}


@contextmanager
def _counting() -> Iterator[CountHandler]:
    """The warnings that MkDocs gives meanwhile: a page must give them again in each build."""
    warnings, logger = CountHandler(level=logging.WARNING), logging.getLogger("mkdocs")
    logger.addHandler(warnings)
    try:
        yield warnings
    finally:
        logger.removeHandler(warnings)
