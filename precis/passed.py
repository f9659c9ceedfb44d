"""Remember the pages in whose text nothing was wrong, so that they are not judged again.

What is kept of a page holds while all that the judgement read is what it was: the page, its
twins and their entries in the lock, the snippets that it embeds, the pages to which it links
and theirs, the engine. Findings are never kept: what is wrong is said by a judgement.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterable, Iterator
from pathlib import Path

from precis.book import LABS, Book
from precis.finding import Finding
from precis.kept import digests, find, keep, state
from precis.page import EMBED, Fence
from precis.prose import Written
from precis.reading import Reader
from precis.translation import key, lock_of, read_lock, twins

_SETTINGS = "mkdocs.yml"
"""Where the options of what finds the fences stand, if anywhere."""


def findings(reader: Reader, page: Written) -> tuple[Finding, ...]:
    """What is wrong with a page's text, judged only where it did not pass as it is."""
    cache, name, now = reader.book.records.cache, f"passed {page.at}", _state(reader.book, page)
    known = find(cache, name, now)
    if known and known.get("files") == digests(map(Path, known.get("files", ()))):
        return ()
    found = reader.judged(page).findings
    if not found:
        files = {*_embedded(reader.book, page.fences), *_linked(reader, page)}
        keep(cache, name, now, files=digests(files))
    return found


def _state(book: Book, page: Written) -> str:
    """That of the page, and of what it is compared with."""
    path = Path(page.path)
    own = f"{key(path)}#"
    lock = {entry: str(pair) for entry, pair in _lock(lock_of(path)) if entry.startswith(own)}
    # a lab stands in one file with its twins
    others = digests([book.records.root / _SETTINGS, path, *twins(path)])
    return state(page.at, page.lines, page.first_line, page.fences, lock, others)


def _lock(path: Path) -> list[tuple[str, object]]:
    with contextlib.suppress(OSError):
        stat = path.stat()
        return _parsed(path, stat.st_mtime_ns, stat.st_size)
    return []


@functools.lru_cache(maxsize=2)
def _parsed(path: Path, _changed: int, _size: int) -> list[tuple[str, object]]:
    return list(read_lock(path).items())


def _linked(reader: Reader, page: Written) -> Iterator[Path]:
    """The pages to which a page links, and the snippets that they embed."""
    addresses = {
        p.text.partition("#")[0] for b in page.blocks for p in b.pieces if p.kind == "link"
    }
    for path in (Path(page.at).parent / address for address in addresses):
        if path.suffix == ".md":
            yield path
            if path.is_file():
                yield from _embedded(reader.book, reader.opened(path).fences)


def _embedded(book: Book, fences: Iterable[Fence]) -> Iterator[Path]:
    for fence in fences:
        if fence.language == EMBED:
            name = fence.body.strip().partition(":")[0]
            yield from (book.folder / name, book.folder / LABS / name)
