"""Show a saved page before the whole site is built: `mkdocs serve`.

When pages or snippets are saved, only the pages that show them are converted and written, into the
site as it was built last; browsers load them. The whole site is built after that, beside the
served one, and takes its place: so what is served at rest is what MkDocs builds, whatever was
shown before. A newer save ends that build. After any other change, and after an error, the whole
site is built at once, as MkDocs does.
"""

from __future__ import annotations

import copy
import logging
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs import utils
from mkdocs.commands import build
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.livereload import LiveReloadServer
from mkdocs.plugins import BasePlugin
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.nav import Navigation

from precis.sites.notice import FAILED, WAITING, say, without_notice
from precis.text.fences import embed_names

if TYPE_CHECKING:
    from jinja2 import Environment

    from precis.sites.mkdocs import PrecisPlugin

log = logging.getLogger("mkdocs.plugins.precis")

REST = 1.0
"""Seconds from a page that was shown to the build of the site: browsers load the page meanwhile."""


class Superseded(BaseException):  # not an Exception: MkDocs would report it as an error
    """Ends the build of a site after a newer save."""


def end_if(superseded: threading.Event | None) -> None:
    """Raise Superseded in a build that a newer save ended."""
    if superseded and superseded.is_set():
        raise Superseded


@dataclass
class Built:
    """What MkDocs knew when it had converted the pages of one language."""

    ours: PrecisPlugin
    config: MkDocsConfig
    files: Files
    nav: Navigation
    env: Environment
    pages: Sequence[File]
    _state: list[tuple[Any, dict[str, Any]]] = field(init=False)
    """The attributes of the configuration and the plugins, which the next language changes."""

    def __post_init__(self) -> None:
        self._state = self._now()

    @contextmanager
    def as_it_was(self, site: Path) -> Iterator[None]:
        """Set the configuration and the plugins as they were, for a folder of the site."""
        now = self._now()
        try:
            _set(self._state)
            self.config.site_dir = str(site)
            yield
        finally:
            _set(now)

    def _now(self) -> list[tuple[Any, dict[str, Any]]]:
        """Return the attributes, with copies of the lists and mappings among them."""
        config, plugins = self.config, self.config.plugins.values()
        # the engine's plugin serves all languages; hooks are modules
        others = [p for p in plugins if isinstance(p, BasePlugin) and p is not self.ours]
        return [
            (thing, {name: _copied(value) for name, value in vars(thing).items()})
            for thing in (config, config.theme, config.extra, *others)
        ]


def _copied(value: Any) -> Any:
    return copy.copy(value) if type(value) in (dict, list, set) else value


def _set(state: list[tuple[Any, dict[str, Any]]]) -> None:
    for thing, attributes in state:
        vars(thing).clear()
        vars(thing).update((name, _copied(value)) for name, value in attributes.items())


