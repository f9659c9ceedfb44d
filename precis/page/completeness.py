"""Check that chapters show every cell in order, and summarize what was verified."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import PurePath
from typing import NamedTuple

from precis.base.characters import nfc
from precis.base.finding import Finding, Malformed, display_path, pluralize
from precis.book.book import Book
from precis.page.page import Page
from precis.text.fences import SHOWN_ONLY, Fence

_Embeds = list[tuple[str, Fence]]
"""The cells of one file that a page embeds: their names and fences."""


def find_holes(book: Book, pages: Iterable[Page]) -> list[Finding]:
    """Return the cells that pages omit, repeat or show out of order.

    Pages called `<slug>.md` belong to `<slug>.py`, and each must show all its cells once and in
    order. Other snippets must be quoted completely.
    """
    findings: list[Finding] = []
    chapters: dict[str, list[str]] = defaultdict(list)
    embeds: dict[str, dict[str, _Embeds]] = defaultdict(lambda: defaultdict(list))
    sources = {page.source.page_path: page.source for page in pages}
    for page_path, source in sources.items():  # the pages of a lab share one source file
        chapters[nfc(PurePath(source.path).stem)].append(page_path)
        for fence in source.fences:
            if fence.is_embed:
                file, _, name = nfc(fence.body.strip()).partition(":")
                embeds[file][page_path].append((name, fence))
    for path in book.paths():
        try:
            snippet = book.snippet(path)
        except Malformed:
            continue  # reported elsewhere
        names = [cell.name for cell in snippet.cells]
        embeds_by_page = embeds[snippet.name]
        own_pages = chapters[PurePath(snippet.name).stem]
        for page_path in own_pages:
            shown = embeds_by_page[page_path]
            findings += _order_findings(sources[page_path].path, shown, names)
        embedded = {name for cells in embeds_by_page.values() for name, _ in cells}
        for cell in snippet.cells:
            incomplete = [
                sources[page_path].path
                for page_path in own_pages
                if cell.name not in dict(embeds_by_page[page_path])
            ]
            if incomplete or cell.name not in embedded:
                where = ", ".join(incomplete) or "any page"
                message = f"the cell {cell.name} is not shown in {where}"
                hint = f"Embed {snippet.name}:{cell.name} there, or delete the cell."
                findings.append(Finding(display_path(path), cell.line, 1, message, hint))
    return findings


class Outputs(NamedTuple):
    """The number of statements of a book that print."""

    printed: int
    verified: int
    """Those whose output is the expected one."""


def count_outputs(book: Book) -> Outputs:
    """Count the outputs of all files that parse."""
    checked = []
    for path in book.paths():
        with suppress(Malformed):  # reported elsewhere
            checked.append(book.verified(path))
    printed = sum(len([o for o in v.record.run.outcomes if o.printed]) for v in checked)
    return Outputs(printed, sum(v.count_outputs() for v in checked))


def list_unrecorded(book: Book) -> list[str]:
    """Return a line, with the reason, for each snippet that runs in every build."""
    lines = []
    for path in book.paths():
        with suppress(Malformed):  # reported elsewhere
            if reason := book.verified(path).record.run.untracked:
                lines.append(f"{display_path(path)} runs in each build: it uses {reason}")
    return lines


def summarize_outputs(book: Book) -> str:
    """Return a line with the number of outputs, and of those verified on each device."""
    printed, verified = count_outputs(book)
    other_device = f", {verified} on {book.device}" if book.device != "cpu" else ""
    return f"{pluralize(printed, 'output')}: {verified} verified on cpu{other_device}"


def summarize_pages(book: Book, pages: Iterable[Page]) -> str:
    """Return a line with the number of outputs and of blocks that are only shown."""
    fences = (fence for page in pages for fence in page.source.fences)
    shown_only = sum(f.language == SHOWN_ONLY and not f.in_comment for f in fences)
    return f"{summarize_outputs(book)}; {pluralize(shown_only, 'block')} shown only"


def _order_findings(page: str, embeds: _Embeds, names: list[str]) -> Iterator[Finding]:
    seen: list[str] = []
    for name, fence in embeds:
        if name in seen:
            message = f"the cell {name} is shown a second time"
            yield Finding(page, fence.line, 1, message, "A chapter shows a cell once.")
        elif name in names and seen and names.index(name) < names.index(seen[-1]):
            message = f"the cell {name} is shown after {seen[-1]}, and runs before it"
            yield Finding(page, fence.line, 1, message, "Show cells in the file's order.")
        if name in names:
            seen.append(name)
