"""Diff two lists of lines in bounded time and space."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from precis.base.characters import escape_control_characters
from precis.base.finding import pluralize

CONTEXT = 3
"""Equal lines shown before and after a difference."""

WIDTH = 200
"""Characters shown of a line."""

SHOWN = 100
"""Lines shown of a diff."""

_MARKED_LINES, _MARKED_CHARACTERS = 60, 8_000
"""The largest input of `ndiff`, which marks differences in a line in cubic time."""

_COMPARED = 500
"""Lines compared, from the first."""


def diff(old: Sequence[str], new: Sequence[str]) -> list[str]:
    """Return the lines of a diff: `- ` before lines of `old`, `+ ` before lines of `new`."""
    (old, new), before, after = _trim_equal_ends(old, new)
    sizes = [len(line) for line in (*old, *new)]
    is_small = max(len(old), len(new)) <= _MARKED_LINES and sum(sizes) <= _MARKED_CHARACTERS
    if is_small and max(sizes, default=0) <= WIDTH:
        lines = list(difflib.ndiff(old, new))
    else:
        lines = list(_interleave(*_cut_to_width(old[:_COMPARED], new[:_COMPARED])))
    hidden = sum(
        max(len(each) - limit, 0)
        for each, limit in ((lines, SHOWN), (old, _COMPARED), (new, _COMPARED))
    )
    lines = [escape_control_characters(line).rstrip() for line in lines[:SHOWN]]
    above = [f"  … {pluralize(before, 'equal line')}"] if before else []
    if hidden:
        return [*above, *lines, f"… and {pluralize(hidden, 'more line')}"]
    return [*above, *lines, *([f"  … {pluralize(after, 'equal line')}"] if after else [])]


def _trim_equal_ends(
    old: Sequence[str], new: Sequence[str]
) -> tuple[list[Sequence[str]], int, int]:
    """Return both lists without their equal first and last lines, and the numbers removed.

    CONTEXT lines stay; so does a single line more, since its note would take a line too.
    """
    length = min(len(old), len(new))
    before = next((n for n in range(length) if old[n] != new[n]), length)
    below = range(length - before)
    after = next((n for n in below if old[-1 - n] != new[-1 - n]), len(below))
    before, after = (n - CONTEXT if n > CONTEXT + 1 else 0 for n in (before, after))
    return [lines[before : len(lines) - after] for lines in (old, new)], before, after


def _interleave(old: list[str], new: list[str]) -> Iterator[str]:
    """Yield the lines of a diff, each replaced line followed by its replacement.

    In another order, a diff that is cut at its limit could show old lines only.
    """
    matcher = difflib.SequenceMatcher(None, old, new)
    for number, group in enumerate(matcher.get_grouped_opcodes(CONTEXT)):
        if number:
            yield "  …"
        for tag, i, old_end, j, new_end in group:
            if tag == "equal":
                yield from (f"  {line}" for line in old[i:old_end])
                continue
            for removed, added in zip_longest(old[i:old_end], new[j:new_end]):
                yield from (f"- {removed}",) if removed is not None else ()
                yield from (f"+ {added}",) if added is not None else ()


def _cut_to_width(old: Sequence[str], new: Sequence[str]) -> list[list[str]]:
    """Return both lists, long lines cut to where they differ from the same line of the other."""
    return [
        [_cut(line, others[n] if n < len(others) else "") for n, line in enumerate(lines)]
        for lines, others in ((old, new), (new, old))
    ]


def _cut(line: str, other: str) -> str:
    if len(line) <= WIDTH:
        return line
    pairs = enumerate(zip(line, other, strict=False))
    difference = next((n for n, (a, b) in pairs if a != b), min(len(line), len(other)))
    start = max(difference - WIDTH // 2, 0)
    end = start + WIDTH
    return f"{'…' if start else ''}{line[start:end]}{'…' if end < len(line) else ''}"
