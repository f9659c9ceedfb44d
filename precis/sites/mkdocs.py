"""The MkDocs plugin: verify while pages render, then publish the whole site or nothing."""

from __future__ import annotations

import datetime
import logging
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from markdown import Markdown
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import BasePlugin, event_priority
from mkdocs.structure.files import Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page as MkDocsPage
from mkdocs.utils.templates import TemplateContext

from precis.base.files import is_writable
from precis.base.finding import Malformed
from precis.base.project import Project
from precis.base.streams import set_output_encoding
from precis.book.attest import FILE, SCHEMA, commit_and_date, verified_json
from precis.book.book import Book
from precis.book.checks import snippet_findings
from precis.book.summary import list_unrecorded
from precis.export.notebook import is_chapter, notebook_name
from precis.page.completeness import find_holes, summarize_pages
from precis.page.extension import PrecisExtension
from precis.page.page import Page
from precis.run.record import Records
from precis.sites import labs
from precis.sites.config import PrecisConfig, configured_project
from precis.sites.notebooks import write_notebook
from precis.sites.notice import add_notice, write_state
from precis.sites.page_cache import PageCache
from precis.sites.preview import Built, Preview, end_if
from precis.sites.publish import Publication
from precis.sites.report import Report
from precis.sites.serving import Watcher, disable_strict_mode
from precis.sites.sources import check_sources, opened, read_source
from precis.sites.styles import copy_styles, link_styles
from precis.sites.template_cache import TemplateCache
from precis.text.fences import EMBED
from precis.text.pages import PageReader

if TYPE_CHECKING:
    from jinja2 import Environment
    from mkdocs.livereload import LiveReloadServer

log = logging.getLogger("mkdocs.plugins.precis")


