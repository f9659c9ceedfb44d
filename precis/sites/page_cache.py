"""Cache rendered pages; convert only pages whose inputs changed.

A page's HTML is cached while the inputs of its conversion are unchanged, and only if the page has
no findings, since those may depend on more. All other events of the page run in every build. A
Markdown extension may read files unknown to this module: with an extension that is not known to
read only the page, nothing is cached.
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
from precis.sites.config import map_extension
from precis.text.checks import page_findings
from precis.text.fences import Fence, embed_names
from precis.text.lock import outdated_notices
from precis.text.pages import PageReader

_READERS = ("pymdownx.b64", "pymdownx.emoji", "pymdownx.snippets")
"""Extensions of known packages that read files besides the page."""

_PRE = re.compile(r"<pre\b.*?</pre>", re.S)
_COLOUR = re.compile(r'<span(?: (?:class|id)="[^"]*")*>|</span>')


class PageCache:
    """The rendered pages of a site, and their entries in the search index."""

    def __init__(self, extension: PrecisExtension, reader: PageReader) -> None:
        self.extension = extension
        self.reader = reader
        self._site: tuple[Files | None, str] = None, ""
        """The files of a build and the fingerprint shared by its pages; "" disables the cache."""

        self._entries: dict[str, tuple[object, list[dict[str, Any]]]] = {}

    def wrap(self, page: MkDocsPage, ours: Page, notebook: bytes = b"") -> None:
        """Replace a page's `render` by one that converts it only on a cache miss.

        `notebook` is another input of a lab's page.
        """
        convert, source = page.render, ours.source
        cache, name = self.reader.book.records.cache, f"page {page.file.src_uri}"

        def render(config: MkDocsConfig, files: Files) -> None:
            key = ""
            with suppress(Malformed):  # reported by the conversion
                if shared := self._shared(config, files):
                    where = source.path, source.first_line, source.lab_page
                    key = fingerprint(page.markdown, notebook, where, shared)
                cached = Cache(cache).get(name, key) if key else None
                if cached and self._is_valid(cached, ours):
                    _restore(cached, page, files)
                    return
            with _counting() as messages:
                convert(map_extension(config, lambda e: e.for_page(ours)), files)
            asked = page.links_to_anchors is not None  # not asked when MkDocs debugs
            if key and asked and not ours.findings and not messages.get_counts():
                with suppress(Malformed, LookupError):  # the page shows an error
                    result = _conversion_result(page, ours)
                    Cache(cache).put(name, key, embeds=self._embeds_key(ours), **result)

        page.render = render  # type: ignore[method-assign]

    def read_again(self) -> None:
        """Read again what all pages share."""
        self._site = None, ""

    def cache_search_entries(self, search: Any) -> None:
        """Make Material's search entries of a page only if the page changed.

        Without the elements that colour code, which are most of a chapter's and hold no text.
        """
        add = search.add_entry_from_context

        def add_cached(page: MkDocsPage) -> None:
            indexed, entries = self._entries.get(page.url, (None, []))
            inputs = page.content, page.title, page.meta
            if indexed != inputs:
                first = len(search.entries)
                whole, page.content = page.content, _PRE.sub(_without_colours, page.content or "")
                add(page)
                page.content = whole
                entries = [dict(entry) for entry in search.entries[first:]]
                self._entries[page.url] = inputs, entries
            else:
                search.entries += [dict(entry) for entry in entries]

        search.add_entry_from_context = add_cached

    def _is_valid(self, cached: dict[str, Any], ours: Page) -> bool:
        """Return whether a page with the same text would be converted to the same HTML."""
        ours.source = replace(
            ours.source,
            lines=tuple(cached["lines"]),
            fences=tuple(Fence(**fence) for fence in cached["fences"]),
            language=self.reader.project.text_language(Path(ours.source.page_path)),
        )
        ours.markdown = cached["text"]
        with suppress(LookupError):  # reported by the conversion
            return bool(cached["embeds"] == self._embeds_key(ours)) and not page_findings(
                self.reader, ours.source
            )
        return False

    def _shared(self, config: MkDocsConfig, files: Files) -> str:
        """Return the fingerprint of the inputs shared by all pages. Raises Malformed."""
        if self._site[0] is not files:
            settings = _settings(self.extension, config)
            attestations, date = self.extension.attestations.read()
            glossaries = [str(f.abs_src_path) for f in files if f.src_uri.endswith(GLOSSARY)]
            shared = settings and fingerprint(
                settings,
                self.reader.project.languages,
                self.reader.project.policy,
                self.reader.project.own_words,
                [read_definitions(Path(glossary)) for glossary in glossaries],
                [(file.src_uri, file.url, str(file.inclusion)) for file in files],
                attestations,
                (date or "")[:10],  # pages show the day
            )
            self._site = files, shared or ""
        return self._site[1]

    def _embeds_key(self, page: Page) -> str:
        """Return the fingerprint of a page's embeds and notices. Raises Malformed."""
        book = self.reader.book
        verified = [
            book.verified(book.cell(e)[0].path).hash for e in embed_names(page.source.fences)
        ]
        return fingerprint(verified, outdated_notices(book.project, page.source))


