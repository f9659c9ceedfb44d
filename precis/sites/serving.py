"""What `mkdocs serve` needs: warnings that end nothing, and the files to watch."""

from __future__ import annotations

import logging
from contextlib import suppress
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.livereload import LiveReloadServer
from mkdocs.utils import CountHandler

from precis.base.finding import Malformed
from precis.book.book import Book


def disable_strict_mode(config: MkDocsConfig) -> None:
    """Turn strict mode off: it would serve no page until every warning is corrected."""
    config.strict = False
    logger = logging.getLogger("mkdocs")
    for handler in [h for h in logger.handlers if isinstance(h, CountHandler)]:
        logger.removeHandler(handler)  # MkDocs counts from before `on_config` on


class Watcher:
    """Watches the files that snippets read, which MkDocs does not watch by itself."""

    def __init__(self, server: LiveReloadServer) -> None:
        self.server = server
        self.files: set[Path] = set()

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