class PrecisPlugin(BasePlugin[PrecisConfig]):  # type: ignore[no-untyped-call]
    """One object for all builds of a `mkdocs serve`; static-i18n nests one build per language."""

    def __init__(self) -> None:
        self.serving = False
        self.publishes = self.previews = False
        self.depth = 0
        """The number of nested builds in progress."""

        self.finished = False
        self.settings: tuple[Project, bytes] | None = None
        """The project and the content of its mkdocs.yml in the last build."""

        self.publication: Publication | None = None

        self.pages: dict[str, Page] = {}
        """The pages of the build, by the path in `docs/` that MkDocs knows."""

        self.notebooks: dict[str, str] = {}
        """The name of each notebook, by the file of its page on the site."""

        self.labs: dict[str, labs.Lab] = {}
        """The labs, by the path in `docs/` that MkDocs is given for their page."""

        self.watcher: Watcher | None = None
        self.report = Report()

        self.preview: Preview | None = None
        self.built: list[Built] = []
        """What a page needs that is shown before the site is built, by language."""

        self.files: tuple[Environment, Files] | None = None
        """The templates and files of the language whose first page is to be written."""

        self.is_showing = False
        """Whether pages are converted that are shown before the site is built."""

        self.superseded: threading.Event | None = None
        """Set when the build that goes on in the background is to end."""

    def on_startup(self, *, command: Literal["build", "gh-deploy", "serve"], dirty: bool) -> None:
        """Set the mode of the build, and the date of what it makes."""
        set_output_encoding()
        self.serving = command == "serve"
        if date := commit_and_date(Path.cwd())[1]:  # of the sitemap too: one commit, one site
            epoch = int(datetime.datetime.fromisoformat(date).timestamp())
            os.environ.setdefault("SOURCE_DATE_EPOCH", str(epoch))
        self.publishes, self.previews = not (self.serving or dirty), self.serving and not dirty

    @event_priority(100)
    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Add the Markdown extension; build into a folder beside the published site."""
        if self.depth:
            return config  # a nested build
        project = configured_project(config, self.config)
        settings = project, Path(config.config_file_path or os.devnull).read_bytes()
        if settings != self.settings:  # cached pages may be rendered differently
            self.settings = settings
            self.book = Book(project, Records(project.root, timeout=self.config.timeout))
            self.extension = PrecisExtension(self.book, elements=self.config.elements)
        extensions: list[Any] = config.markdown_extensions
        if self.extension not in extensions:
            extensions.append(self.extension)
        link_styles(config)
        if self.serving:
            disable_strict_mode(config)
        if (self.publishes or self.superseded) and self.publication is None:
            self.publication = Publication(config)
        return config

    def on_pre_build(self, config: MkDocsConfig) -> None:
        """Start running changed snippets: a page waits only for those that it embeds."""
        self.depth += 1
        if self.depth > 1:
            return
        self.pages, self.notebooks, self.report, self.built = {}, {}, Report(), []
        self.book.start_runs()
        if self.extension.reader is None:  # by now all plugins have added their extensions
            md = Markdown(
                extensions=config.markdown_extensions, extension_configs=config.mdx_configs
            )
            self.reader = self.extension.reader = PageReader(self.book, md)
            self.page_cache = PageCache(self.extension, self.reader)
        for path in self.book.paths():
            try:
                self.book.snippet(path)
            except Malformed as error:
                self.report.add(error.findings)
        if self.book.records.running:
            check_sources(self.reader)  # while the snippets of the first page run
        self.labs = labs.find_labs(self.book, config)

    def on_files(self, files: Files, config: MkDocsConfig) -> None:
        """Add the labs."""
        labs.add_files(self.labs, files, config)

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
        """Read a page; one that is unreadable shows its findings."""
        if page.file.src_uri in self.labs:
            return ""  # `on_page_markdown` gives its text
        text, findings = read_source(page)
        self.report.add(findings)
        return text

    @event_priority(100)
    def on_page_markdown(
        self, markdown: str, page: MkDocsPage, config: MkDocsConfig, files: Files
    ) -> str:
        """Give the extension the next page, before other plugins change its text."""
        end_if(self.superseded)
        notebook = b""
        if lab := self.labs.get(page.file.src_uri):
            ours, markdown, notebook = self._lab(lab, page, files)
        else:
            ours = opened(page, markdown)
        self.pages[page.file.src_uri] = ours
        self.page_cache.wrap(page, ours, notebook)
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
        self.files = env, files

    def on_page_content(
        self, html: str, page: MkDocsPage, config: MkDocsConfig, files: Files
    ) -> None:
        """Write the notebook of a chapter."""
        if lab := self.labs.get(page.file.src_uri):
            page.file.abs_src_path = str(lab.snippet)
            return  # its notebook is written already
        ours = self.pages[page.file.src_uri]
        self.notebooks.pop(page.file.dest_uri, None)  # as it was shown before
        if self.report.errors or ours.errors:
            return  # the page shows errors
        if is_chapter(source := ours.source):
            cells = self.reader.embedded_cells(source)
            if not any(self.book.verified(snippet.path).mismatches for snippet, _ in cells):
                language = self.book.project.language(Path(source.path))
                name = notebook_name(Path(source.path), language)
                self.notebooks[page.file.dest_uri] = name
                write_notebook(source, name, self.book, page, files)

    def on_page_context(
        self, context: TemplateContext, page: MkDocsPage, config: MkDocsConfig, nav: Navigation
    ) -> None:
        """Give the template the notebook's link, labelled in the page's language."""
        end_if(self.superseded)
        if self.files and self.previews:  # the first page of a language
            env, files = self.files
            self.built.append(Built(self, config, files, nav, env, list(context["pages"])))
        self.files = None
        if name := self.notebooks.get(page.file.dest_uri):
            label = self.book.project.words(str(config.theme.get("language"))).notebook_download
            extended: dict[str, Any] = context  # type: ignore[assignment]
            extended["notebook"] = {"href": name, "words": label}

    @event_priority(-1000)
    def on_post_page(self, output: str, page: MkDocsPage, config: MkDocsConfig) -> str:
        """Say on a page that it is shown before the site is built."""
        return add_notice(output, config) if self.is_showing else output

    @event_priority(-200)
    def on_post_build(self, config: MkDocsConfig) -> None:
        """After the last language, report the findings or the counts."""
        self.depth -= 1
        if self.depth:
            return
        site = self.publication.aside if self.publication else Path(config.site_dir)
        copy_styles(site)
        pages = self.pages.values()
        for path in self.book.paths():  # embedded or not
            self.report.add(snippet_findings(self.book, path))
        self.report.add(finding for page in pages for finding in page.findings)
        self.report.add(self.book.project.policy.apply("cells", find_holes(self.book, pages)))
        self.report.show(refuse=not self.serving)
        if not self.report.errors:
            (site / FILE).write_bytes(
                verified_json(self.book, self.extension.attestations.read()[0])
            )
            shutil.copyfile(SCHEMA, site / SCHEMA.name)
            for line in (summarize_pages(self.book, pages), *list_unrecorded(self.book)):
                log.info(line)
        self.finished = True
        if self.previews:
            write_state(site, len(self.report.errors) + len(self.report.warnings))
        if self.watcher:
            self.watcher.update(self.book, Path(config.site_dir))

    def on_build_error(self, *, error: Exception) -> None:
        """Publish nothing: strict mode fails after the last event of a build."""
        self.depth, self.finished = 0, False

    def on_serve(
        self, server: LiveReloadServer, *, config: MkDocsConfig, builder: object
    ) -> LiveReloadServer:
        """Watch the snippets, the files that they read, and the lock."""
        self.watcher = Watcher(server, self.book)
        self.watcher.update(self.book, Path(config.site_dir))
        from precis.run.parent import warm_up  # not needed by an unchanged build

        warm_up(self.book.readable())  # the first save does not wait for torch
        if self.previews:
            server.builder = self.preview = Preview(self, server, server.builder, config)
        return server

    def on_shutdown(self) -> None:
        """Publish a complete site; delete an incomplete one."""
        if self.preview:
            self.preview.end()
        if self.publication:
            self.publication.end(complete=self.finished)

    @contextmanager
    def showing(self) -> Iterator[None]:
        """Convert pages that are shown before the site is built: all files are read again."""
        report, self.report, self.is_showing = self.report, Report(), True
        self.book.read_again()
        self.page_cache.read_again()
        try:
            yield
        finally:
            self.report, self.is_showing = report, False

    def _lab(self, lab: labs.Lab, page: MkDocsPage, files: Files) -> tuple[Page, str, bytes]:
        """Return the page of a lab, its Markdown, and the lab's notebook."""
        try:
            verified = self.book.verified(lab.snippet)
        except Malformed as error:
            self.report.add(error.findings)
            labs.render_finding(page)
            # an embed of nothing becomes the finding
            return Page(), f"```{EMBED}\n{lab.snippet.name}:text\n```\n", b""
        source = self.reader.read_lab(verified.snippet, lab.language)
        self.notebooks[page.file.dest_uri] = lab.notebook
        notebook = write_notebook(source, lab.notebook, self.book, page, files)
        labs.render_notebook(page, verified)
        return Page(source), "\n".join(source.lines), notebook
