"""No silent holes: every cell is shown where it belongs, and what was verified is counted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from pathlib import PurePath
from typing import NamedTuple

from precis.base.characters import composed
from precis.base.finding import Finding, Malformed, counted, shown
from precis.book.book import Book
from precis.page.extension import Page
from precis.text.fences import SHOWN_ONLY, Fence

_Embeds = list[tuple[str, Fence]]
"""The names of a file's cells that a page embeds, with their fences."""


def holes(book: Book, pages: Mapping[str, Page]) -> list[Finding]:
    """What a chapter's pages leave out, repeat or show out of order.

    `pages` are the pages by path; those called `<slug>.md` belong to `<slug>.py`, and each
    shows all its cells, once, in order. A snippet without such a page must be quoted whole.
    """
    found: list[Finding] = []
    chapters: dict[str, list[str]] = defaultdict(list)
    embeds: dict[str, dict[str, _Embeds]] = defaultdict(lambda: defaultdict(list))
    for at, page in pages.items():  # the pages of a lab have one path
        chapters[composed(PurePath(page.path).stem)].append(at)
        for fence in page.fences:
            if fence.embeds:
                file, _, name = composed(fence.body.strip()).partition(":")
                embeds[file][at].append((name, fence))
    for path in book.paths():
        try:
            snippet = book.snippet(path)
        except Malformed:
            continue  # a finding already
        names = [cell.name for cell in snippet.cells]
        quotes = embeds[snippet.name]
        own = chapters[PurePath(snippet.name).stem]
        for at in own:
            found += _order(pages[at].path, quotes[at], names)
        quoted = {name for embedded in quotes.values() for name, _ in embedded}
        for cell in snippet.cells:
            without = [pages[at].path for at in own if cell.name not in dict(quotes[at])]
            if without or cell.name not in quoted:
                where = ", ".join(without) or "any page"
                found.append(
                    Finding(
                        shown(path),
                        cell.line,
                        1,
                        f"the cell {cell.name} is not shown in {where}",
                        f"Embed {snippet.name}:{cell.name} there, or delete the cell.",
                    )
                )
    return found


class Outputs(NamedTuple):
    """How many statements of a book print."""

    printed: int
    verified: int
    """Those that print what their file says."""


def outputs_of(book: Book) -> Outputs:
    """What the files print that can be read as snippets."""
    checked = []
    for path in book.paths():
        with suppress(Malformed):  # a finding already
            checked.append(book.verified(path))
    printed = sum(len([o for o in v.record.run.outcomes if o.printed]) for v in checked)
    return Outputs(printed, sum(v.outputs() for v in checked))


def unrecorded(book: Book) -> list[str]:
    """Return a line for each snippet that runs in each build, with the reason."""
    lines = []
    for path in book.paths():
        with suppress(Malformed):  # a finding already
            if what := book.verified(path).record.run.unfollowed:
                lines.append(f"{shown(path)} runs in each build: it uses {what}")
    return lines


def count(book: Book) -> str:
    """What was verified, and where, in one line."""
    outputs, verified = outputs_of(book)
    elsewhere = f", {verified} on {book.device}" if book.device != "cpu" else ""
    return f"{counted(outputs, 'output')}: {verified} verified on cpu{elsewhere}"


def tally(book: Book, pages: Mapping[str, Page]) -> str:
    """What was verified and what is only shown, in one line."""
    fences = [fence for page in pages.values() for fence in page.fences if not fence.in_comment]
    only = sum(fence.language == SHOWN_ONLY for fence in fences)
    return f"{count(book)}; {counted(only, 'block')} shown only"


def _order(page: str, embeds: _Embeds, names: list[str]) -> list[Finding]:
    found = []
    seen: list[str] = []
    for name, fence in embeds:
        if name in seen:
            what = f"the cell {name} is shown a second time"
            found.append(Finding(page, fence.line, 1, what, "A chapter shows a cell once."))
        elif name in names and seen and names.index(name) < names.index(seen[-1]):
            what = f"the cell {name} is shown after {seen[-1]}, and runs before it"
            found.append(Finding(page, fence.line, 1, what, "Show cells in the file's order."))
        if name in names:
            seen.append(name)
    return found
