"""The MkDocs plugin: verify while pages render, then publish the whole site or nothing."""

from __future__ import annotations

import datetime
import logging
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click
from markdown import Markdown
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import BasePlugin, event_priority
from mkdocs.structure.files import Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page as MkDocsPage
from mkdocs.utils.templates import TemplateContext

from precis.base.files import is_writable
from precis.base.finding import Malformed, display_path, pluralize
from precis.base.project import Project
from precis.base.streams import set_output_encoding
from precis.base.words import words
from precis.book.attest import FILE, SCHEMA, commit_and_date, verified_json
from precis.book.book import Book
from precis.book.checks import snippet_findings
from precis.export.notebook import is_chapter, notebook_name
from precis.page.box import render_box
from precis.page.completeness import find_holes, list_unrecorded, summarize_pages
from precis.page.extension import PrecisExtension
from precis.page.page import Page
from precis.run.record import Records
from precis.sites import labs
from precis.sites.config import PrecisConfig, configured_project
from precis.sites.notebooks import write_notebook
from precis.sites.page_cache import PageCache
from precis.sites.publish import Publication
from precis.sites.serving import Watcher, disable_strict_mode
from precis.sites.styles import copy_styles, link_styles
from precis.sites.template_cache import TemplateCache
from precis.source.parse import read
from precis.text.checks import page_findings
from precis.text.fences import EMBED
from precis.text.prose import PageText

if TYPE_CHECKING:
    from jinja2 import Environment
    from mkdocs.livereload import LiveReloadServer

log = logging.getLogger("mkdocs.plugins.precis")