def _without_colours(block: re.Match[str]) -> str:
    """Return a block of code without the elements that colour it."""
    text = _COLOUR.sub("", block[0])
    return block[0] if "<span" in text else text


def _settings(ours: PrecisExtension, config: MkDocsConfig) -> bytes | None:
    """Return the settings of the conversion; None if it may depend on unknown inputs."""
    extensions: list[Any] = config.markdown_extensions
    others = [extension for extension in extensions if extension is not ours]
    if not all(isinstance(other, str) and _reads_only_the_page(other) for other in others):
        return None
    written = Path(config.config_file_path).read_bytes() if config.config_file_path else b""
    pickled = io.BytesIO()
    with suppress(pickle.PicklingError, AttributeError, TypeError):
        _PackagePickler(pickled).dump((others, config.mdx_configs))
        return written + pickled.getvalue()
    return None


class _PackagePickler(pickle.Pickler):
    """Pickles functions and classes by name, and only those of installed packages.

    The code of others may change under the same name.
    """

    def reducer_override(self, obj: Any) -> Any:
        """Refuse the functions and classes of other code."""
        if isinstance(obj, type | types.FunctionType) and not is_code_installed(obj):
            raise pickle.PicklingError(f"{obj.__qualname__} is of no installed package")
        return NotImplemented


def _reads_only_the_page(extension: str) -> bool:
    package, dot, _ = extension.partition(".")
    if package in ("markdown", "pymdownx", "precis"):
        return extension not in _READERS
    return not dot and importlib.util.find_spec(f"markdown.extensions.{extension}") is not None


def _conversion_result(page: MkDocsPage, ours: Page) -> dict[str, Any]:
    """Return the attributes that a conversion set on a page."""
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


def _restore(cached: dict[str, Any], page: MkDocsPage, files: Files) -> None:
    """Set what a conversion would set on a page, with links to this build's files."""
    page.content = cached["content"]
    page._title_from_render = cached["title"]
    page.toc = get_toc(cached["toc"])
    page.present_anchor_ids = set(cached["anchors"])
    page.links_to_anchors = {files.src_uris[uri]: cached["links"][uri] for uri in cached["links"]}


def _token(link: AnchorLink) -> dict[str, Any]:
    """Return an entry of a table of contents in the form of Markdown's `toc`."""
    children = list(map(_token, link.children))
    return {"name": link.title, "id": link.id, "level": link.level, "children": children}


@contextmanager
def _counting() -> Iterator[CountHandler]:
    """Count the messages about a page, which each build must repeat."""
    messages, logger = CountHandler(level=logging.INFO), logging.getLogger("mkdocs")
    # below warnings, MkDocs logs links only, and mkdocs-jupyter every page
    messages.addFilter(lambda r: r.levelno >= logging.WARNING or r.name == pages.log.name)
    logger.addHandler(messages)
    try:
        yield messages
    finally:
        logger.removeHandler(messages)