class Preview:
    """What the server calls in place of MkDocs' builder when a file was saved."""

    def __init__(
        self,
        plugin: PrecisPlugin,
        server: LiveReloadServer,
        builder: Callable[[], None],
        config: MkDocsConfig,
    ) -> None:
        self.plugin = plugin
        self.builder = builder
        self.site = Path(server.root)
        self.watched = [config.docs_dir, config.config_file_path, config.theme.custom_dir]
        self.watched += config.watch
        self.signal = self.site.with_name(f"{self.site.name}.built")
        """A file that the server watches: when it is written, browsers load their pages again."""

        self.signal.write_text("")
        server.watch(str(self.signal))
        self.superseded = threading.Event()
        self.thread: threading.Thread | None = None
        self.is_ahead = False
        """Whether pages were shown that the site as a whole does not have yet."""

        self.files = self._files()

    def __call__(self) -> None:
        """Show the pages that were saved, or build the site."""
        self._supersede()
        before, self.files = self.files, self._files()
        saved = self._changed(before)
        signalled = self.signal in saved
        saved.discard(self.signal)
        known = before.keys() & self.files.keys()
        if saved and saved <= known and self._show(self._pages(saved)):
            self._build_after()
        elif self.is_ahead and not saved:
            self._build_after()  # the server reported one save twice
        elif saved or not signalled:
            self.is_ahead, self.plugin.built = False, []  # no page is shown if the build fails
            self.builder()

    def end(self) -> None:
        """End a build that goes on."""
        self._supersede()
        self.signal.unlink(missing_ok=True)

    def _supersede(self) -> None:
        self.superseded.set()
        if self.thread:
            self.thread.join()
            self.thread = None

    def _changed(self, before: dict[Path, tuple[int, int]]) -> set[Path]:
        """Return the files that are new, gone or other than before."""
        now = self.files
        changed = {path for path in before.keys() | now.keys() if before.get(path) != now.get(path)}
        # which files are watched one by one depends on what the snippets read in the last build
        begun = {path for path in self._alone() if path not in before}
        ended = {path for path in changed if path not in now and path.exists()}
        return changed - begun - ended

    def _files(self) -> dict[Path, tuple[int, int]]:
        """Return the files that the server watches, with their time and size."""
        folders = [Path(folder) for folder in self.watched if folder] + [self.plugin.book.folder]
        paths = [path for folder in folders for path in (folder, *folder.rglob("*"))]
        files: dict[Path, tuple[int, int]] = {}
        for path in [*paths, *self._alone()]:
            with suppress(OSError):  # deleted meanwhile
                if path.is_file():
                    status = path.stat()
                    files[path.absolute()] = status.st_mtime_ns, status.st_size
        return files

    def _alone(self) -> set[Path]:
        """Return the files that are watched one by one."""
        watcher = self.plugin.watcher
        return {self.signal, *(watcher.own | watcher.files if watcher else ())}

    def _pages(self, changed: set[Path]) -> list[tuple[Built, File]]:
        """Return the pages that show changed files; none if one of these is of another kind."""
        snippets = set(self.plugin.book.paths())
        names = {path.name for path in changed & snippets}
        found, others = [], set(changed)
        for built in self.plugin.built:
            for file in built.pages:
                source = Path(str(file.abs_src_path))
                embedded = embed_names(self.plugin.pages[file.src_uri].source.fences)
                shown = {name.partition(":")[0] for name in embedded} & names
                if source in changed or shown:
                    found.append((built, file))
                    others -= {source, *(p for p in changed & snippets if p.name in shown)}
        return [] if others else found

    def _show(self, pages: list[tuple[Built, File]]) -> bool:
        """Convert and write pages; return whether that was possible."""
        if not pages:
            return False
        start = time.monotonic()
        self._say(WAITING)
        try:
            with self.plugin.showing():
                for built, file in pages:
                    with built.as_it_was(self.site):
                        _write_page(built, file, self.site)
        except Exception:
            log.info("Pages could not be shown before the site is built:\n%s", _last_line())
            return False
        names = ", ".join(file.src_uri for _, file in pages)
        log.info("Shown in %.2f seconds: %s", time.monotonic() - start, names)
        return True

    def _build_after(self) -> None:
        self.is_ahead, self.superseded = True, threading.Event()
        self.thread = threading.Thread(target=self._build_aside, daemon=True)
        self.thread.start()

    def _build_aside(self) -> None:
        """Build the site beside the served one, and put it in its place."""
        if self.superseded.wait(REST):
            return
        before, plugin = vars(self.plugin).copy(), self.plugin
        plugin.superseded = self.superseded
        try:
            with _undone():
                self.builder()
            same = self._publish()
        except Superseded:
            self._drop(before)
        except (Exception, SystemExit) as error:  # MkDocs' Abort is a SystemExit
            if not isinstance(error, SystemExit):
                traceback.print_exc()
            log.error("The site could not be built: what is served is the last one that could.")
            self._drop(before)
            self._say(FAILED)
        else:
            self.is_ahead = False
            if not same:
                self.signal.write_text(str(time.time()))

    def _publish(self) -> bool:
        """Put a built site in place of the served one; return whether its pages are the same."""
        publication = self.plugin.publication
        assert publication
        same = _pages_of(publication.aside) == _pages_of(self.site)
        publication.end(complete=True)
        self.plugin.publication = self.plugin.superseded = None
        return same

    def _drop(self, before: dict[str, Any]) -> None:
        """Delete what was built; what the plugin knew before belongs to the served site."""
        if publication := self.plugin.publication:
            publication.end(complete=False)
        vars(self.plugin).update(before)

    def _say(self, state: str) -> None:
        with suppress(FileNotFoundError):
            say(self.site, state)


def _write_page(built: Built, file: File, site: Path) -> None:
    """Convert and write a page, with all events that MkDocs has for it."""
    assert file.page
    file.abs_dest_path = str(site / file.dest_uri)
    vars(file.page).pop("render", None)  # that of the last build, for what the page was
    draft = file.inclusion == InclusionLevel.DRAFT
    build._populate_page(file.page, built.config, built.files)
    build._build_page(file.page, built.config, built.pages, built.nav, built.env, excluded=draft)


@contextmanager
def _undone() -> Iterator[None]:
    """Put back what static-i18n changes in MkDocs for its builds; it does so only at their end."""
    logger = logging.getLogger("mkdocs.commands.build")
    clean, filters = utils.clean_directory, list(logger.filters)
    try:
        yield
    finally:
        utils.clean_directory, logger.filters[:] = clean, filters


def _pages_of(site: Path) -> dict[str, bytes]:
    """Return the pages of a site, without notices."""
    return {
        path.relative_to(site).as_posix(): without_notice(path.read_bytes())
        for path in site.rglob("*.html")
    }


def _last_line() -> str:
    return traceback.format_exc().strip().rpartition("\n")[2]
