"""Remember the pages in whose text nothing was wrong, so that they are not judged again.

What is kept of a page holds while all that the judgement read is what it was: the page, its
twins and their entries in the lock, the snippets that it embeds, the pages to which it links
and theirs, the engine. Findings are never kept: what is wrong is said by a judgement.
"""

from __future__ import annotations

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
    if page.place:
        return reader.judged(page).findings  # a lab: its text stands in a snippet
    cache, name, now = reader.book.records.cache, f"passed {page.path}", _state(reader.book, page)
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
    known = read_lock(lock_of(path)).items()
    lock = {entry: str(pair) for entry, pair in known if entry.startswith(own)}
    others = digests([book.records.root / _SETTINGS, *twins(path)])
    text = "\n".join(page.lines).rstrip()  # Markdown adds blank lines to what it converts
    return state(page.path, text, page.first_line, page.fences, lock, others)


def _linked(reader: Reader, page: Written) -> Iterator[Path]:
    """The pages to which a page links, and the snippets that they embed."""
    addresses = {
        p.text.partition("#")[0] for b in page.blocks for p in b.pieces if p.kind == "link"
    }
    for path in (Path(page.path).parent / address for address in addresses):
        if path.suffix == ".md":
            yield path
            if path.is_file():
                yield from _embedded(reader.book, reader.opened(path).fences)


def _embedded(book: Book, fences: Iterable[Fence]) -> Iterator[Path]:
    for fence in fences:
        if fence.language == EMBED:
            name = fence.body.strip().partition(":")[0]
            yield from (book.folder / name, book.folder / LABS / name)
