"""Summarize what was verified of a book."""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple

from precis.base.finding import Malformed, display_path, pluralize
from precis.book.book import Book


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
