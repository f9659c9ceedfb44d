"""Tie the engine to MkDocs: verify while pages render, then publish whole or not at all."""

from __future__ import annotations

import datetime
import logging
import os
import posixpath
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urljoin

import click
from markdown import Markdown
from mkdocs.config import Config, config_options
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import BasePlugin, event_priority
from mkdocs.structure.files import Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page as MkDocsPage
from mkdocs.utils import CountHandler
from mkdocs.utils.templates import TemplateContext

from precis.base.files import is_writable
from precis.base.finding import Malformed, display_path
from precis.base.project import Project
from precis.base.streams import set_output_encoding
from precis.book.attest import FILE, SCHEMA, commit_and_date, verified_json
from precis.book.book import Book
from precis.book.checks import snippet_findings
from precis.export.notebook import is_chapter, make_notebook, notebook_name
from precis.page.box import render_box
from precis.page.completeness import find_holes, list_unrecorded, summarize_pages
from precis.page.extension import PrecisExtension
from precis.page.page import Page
from precis.run.outcome import TIMEOUT
from precis.run.record import Records
from precis.sites import labs
from precis.sites.page_cache import Rendered
from precis.sites.publish import aside, clear, publish
from precis.sites.template_cache import TemplateCache
from precis.source.parse import read
from precis.text.checks import page_findings
from precis.text.fences import EMBED
from precis.text.prose import PageText

if TYPE_CHECKING:
    from jinja2 import Environment
    from mkdocs.livereload import LiveReloadServer

log = logging.getLogger("mkdocs.plugins.precis")


_WORDS = {
    "fr": "Notebook Jupyter de cette page, à télécharger",
    "en": "Notebook of this page, for Jupyter, to download",
}


class PrecisConfig(Config):  # type: ignore[no-untyped-call]
    """The plugin's options in mkdocs.yml."""

    snippets = config_options.Type(str, default="snippets")
    """The folder of the snippets, from mkdocs.yml's."""

    timeout = config_options.Type((int, float), default=TIMEOUT)
    """Seconds that one snippet may take."""

    elements = config_options.ListOfItems(config_options.Type(str), default=[])
    """Custom elements of the pages that hold Markdown: `<name markdown>` … `</name>`."""


