"""Remember the pages in whose text nothing was wrong, so that they are not judged again.

What is kept of a page holds while all that the judgement read is what it was: the page, its
twins and their entries in the lock, the snippets that it embeds, what the pages to which it links
embed, the engine. Findings are never kept: what is wrong is said by a judgement.
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
    cache, name, now = reader.book.records.cache, f"passed {page.at}", _state(reader.book, page)
    known = find(cache, name, now)
    if (
        known
        and known.get("linked") == _embeds(reader, map(Path, known.get("linked", ())))
        and known.get("files") == digests(map(Path, known.get("files", ())))
    ):
        return ()
    found = reader.judged(page).findings
    if not found:
        linked = _embeds(reader, _linked(page))
        shown = {*_shown(page.fences), *(embed for embeds in linked.values() for embed in embeds)}
        files = digests(sorted({path for embed in shown for path in _snippets(reader.book, embed)}))
        keep(cache, name, now, linked=linked, files=files)
    return found


def _state(book: Book, page: Written) -> str:
    """That of the page, and of what it is compared with."""
    path = Path(page.path)
    own = f"{key(path)}#"
    known = read_lock(lock_of(path)).items()
    lock = {entry: str(pair) for entry, pair in known if entry.startswith(own)}
    beside = [path] if page.place else twins(path)  # a lab stands in one file with its twins
    others = digests([book.records.root / _SETTINGS, *beside])
    text = "\n".join(page.lines).rstrip()  # Markdown adds blank lines to what it converts
    return state(page.at, text, page.first_line, page.fences, lock, others)


def _linked(page: Written) -> Iterator[Path]:
    """The pages to which a page links."""
    links = (p.text for block in page.blocks for p in block.pieces if p.kind == "link")
    paths = (Path(page.at).parent / link.partition("#")[0] for link in links)
    return (path for path in paths if path.suffix == ".md")


def _embeds(reader: Reader, paths: Iterable[Path]) -> dict[str, list[str]]:
    """What pages embed: all that is read of them. Nothing where there is no page."""
    return {
        str(path): _shown(reader.opened(path).fences) if path.is_file() else [] for path in paths
    }


def _shown(fences: Iterable[Fence]) -> list[str]:
    return [fence.body.strip() for fence in fences if fence.language == EMBED]


def _snippets(book: Book, embed: str) -> tuple[Path, ...]:
    """Where the snippet of an embed is looked for."""
    name = embed.partition(":")[0]
    return book.folder / name, book.folder / LABS / name