class PrecisPlugin(BasePlugin[PrecisConfig]):  # type: ignore[no-untyped-call]
    """One object for all builds of a `mkdocs serve`; static-i18n nests one build per language."""

    def __init__(self) -> None:
        self.serving = False
        self.publishes = False
        self.depth = 0
        """The number of nested builds in progress."""

        self.finished = False
        self.settings: tuple[Project, bytes] | None = None
        """The project and the content of its mkdocs.yml in the last build."""

        self.publication: Publication | None = None

        self.pages: dict[str, Page] = {}
        self.notebooks: dict[str, str] = {}
        """The name of each notebook, by the file of its page on the site."""

        self.labs: dict[str, labs.Lab] = {}
        """The labs, by the path in `docs/` that MkDocs is given for their page."""

        self.watcher: Watcher | None = None
        self.errors: dict[str, None] = {}
        """The findings to report, each once, in order."""

    def on_startup(self, *, command: Literal["build", "gh-deploy", "serve"], dirty: bool) -> None:
        """Set the mode of the build, and the date of what it makes."""
        set_output_encoding()
        self.serving = command == "serve"
        if date := commit_and_date(Path.cwd())[1]:  # of the sitemap too: one commit, one site
            epoch = int(datetime.datetime.fromisoformat(date).timestamp())
            os.environ.setdefault("SOURCE_DATE_EPOCH", str(epoch))
        self.publishes = not self.serving and not dirty

    @event_priority(100)
    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Add the Markdown extension; build into a folder beside the published site."""
        if self.depth:
            return config  # a nested build
        project = configured_project(config, self.config.snippets)
        if not project.snippets.is_dir():
            folder = display_path(project.snippets)
            raise PluginError(f"precis: there is no folder {folder} (option snippets)")
        settings = project, Path(config.config_file_path or os.devnull).read_bytes()
        if settings != self.settings:  # cached pages may be rendered differently
            self.settings = settings
            self.book = Book(project, Records(project.root, timeout=self.config.timeout))
            self.extension = PrecisExtension(self.book, elements=self.config.elements)
            self.page_cache = PageCache(self.extension)
        extensions: list[Any] = config.markdown_extensions
        if self.extension not in extensions:
            extensions.append(self.extension)
        link_styles(config)
        if self.serving:
            disable_strict_mode(config)
        if self.publishes and self.publication is None:
            self.publication = Publication(config)
        return config

    def on_pre_build(self, config: MkDocsConfig) -> None:
        """Start running changed snippets: a page waits only for those that it embeds."""
        self.depth += 1
        if self.depth > 1:
            return
        self.pages, self.notebooks, self.errors = {}, {}, {}
        self.book.start_runs()
        # registers the extension, as a conversion would: there may be none, if all is cached
        Markdown(extensions=config.markdown_extensions, extension_configs=config.mdx_configs)
        for path in self.book.paths():
            try:
                self.book.snippet(path)
            except Malformed as error:
                self.errors |= dict.fromkeys(map(str, error.findings))
        if self.errors and not self.serving:
            self._check_snippets()
            self._refuse()
        if self.book.records.running:
            self._check_pages()
        self.labs = labs.find_labs(self.book, config)

    def on_files(self, files: Files, config: MkDocsConfig) -> None:
        """Add the labs; refuse unreadable files before MkDocs reads them."""
        labs.add_files(self.labs, files, config)
        for file in files.documentation_pages():
            if file.abs_src_path and file.src_uri not in self.labs:
                try:
                    read(Path(file.abs_src_path))
                except Malformed as error:
                    self.errors |= dict.fromkeys(map(str, error.findings))
        if self.errors and not self.serving:
            self._check_snippets()
            self._refuse()

    def on_nav(self, nav: Navigation, config: MkDocsConfig, files: Files) -> None:
        """Give MkDocs the snippet of each lab, whose date `--dirty` compares."""
        for address in self.labs.keys() & files.src_uris.keys():
            files.src_uris[address].abs_src_path = str(self.labs[address].snippet)

    @event_priority(100)
    def on_pre_page(self, page: MkDocsPage, config: MkDocsConfig, files: Files) -> None:
        """Give mkdocs-jupyter the notebook of a lab while its page is converted."""
        if lab := self.labs.get(page.file.src_uri):
            page.file.abs_src_path = str(Path(page.file.abs_dest_path).with_name(lab.notebook))

    def on_page_read_source(self, page: MkDocsPage, config: MkDocsConfig) -> str | None:
        """While serving, show the finding of an unreadable file on its page."""
        if page.file.src_uri in self.labs:
            return ""  # `on_page_markdown` gives its text
        path = page.file.abs_src_path
        if path and self.serving:
            try:
                return read(Path(path))
            except Malformed as error:
                boxes = "\n\n".join(map(render_box, error.findings))
                return boxes.replace("<pre>", "<p>").replace("</pre>", "</p>")  # not code
        return None

    @event_priority(100)
    def on_page_markdown(
        self, markdown: str, page: MkDocsPage, config: MkDocsConfig, files: Files
    ) -> str:
        """Give the extension the next page, before other plugins change its text."""
        notebook = b""
        if lab := self.labs.get(page.file.src_uri):
            markdown, notebook = self._lab(lab, page, files)
        else:
            self.extension.page = _opened(page, markdown)
            self.pages[self.extension.page.source.path] = self.extension.page
        self.page_cache.wrap(page, notebook)
        return markdown

    def on_env(self, env: Environment, config: MkDocsConfig, files: Files) -> None:
        """Cache compiled templates and search entries."""
        cache = self.book.records.cache
        if is_writable(cache):
            env.bytecode_cache = TemplateCache(cache, self.settings)
        for name in ("search", "material/search"):
            index = getattr(config.plugins.get(name), "search_index", None)
            if hasattr(index, "entries"):
                self.page_cache.cache_search_entries(index)

    def on_page_content(
        self, html: str, page: MkDocsPage, config: MkDocsConfig, files: Files
    ) -> None:
        """Write the notebook of a chapter."""
        if lab := self.labs.get(page.file.src_uri):
            page.file.abs_src_path = str(lab.snippet)
            return  # its notebook is written already
        if self.errors or self.extension.page.findings:
            return  # the page shows errors
        source = self.extension.page.source
        if is_chapter(source):
            cells = self.extension.reader.embedded_cells(source)
            if not any(self.book.verified(snippet.path).mismatches for snippet, _ in cells):
                name = notebook_name(Path(source.path), source.language)
                self.notebooks[page.file.dest_uri] = name
                write_notebook(source, name, self.book, page, files)

    def on_page_context(
        self, context: TemplateContext, page: MkDocsPage, config: MkDocsConfig, nav: Navigation
    ) -> None:
        """Give the template the notebook's link, labelled in the page's language."""
        if name := self.notebooks.get(page.file.dest_uri):
            label = words(str(config.theme.get("language"))).notebook_download
            extended: dict[str, Any] = context  # type: ignore[assignment]
            extended["notebook"] = {"href": name, "words": label}

    @event_priority(-200)
    def on_post_build(self, config: MkDocsConfig) -> None:
        """After the last language, report the findings or the counts."""
        self.depth -= 1
        if self.depth:
            return
        site = self.publication.aside if self.publication else Path(config.site_dir)
        copy_styles(site)
        self._check_snippets()
        findings = [finding for page in self.pages.values() for finding in page.findings]
        self.errors |= dict.fromkeys(map(str, [*findings, *find_holes(self.book, self.pages)]))
        if self.errors and not self.serving:
            self._refuse()
        for finding in self.errors:  # while serving: the pages show them too
            click.secho(finding, fg="red", err=True)
        if not self.errors:
            (site / FILE).write_bytes(verified_json(self.book, self.extension.attestations()))
            shutil.copyfile(SCHEMA, site / SCHEMA.name)
            for line in (summarize_pages(self.book, self.pages), *list_unrecorded(self.book)):
                log.info(line)
        self.finished = True
        if self.watcher:
            self.watcher.update(self.book, Path(config.site_dir))

    def on_build_error(self, *, error: Exception) -> None:
        """Publish nothing: strict mode fails after the last event of a build."""
        self.depth, self.finished = 0, False

    def on_serve(
        self, server: LiveReloadServer, *, config: MkDocsConfig, builder: object
    ) -> LiveReloadServer:
        """Watch the snippets, the files that they read, and the lock."""
        server.watch(str(self.book.folder))
        if (lock := self.book.project.lock).is_file():
            server.watch(str(lock))
        self.watcher = Watcher(server)
        self.watcher.update(self.book, Path(config.site_dir))
        from precis.run.parent import warm_up  # not needed by an unchanged build

        warm_up(self.book.readable())  # the first save does not wait for torch
        return server

    def on_shutdown(self) -> None:
        """Publish a complete site; delete an incomplete one."""
        if self.publication:
            self.publication.end(complete=self.finished)

    def _check_pages(self) -> None:
        """Check the text of pages while the snippets of the first page run.

        A page without findings is cached, and not checked again when it is rendered.
        """
        reader, project = self.extension.reader, self.book.project
        # translations in turn: each is compared with the other
        for path in sorted(project.docs.rglob("*.md"), key=project.lock_key):
            with suppress(Malformed):  # reported by `on_files`
                page_findings(reader, reader.read_page(path))

    def _check_snippets(self) -> None:
        """Collect the findings of all snippets, embedded or not."""
        for path in self.book.paths():
            self.errors |= dict.fromkeys(map(str, snippet_findings(self.book, path)))

    def _lab(self, lab: labs.Lab, page: MkDocsPage, files: Files) -> tuple[str, bytes]:
        """Return the Markdown of a lab's page, and the lab's notebook."""
        try:
            verified = self.book.verified(lab.snippet)
        except Malformed as error:
            self.errors |= dict.fromkeys(map(str, error.findings))
            self.extension.page = Page()
            labs.render_finding(page)
            # an embed of nothing becomes the finding
            return f"```{EMBED}\n{lab.snippet.name}:text\n```\n", b""
        source = self.extension.reader.read_lab(verified.snippet, lab.language)
        self.notebooks[page.file.dest_uri] = lab.notebook
        notebook = write_notebook(source, lab.notebook, self.book, page, files)
        self.extension.page = self.pages[source.page_path] = Page(source)
        labs.render_notebook(page, self.extension, verified)
        return "\n".join(source.lines), notebook

    def _refuse(self) -> None:
        count = pluralize(len(self.errors), "error")
        raise PluginError("\n\n".join([f"precis: {count}; site not published.", *self.errors]))


def _opened(page: MkDocsPage, markdown: str) -> Page:
    """Return the page to convert; `on_files` reports unreadable ones."""
    source = page.file.abs_src_path
    path = display_path(Path(source)) if source else page.file.src_uri
    try:
        text = read(Path(source)) if source else page.file.content_string
    except Malformed:
        return Page()
    first_line = text.count("\n") - markdown.count("\n") + 1
    return Page(PageText(path, first_line=first_line))