class PrecisPlugin(BasePlugin[PrecisConfig]):  # type: ignore[no-untyped-call]
    """One object for all builds of a `mkdocs serve`; one build for each language inside another."""

    def __init__(self) -> None:
        self.serving = False
        self.publishes = False
        self.depth = 0
        """Builds in progress, one inside the other: static-i18n builds languages so."""

        self.finished = False
        self.settings: tuple[Project, bytes] | None = None
        """The project and its mkdocs.yml, when it was read last."""

        self.site: Path | None = None
        """Where the site goes when it is whole; it is built beside it until then."""

        self.pages: dict[str, Page] = {}
        self.notebooks: dict[str, str] = {}
        """Their names, by the file of their page on the site."""

        self.labs: dict[str, labs.Lab] = {}
        """By the source of their page, which MkDocs takes for a file in `docs/`."""

        self.server: LiveReloadServer | None = None
        self.watched: set[Path] = set()
        """The files that are watched since the last build because a snippet read them."""

        self.wrong: dict[str, None] = {}
        """All that is to be reported, each once, in order."""

    def on_startup(self, *, command: Literal["build", "gh-deploy", "serve"], dirty: bool) -> None:
        """Learn what the build is for."""
        set_output_encoding()
        self.serving = command == "serve"
        if date := commit_and_date(Path.cwd())[1]:  # of the sitemap too: one commit, one site
            epoch = int(datetime.datetime.fromisoformat(date).timestamp())
            os.environ.setdefault("SOURCE_DATE_EPOCH", str(epoch))
        self.publishes = not self.serving and not dirty

    @event_priority(100)
    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Add the Markdown extension; let the site be built aside."""
        if self.depth:
            return config  # a build inside ours
        project = _project(config, self.config.snippets)
        if not project.snippets.is_dir():
            folder = display_path(project.snippets)
            raise PluginError(f"precis: there is no folder {folder} (option snippets)")
        settings = project, Path(config.config_file_path or os.devnull).read_bytes()
        if settings != self.settings:  # what was kept may be rendered otherwise
            self.settings = settings
            self.book = Book(project, Records(project.root, timeout=self.config.timeout))
            self.extension = PrecisExtension(self.book, elements=self.config.elements)
            self.rendered = Rendered(self.extension)
        extensions: list[Any] = config.markdown_extensions
        if self.extension not in extensions:
            extensions.append(self.extension)
        if self.serving:
            _warn_only(config)
        if self.publishes and self.site is None:
            site = Path(os.path.realpath(config.site_dir))  # a link stays
            if os.path.lexists(site) and not site.is_dir():
                raise PluginError(f"precis: {display_path(site)} (option site_dir) is not a folder")
            clear(site)
            self.built = config
            self.aside = aside(site)
            self.site = site
            config.site_dir = str(self.aside)
        return config

    def on_pre_build(self, config: MkDocsConfig) -> None:
        """Start to run what changed: a page waits for its own snippets alone."""
        self.depth += 1
        if self.depth > 1:
            return
        self.pages, self.notebooks, self.wrong = {}, {}, {}
        self.book.start_runs()
        # which makes the reader, as the first conversion would: where all is kept there is none
        Markdown(extensions=config.markdown_extensions, extension_configs=config.mdx_configs)
        for path in self.book.paths():
            try:
                self.book.snippet(path)
            except Malformed as error:
                self.wrong |= dict.fromkeys(map(str, error.findings))
        if self.wrong and not self.serving:
            self._verify()
            self._refuse()
        if self.book.records.running:
            self._judge()
        self.labs = labs.find_labs(self.book, config)

    def on_files(self, files: Files, config: MkDocsConfig) -> None:
        """Add the labs; refuse what is no text before MkDocs reads it."""
        labs.add_files(self.labs, files, config)
        for file in files.documentation_pages():
            if file.abs_src_path and file.src_uri not in self.labs:
                try:
                    read(Path(file.abs_src_path))
                except Malformed as error:
                    self.wrong |= dict.fromkeys(map(str, error.findings))
        if self.wrong and not self.serving:
            self._verify()
            self._refuse()

    def on_nav(self, nav: Navigation, config: MkDocsConfig, files: Files) -> None:
        """Tell MkDocs which file a lab comes from: `--dirty` asks whether it changed."""
        for address in self.labs.keys() & files.src_uris.keys():
            files.src_uris[address].abs_src_path = str(self.labs[address].snippet)

    @event_priority(100)
    def on_pre_page(self, page: MkDocsPage, config: MkDocsConfig, files: Files) -> None:
        """Tell mkdocs-jupyter, until the page is converted, where the notebook of a lab is."""
        if lab := self.labs.get(page.file.src_uri):
            page.file.abs_src_path = str(Path(page.file.abs_dest_path).with_name(lab.notebook))

    def on_page_read_source(self, page: MkDocsPage, config: MkDocsConfig) -> str | None:
        """Put what is wrong with a file that is no text in its place, in serve."""
        if page.file.src_uri in self.labs:
            return ""  # `on_page_markdown` gives its text
        path = page.file.abs_src_path
        if path and self.serving:
            try:
                return read(Path(path))
            except Malformed as error:
                boxes = "\n\n".join(map(render_box, error.findings))
                return boxes.replace("<pre>", "<p>").replace("</pre>", "</p>")  # which is no code
        return None

    @event_priority(100)
    def on_page_markdown(
        self, markdown: str, page: MkDocsPage, config: MkDocsConfig, files: Files
    ) -> str:
        """Tell the extension which page comes, before other plugins change its text."""
        made = b""
        if lab := self.labs.get(page.file.src_uri):
            markdown, made = self._lab(lab, page, files)
        else:
            self.extension.page = _opened(page, markdown)
            self.pages[self.extension.page.source.path] = self.extension.page
        self.rendered.keep(page, made)
        return markdown

    def on_env(self, env: Environment, config: MkDocsConfig, files: Files) -> None:
        """Let templates be compiled once, and the search read what changed alone."""
        cache = self.book.records.cache
        if is_writable(cache):
            env.bytecode_cache = TemplateCache(cache, self.settings)
        for name in ("search", "material/search"):
            index = getattr(config.plugins.get(name), "search_index", None)
            if hasattr(index, "entries"):
                self.rendered.index(index)

    def on_page_content(
        self, html: str, page: MkDocsPage, config: MkDocsConfig, files: Files
    ) -> None:
        """Make the notebook of a chapter, which its page offers."""
        if lab := self.labs.get(page.file.src_uri):
            page.file.abs_src_path = str(lab.snippet)
            return  # its notebook is made
        if self.wrong or self.extension.page.findings:
            return  # a page that shows what is to be mended
        written = self.extension.page.source
        if is_chapter(written):
            shown = {snippet.path for snippet, _ in self.extension.reader.embedded_cells(written)}
            if not any(self.book.verified(path).mismatches for path in shown):
                name = notebook_name(Path(written.path), written.language)
                self._offer(written, name, page, files)

    def on_page_context(
        self, context: TemplateContext, page: MkDocsPage, config: MkDocsConfig, nav: Navigation
    ) -> None:
        """Let the template link to the notebook, by a name in the page's language."""
        if name := self.notebooks.get(page.file.dest_uri):
            words = _WORDS.get(str(config.theme.get("language")), _WORDS["en"])
            extended: dict[str, Any] = context  # type: ignore[assignment]
            extended["notebook"] = {"href": name, "words": words}

    @event_priority(-200)
    def on_post_build(self, config: MkDocsConfig) -> None:
        """After the last language: report what the pages have wrong, and count."""
        self.depth -= 1
        if self.depth:
            return
        self._verify()
        found = [finding for page in self.pages.values() for finding in page.findings]
        self.wrong |= dict.fromkeys(map(str, [*found, *find_holes(self.book, self.pages)]))
        if self.wrong and not self.serving:
            self._refuse()
        for finding in self.wrong:  # in serve also on the pages; strict mode must not end it
            click.secho(finding, fg="red", err=True)
        if not self.wrong:
            site = self.aside if self.publishes else Path(config.site_dir)
            (site / FILE).write_bytes(verified_json(self.book, self.extension.attestations()))
            shutil.copyfile(SCHEMA, site / SCHEMA.name)
            for line in (summarize_pages(self.book, self.pages), *list_unrecorded(self.book)):
                log.info(line)
        self.finished = True
        if self.server:
            self._watch(self.server, config)

    def on_build_error(self, *, error: Exception) -> None:
        """Strict mode fails after the last event of a build: then, too, nothing is published."""
        self.depth, self.finished = 0, False

    def on_serve(
        self, server: LiveReloadServer, *, config: MkDocsConfig, builder: object
    ) -> LiveReloadServer:
        """Build again when a snippet changes, what it read, or what was read side by side."""
        server.watch(str(self.book.folder))
        if (lock := self.book.project.lock).is_file():
            server.watch(str(lock))
        self.server = server
        self._watch(server, config)
        from precis.run.parent import warm_up  # where nothing is served, nothing may need it

        warm_up(self.book.readable())  # the first save shall not wait until torch is imported
        return server

    def on_shutdown(self) -> None:
        """Put a whole site in the place of the old one; drop one that is not."""
        if self.site is None:
            return
        self.built.site_dir = str(self.site)  # where `mkdocs gh-deploy` looks for it
        if not self.aside.exists():
            return
        if not self.finished:
            shutil.rmtree(self.aside)
            return
        try:
            whole = publish(self.aside, self.site)
        except OSError as error:
            raise PluginError(
                f"precis: cannot publish to {display_path(self.site)}: {error}"
            ) from None
        if not whole:
            log.info("%s cannot be replaced: published file by file", display_path(self.site))

    def _watch(self, server: LiveReloadServer, config: MkDocsConfig) -> None:
        """Watch the files that the snippets read in the last build, and no others."""
        project = self.book.project
        folders = (project.docs, project.snippets, self.book.records.cache, Path(config.site_dir))
        read = {
            path
            for path in _files_read(self.book)
            if path.is_file() and not any(map(path.is_relative_to, folders))
        }
        for path in self.watched - read:
            server.unwatch(str(path))
        for path in read - self.watched:
            server.watch(str(path))
        self.watched = read

    def _judge(self) -> None:
        """Look at the text of pages, which needs no run, while what the first page shows runs.

        Those in which nothing is wrong are remembered, and not judged again when they are rendered.
        """
        reader, project = self.extension.reader, self.book.project
        # twins together: both are cut in sections
        for path in sorted(project.docs.rglob("*.md"), key=project.lock_key):
            with suppress(Malformed):  # said by `on_files`
                page_findings(reader, reader.read_page(path))

    def _verify(self) -> None:
        """Find what the snippets have wrong, shown on a page or not."""
        for path in self.book.paths():
            self.wrong |= dict.fromkeys(map(str, snippet_findings(self.book, path)))

    def _lab(self, lab: labs.Lab, page: MkDocsPage, files: Files) -> tuple[str, bytes]:
        """Return the Markdown of a lab's page, and the lab's notebook."""
        try:
            verified = self.book.verified(lab.snippet)
        except Malformed as error:
            self.wrong |= dict.fromkeys(map(str, error.findings))
            self.extension.page = Page()
            labs.render_finding(page)
            # which becomes what is wrong
            return f"```{EMBED}\n{lab.snippet.name}:text\n```\n", b""
        written = self.extension.reader.read_lab(verified.snippet, lab.language)
        made = self._offer(written, lab.notebook, page, files)
        self.extension.page = self.pages[written.page_path] = Page(written)
        labs.render_notebook(page, self.extension, verified)
        return "\n".join(written.lines), made

    def _offer(self, written: PageText, name: str, page: MkDocsPage, files: Files) -> bytes:
        """Write the notebook of a page beside it, for download."""
        address = page.canonical_url or page.url
        made = make_notebook(written, self.book, address, lambda href: _absolute(href, page, files))
        file = Path(page.file.abs_dest_path).with_name(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(made)
        self.notebooks[page.file.dest_uri] = name
        return made

    def _refuse(self) -> None:
        count = len(self.wrong)
        things = f"{count} thing{'s' if count > 1 else ''} to mend"
        raise PluginError("\n\n".join([f"precis: {things}; nothing was published.", *self.wrong]))


def _project(config: MkDocsConfig, snippets: str) -> Project:
    """Return the project that a site's configuration describes."""
    file = Path(config.config_file_path) if config.config_file_path else None
    i18n = config.plugins.get("i18n")
    return Project.from_settings(
        file.parent if file else Path.cwd(),
        config.docs_dir,
        snippets,
        i18n.config if i18n else None,
        file,
    )


def _files_read(book: Book) -> set[Path]:
    """Return the project's files that the snippets read when they ran, as their records say."""
    files: set[Path] = set()
    for path in book.paths():
        with suppress(Malformed):  # a finding already
            files |= {book.records.root / name for name in book.verified(path).record.files}
    return files


def _warn_only(config: MkDocsConfig) -> None:
    """Let a warning be one: in strict mode no page would be served until it is mended."""
    config.strict = False
    logger = logging.getLogger("mkdocs")
    for handler in [h for h in logger.handlers if isinstance(h, CountHandler)]:
        logger.removeHandler(handler)  # MkDocs counts from before `on_config` on


def _opened(page: MkDocsPage, markdown: str) -> Page:
    """A page to be converted; one that cannot be read is said elsewhere to be wrong."""
    source = page.file.abs_src_path
    path = display_path(Path(source)) if source else page.file.src_uri
    try:
        text = read(Path(source)) if source else page.file.content_string
    except Malformed:
        return Page()
    first_line = text.count("\n") - markdown.count("\n") + 1
    return Page(PageText(path, first_line=first_line))


def _absolute(href: str, page: MkDocsPage, files: Files) -> str:
    """The address that a link of a page leads to."""
    path, mark, anchor = href.partition("#")
    source = posixpath.normpath(posixpath.join(posixpath.dirname(page.file.src_uri), path))
    target = files.get_file_from_path(source) if path else None
    here = page.canonical_url or page.url
    root = here.removesuffix(page.url)
    return (urljoin(root, target.url) if target else urljoin(here, path)) + mark + anchor
