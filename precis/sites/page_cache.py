"""Keep what pages were made into: a build converts those alone that are made of something else.

A page's HTML is kept for as long as all that its conversion reads is what it was, and only where
nothing was wrong with it: what a finding says may depend on more. All other events of the page
run as ever. A Markdown extension may read files that nobody knows of here: with one that is not
known to do without, nothing is kept.
"""

from __future__ import annotations

import importlib.util
import io
import logging
import pickle
import re
import types
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure import pages
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page as MkDocsPage
from mkdocs.structure.toc import AnchorLink, get_toc
from mkdocs.utils import CountHandler

from precis.base.cache import Cache, fingerprint
from precis.base.finding import Malformed
from precis.base.installed import is_code_installed
from precis.page.extension import PrecisExtension
from precis.page.glossary import GLOSSARY, read_definitions
from precis.page.page import Page
from precis.text.checks import page_findings
from precis.text.fences import Fence, embed_names
from precis.text.lock import outdated_notices

_READERS = ("pymdownx.b64", "pymdownx.emoji", "pymdownx.snippets")
"""Known extensions that read files beside the page."""

_PRE = re.compile(r"<pre\b.*?</pre>", re.S)
_COLOUR = re.compile(r'<span(?: (?:class|id)="[^"]*")*>|</span>')


class Rendered:
    """The pages of a site as they were made last, and what of them is in the search index."""

    def __init__(self, extension: PrecisExtension) -> None:
        self.extension = extension
        self._site: tuple[Files | None, str] = None, ""
        """The files of a site, and the state of what its pages share; "" for keeping none."""

        self._entries: dict[str, tuple[object, list[dict[str, Any]]]] = {}

    def keep(self, page: MkDocsPage, notebook: bytes = b"") -> None:
        """Let the page that the extension awaits be converted only where that makes another.

        `notebook` is what a lab's page is made of besides its Markdown.
        """
        convert, ours = page.render, self.extension.page
        source = ours.source
        cache, name = self.extension.book.records.cache, f"page {page.file.src_uri}"

        def render(config: MkDocsConfig, files: Files) -> None:
            now = ""
            with suppress(Malformed):  # said by the conversion
                if shared := self._shared(config, files):
                    where = source.path, source.first_line, source.lab_page
                    now = fingerprint(page.markdown, notebook, where, shared)
                known = Cache(cache).get(name, now) if now else None
                if known and self._holds(known, ours):
                    _give(known, page, files)
                    return
            with _counting() as messages:
                convert(config, files)
            asked = page.links_to_anchors is not None  # they are not, where MkDocs debugs
            if now and asked and not ours.findings and not messages.get_counts():
                with suppress(Malformed, LookupError):  # where a box stands on the page
                    made = _made(page, ours)
                    Cache(cache).put(name, now, around=self._around(ours), **made)

        page.render = render  # type: ignore[method-assign]

    def index(self, search: Any) -> None:
        """Let a page's part of Material's search index be made only where the page is another.

        And of less: most of a chapter's elements are the colours of its code, which are no text.
        """
        add = search.add_entry_from_context

        def add_known(page: MkDocsPage) -> None:
            known, entries = self._entries.get(page.url, (None, []))
            now = page.content, page.title, page.meta
            if known != now:
                first = len(search.entries)
                whole, page.content = page.content, _PRE.sub(_bare, page.content or "")
                add(page)
                page.content = whole
                entries = [dict(entry) for entry in search.entries[first:]]
                self._entries[page.url] = now, entries
            else:
                search.entries += [dict(entry) for entry in entries]

        search.add_entry_from_context = add_known

    def _holds(self, known: dict[str, Any], ours: Page) -> bool:
        """Whether a page with the same text would be made the same; puts into it what was read."""
        ours.source = replace(
            ours.source,
            lines=tuple(known["lines"]),
            fences=tuple(Fence(**fence) for fence in known["fences"]),
            language=self.extension.reader.project.language(Path(ours.source.page_path)),
        )
        ours.markdown = known["text"]
        with suppress(LookupError):  # said by the conversion
            return bool(known["around"] == self._around(ours)) and not page_findings(
                self.extension.reader, ours.source
            )
        return False

    def _shared(self, config: MkDocsConfig, files: Files) -> str:
        """The state of what all pages are made of beside their text. Raises Malformed."""
        if self._site[0] is not files:
            extension, settings = self.extension, _settings(self.extension, config)
            glossaries = [str(f.abs_src_path) for f in files if f.src_uri.endswith(GLOSSARY)]
            shared = settings and fingerprint(
                settings,
                extension.book.project.languages,
                [read_definitions(Path(glossary)) for glossary in glossaries],
                [(file.src_uri, file.url, str(file.inclusion)) for file in files],
                extension.attestations(),
                (extension.date() or "")[:10],  # a page says the day
            )
            self._site = files, shared or ""
        return self._site[1]

    def _around(self, page: Page) -> str:
        """The state of what a page shows, and of what it tells its readers. Raises Malformed."""
        book = self.extension.book
        verified = [
            book.verified(book.cell(e)[0].path).hash for e in embed_names(page.source.fences)
        ]
        return fingerprint(verified, outdated_notices(book.project, page.source))


