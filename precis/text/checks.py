"""What is wrong with a page's text: the build, the commands, Zensical and pytest ask here.

A page in which nothing was wrong is remembered and skipped until something it was judged with
changes: the page, or the engine; for its proofs, the cells that it shows and those of the pages to
which it links; for the rest, its twins and their entries in the lock. Findings are never
remembered: each is the result of a judgement.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any

from precis.base.cache import digests, find, keep, state
from precis.base.finding import Finding, Malformed
from precis.base.project import Project
from precis.book.book import Book
from precis.text.fences import embeds
from precis.text.pages import Reader
from precis.text.parity import pairs
from precis.text.prose import Written
from precis.text.witness import Cells


def page_findings(reader: Reader, page: Written) -> tuple[Finding, ...]:
    """Return what is wrong with a page's text; skip what passed and has not changed."""
    project, cache = reader.project, reader.book.records.cache
    name, now = f"passed {page.at}", _state(project, page)
    known, beside = find(cache, name, now) or {}, _beside(project, page)
    compared, proved = known.get("beside") == beside, _still_proved(reader, known)
    if compared and proved:
        return ()
    found = [] if compared else reader.compared(page)
    found += () if proved else reader.proved(page).findings
    if not found:
        linked = _embeds(reader, _linked(page))
        shown = sorted({*embeds(page.fences), *chain.from_iterable(linked.values())})
        keep(cache, name, now, beside=beside, linked=linked, cells=_cells(reader.book, shown))
    return tuple(sorted(found))


def _state(project: Project, page: Written) -> str:
    """That of the page."""
    text = "\n".join(page.lines).rstrip()  # Markdown adds blank lines to what it converts
    settings = digests([project.config] if project.config else [])  # of what finds the fences
    place = page.path, page.at, page.language, page.first_line
    return state(place, text, page.fences, settings)


def _beside(project: Project, page: Written) -> str:
    """The state of what the page is compared with."""
    path = Path(page.path)
    lock = {section: str(pair) for section, pair in pairs(project, path).items()}
    # a lab stands in one file with its twins
    return state(lock, digests([path] if page.place else project.twins(path)))


def _still_proved(reader: Reader, known: Mapping[str, Any]) -> bool:
    """Whether the cells that proved a page are what they were."""
    linked, cells = known.get("linked"), known.get("cells")
    return (
        linked is not None
        and cells is not None
        and linked == _embeds(reader, map(Path, linked))
        and cells == _cells(reader.book, cells)
    )


def _linked(page: Written) -> Iterator[Path]:
    """The pages to which a page links."""
    links = (p.text for block in page.blocks for p in block.pieces if p.kind == "link")
    paths = (Path(page.at).parent / link.partition("#")[0] for link in links)
    return (path for path in paths if path.suffix == ".md")


def _embeds(reader: Reader, paths: Iterable[Path]) -> dict[str, list[str]]:
    """What pages embed: all that is read of them. Nothing where there is no page."""
    return {
        str(path): embeds(reader.opened(path).fences) if path.is_file() else [] for path in paths
    }


def _cells(book: Book, embeds: Iterable[str]) -> dict[str, str]:
    """The state of what proofs read of cells; "" where there is no such cell."""
    states = {}
    for embed in embeds:
        states[embed] = ""
        with suppress(LookupError, Malformed):  # a finding already
            cell = Cells([book.cell(embed)])
            states[embed] = state(cell.printed, cell.code)
    return states
