"""Tie the engine to MkDocs: verify first, render, then publish whole or not at all."""

from __future__ import annotations

import datetime
import logging
import os
import shutil
from pathlib import Path
from typing import Any, Literal

import click
from mkdocs.config import Config, config_options
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.livereload import LiveReloadServer
from mkdocs.plugins import BasePlugin, event_priority
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page as MkDocsPage

from precis.attest import FILE, SCHEMA, committed, published
from precis.book import Book
from precis.coverage import holes, tally
from precis.finding import Malformed, shown
from precis.markdown import Page, PrecisExtension
from precis.publish import aside, clear, publish
from precis.record import Records
from precis.run import TIMEOUT
from precis.snippet import read
from precis.sybil import TextDocument, cells, findings

log = logging.getLogger("mkdocs.plugins.precis")


class PrecisConfig(Config):  # type: ignore[no-untyped-call]
    """The plugin's options in mkdocs.yml."""

    snippets = config_options.Type(str, default="snippets")
    """The folder of the snippets, from mkdocs.yml's."""

    timeout = config_options.Type((int, float), default=TIMEOUT)
    """Seconds that one snippet may take."""


class PrecisPlugin(BasePlugin[PrecisConfig]):  # type: ignore[no-untyped-call]
    """One object for all builds of a `mkdocs serve`; one build for each language inside another."""

    def __init__(self) -> None:
        self.serving = False
        self.publishes = False
        self.depth = 0
        """Builds in progress, one inside the other: static-i18n builds languages so."""

        self.finished = False
        self.site: Path | None = None
        """Where the site goes when it is whole; it is built beside it until then."""

        self.pages: dict[str, Page] = {}
        self.wrong: dict[str, None] = {}
        """All that is to be reported, each once, in order."""

    def on_startup(self, *, command: Literal["build", "gh-deploy", "serve"], dirty: bool) -> None:
        """Learn what the build is for."""
        self.serving = command == "serve"
        if date := committed(Path.cwd())[1]:  # of the sitemap too: one commit, one site
            epoch = int(datetime.datetime.fromisoformat(date).timestamp())
            os.environ.setdefault("SOURCE_DATE_EPOCH", str(epoch))
        self.publishes = not self.serving and not dirty

    @event_priority(100)
    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Add the Markdown extension; let the site be built aside."""
        if self.depth:
            return config  # a build inside ours
        root = Path(config.config_file_path).parent if config.config_file_path else Path.cwd()
        folder = root / self.config.snippets
        if not folder.is_dir():
            raise PluginError(f"precis: there is no folder {shown(folder)} (option snippets)")
        if not hasattr(self, "book"):
            self.book = Book(folder, Records(root, timeout=self.config.timeout))
            self.extension = PrecisExtension(self.book)
        extensions: list[Any] = config.markdown_extensions
        if self.extension not in extensions:
            extensions.append(self.extension)
        if self.publishes and self.site is None:
            self.site = Path(config.site_dir)
            clear(self.site)
            self.aside = aside(self.site)
            config.site_dir = str(self.aside)
        return config

    def on_pre_build(self, config: MkDocsConfig) -> None:
        """Verify every snippet before anything is rendered."""
        self.depth += 1
        if self.depth > 1:
            return
        self.pages, self.wrong = {}, {}
        self.book.run()
        for path in self.book.paths():
            found = findings(TextDocument.parse(str(path), cells(self.book)))
            self.wrong |= dict.fromkeys(map(str, found))
        if self.wrong and not self.serving:
            self._refuse()

    def on_files(self, files: Files, config: MkDocsConfig) -> None:
        """Refuse what is no text before MkDocs reads it."""
        for file in files.documentation_pages():
            if file.abs_src_path:
                try:
                    read(Path(file.abs_src_path))
                except Malformed as error:
                    self.wrong |= dict.fromkeys(map(str, error.findings))
        if self.wrong and not self.serving:
            self._refuse()

    @event_priority(100)
    def on_page_markdown(
        self, markdown: str, page: MkDocsPage, config: MkDocsConfig, files: Files
    ) -> str:
        """Tell the extension which page comes, before other plugins change its text."""
        text = page.file.content_string
        first_line = text.count("\n") - markdown.count("\n") + 1
        path = shown(Path(page.file.abs_src_path)) if page.file.abs_src_path else page.file.src_uri
        self.extension.page = self.pages[path] = Page(path, first_line)
        return markdown

    @event_priority(-200)
    def on_post_build(self, config: MkDocsConfig) -> None:
        """After the last language: report what the pages have wrong, and count."""
        self.depth -= 1
        if self.depth:
            return
        found = [finding for page in self.pages.values() for finding in page.findings]
        self.wrong |= dict.fromkeys(map(str, [*found, *holes(self.book, self.pages)]))
        if self.wrong and not self.serving:
            self._refuse()
        for finding in self.wrong:  # in serve also on the pages; strict mode must not end it
            click.secho(finding, fg="red", err=True)
        if not self.wrong:
            site = self.aside if self.publishes else Path(config.site_dir)
            (site / FILE).write_bytes(published(self.book, self.extension.attestations()))
            shutil.copyfile(SCHEMA, site / SCHEMA.name)
            log.info(tally(self.book, self.pages))
        self.finished = True

    def on_build_error(self, *, error: Exception) -> None:
        """Strict mode fails after the last event of a build: then, too, nothing is published."""
        self.depth, self.finished = 0, False

    def on_serve(
        self, server: LiveReloadServer, *, config: MkDocsConfig, builder: object
    ) -> LiveReloadServer:
        """Build again when a snippet changes."""
        server.watch(str(self.book.folder))
        return server

    def on_shutdown(self) -> None:
        """Put a whole site in the place of the old one; drop one that is not."""
        if self.site is None or not self.aside.exists():
            return
        if self.finished:
            publish(self.aside, self.site)
        else:
            shutil.rmtree(self.aside)

    def _refuse(self) -> None:
        count = len(self.wrong)
        things = f"{count} thing{'s' if count > 1 else ''} to mend"
        raise PluginError("\n\n".join([f"precis: {things}; nothing was published.", *self.wrong]))