def _bare(block: re.Match[str]) -> str:
    """A block of code without the elements that colour it."""
    text = _COLOUR.sub("", block[0])
    return block[0] if "<span" in text else text


def _settings(ours: PrecisExtension, config: MkDocsConfig) -> bytes | None:
    """How Markdown is converted; None where that may depend on more than can be known."""
    extensions: list[Any] = config.markdown_extensions
    others = [extension for extension in extensions if extension is not ours]
    if not all(isinstance(other, str) and _reads_the_page_alone(other) for other in others):
        return None
    written = Path(config.config_file_path).read_bytes() if config.config_file_path else b""
    pickled = io.BytesIO()
    with suppress(pickle.PicklingError, AttributeError, TypeError):
        _OfPackages(pickled).dump((others, config.mdx_configs))
        return written + pickled.getvalue()
    return None


class _OfPackages(pickle.Pickler):
    """Writes functions and classes by their names, and takes none but of installed packages.

    The code of another, or what it reads, may change and its name stay.
    """

    def reducer_override(self, known: Any) -> Any:
        """Called for what is not plain data."""
        if isinstance(known, type | types.FunctionType) and not is_code_installed(known):
            raise pickle.PicklingError(f"{known.__qualname__} is of no installed package")
        return NotImplemented


def _reads_the_page_alone(extension: str) -> bool:
    package, dot, _ = extension.partition(".")
    if package in ("markdown", "pymdownx", "precis"):
        return extension not in _READERS
    return not dot and importlib.util.find_spec(f"markdown.extensions.{extension}") is not None


def _made(page: MkDocsPage, ours: Page) -> dict[str, Any]:
    """What a conversion gave to a page."""
    links = page.links_to_anchors or {}
    return {
        "lines": ours.source.lines,
        "fences": [asdict(fence) for fence in ours.source.fences],
        "text": ours.markdown,
        "content": page.content,
        "title": page._title_from_render,
        "toc": list(map(_token, page.toc)),
        "anchors": sorted(page.present_anchor_ids or ()),
        "links": {file.src_uri: anchors for file, anchors in links.items()},
    }


def _give(known: dict[str, Any], page: MkDocsPage, files: Files) -> None:
    """Give a page what a conversion would give; its links lead to the files of this build."""
    page.content = known["content"]
    page._title_from_render = known["title"]
    page.toc = get_toc(known["toc"])
    page.present_anchor_ids = set(known["anchors"])
    page.links_to_anchors = {files.src_uris[uri]: known["links"][uri] for uri in known["links"]}


def _token(link: AnchorLink) -> dict[str, Any]:
    """A line of a table of contents, as Markdown's `toc` has it."""
    children = list(map(_token, link.children))
    return {"name": link.title, "id": link.id, "level": link.level, "children": children}


@contextmanager
def _counting() -> Iterator[CountHandler]:
    """What is said of a page meanwhile, which must be said again in each build."""
    messages, logger = CountHandler(level=logging.INFO), logging.getLogger("mkdocs")
    # MkDocs itself says less than a warning of links alone; mkdocs-jupyter of each page
    messages.addFilter(lambda r: r.levelno >= logging.WARNING or r.name == pages.log.name)
    logger.addHandler(messages)
    try:
        yield messages
    finally:
        logger.removeHandler(messages)
