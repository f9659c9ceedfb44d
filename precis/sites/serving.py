"""What `mkdocs serve` needs: warnings that end nothing, and the files to watch."""

from __future__ import annotations

import logging
from contextlib import suppress
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.livereload import LiveReloadServer
from mkdocs.utils import CountHandler

from precis.base.finding import Malformed
from precis.base.words import FILE as WORDS
from precis.book.book import Book


def disable_strict_mode(config: MkDocsConfig) -> None:
    """Turn strict mode off: it would serve no page until every warning is corrected."""
    config.strict = False
    logger = logging.getLogger("mkdocs")
    for handler in [h for h in logger.handlers if isinstance(h, CountHandler)]:
        logger.removeHandler(handler)  # MkDocs counts from before `on_config` on


class Watcher:
    """Watches snippets and what they read, the lock and the words: MkDocs knows none of them."""

    def __init__(self, server: LiveReloadServer, book: Book) -> None:
        self.server = server
        self.own = {p for p in (book.project.lock, book.project.root / WORDS) if p.is_file()}
        """The lock and the words."""

        self.files: set[Path] = set()
        """Those that the snippets read in the last build."""

        for path in (book.folder, *sorted(self.own)):
            server.watch(str(path))

    def update(self, book: Book, site: Path) -> None:
        """Watch the files that the snippets read in the last build, and no others."""
        project = book.project
        watched = (project.docs, project.snippets, book.records.cache, site)
        files = {
            path
            for path in _files_read(book)
            if path.is_file() and not any(map(path.is_relative_to, watched))
        }
        for path in self.files - files:
            self.server.unwatch(str(path))
        for path in files - self.files:
            self.server.watch(str(path))
        self.files = files


def _files_read(book: Book) -> set[Path]:
    """Return the files that the snippets read when they ran, according to their records."""
    files: set[Path] = set()
    for path in book.paths():
        with suppress(Malformed):  # reported by the build
            files |= {book.records.root / name for name in book.verified(path).record.files}
    return files
