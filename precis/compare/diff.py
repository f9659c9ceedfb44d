"""Show how two lists of lines differ, in bounded time and space."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from precis.base.characters import escaped
from precis.base.finding import pluralize

CONTEXT = 3
"""How many equal lines are shown before and after those that differ."""

WIDTH = 200
"""Characters of a line that are shown."""

SHOWN = 100
"""Lines of a diff that are shown."""

_MARKED_LINES, _MARKED_CHARACTERS = 60, 8_000
"""Up to so many, `ndiff` marks what differs in a line: it is cubic in lines that are alike."""

_COMPARED = 500
"""Lines that are compared; of more, the first."""


def diff(old: Sequence[str], new: Sequence[str]) -> list[str]:
    """Return the lines of a diff: `- ` before what only `old` has, `+ ` before `new`'s."""
    (old, new), before, after = _unlike(old, new)
    sizes = [len(line) for line in (*old, *new)]
    is_small = max(len(old), len(new)) <= _MARKED_LINES and sum(sizes) <= _MARKED_CHARACTERS
    if is_small and max(sizes, default=0) <= WIDTH:
        lines = list(difflib.ndiff(old, new))
    else:
        lines = list(_in_turn(*_cut_to_width(old[:_COMPARED], new[:_COMPARED])))
    left = sum(
        max(len(each) - most, 0)
        for each, most in ((lines, SHOWN), (old, _COMPARED), (new, _COMPARED))
    )
    lines = [escaped(line).rstrip() for line in lines[:SHOWN]]
    above = [f"  … {pluralize(before, 'equal line')}"] if before else []
    if left:
        return [*above, *lines, f"… and {pluralize(left, 'more line')}"]
    return [*above, *lines, *([f"  … {pluralize(after, 'equal line')}"] if after else [])]


def _unlike(old: Sequence[str], new: Sequence[str]) -> tuple[list[Sequence[str]], int, int]:
    """Return both lists cut to where they differ, and how many lines are cut off above and below.

    CONTEXT lines stay around them; a single line is not cut off, to be replaced by its number.
    """
    shorter = min(len(old), len(new))
    before = next((n for n in range(shorter) if old[n] != new[n]), shorter)
    below = range(shorter - before)
    after = next((n for n in below if old[-1 - n] != new[-1 - n]), len(below))
    before, after = (n - CONTEXT if n > CONTEXT + 1 else 0 for n in (before, after))
    return [lines[before : len(lines) - after] for lines in (old, new)], before, after


def _in_turn(old: list[str], new: list[str]) -> Iterator[str]:
    """Yield the lines of a diff; where lines were replaced, an old one and its new one in turn.

    Otherwise a long diff, which is cut, would show old lines only.
    """
    matcher = difflib.SequenceMatcher(None, old, new)
    for number, group in enumerate(matcher.get_grouped_opcodes(CONTEXT)):
        if number:
            yield "  …"
        for tag, i, old_end, j, new_end in group:
            if tag == "equal":
                yield from (f"  {line}" for line in old[i:old_end])
                continue
            for gone, come in zip_longest(old[i:old_end], new[j:new_end]):
                yield from (f"- {gone}",) if gone is not None else ()
                yield from (f"+ {come}",) if come is not None else ()


def _cut_to_width(old: Sequence[str], new: Sequence[str]) -> list[list[str]]:
    """Return both lists with long lines cut to the part where they differ from their twin."""
    return [
        [_cut(line, twins[n] if n < len(twins) else "") for n, line in enumerate(lines)]
        for lines, twins in ((old, new), (new, old))
    ]


def _cut(line: str, twin: str) -> str:
    if len(line) <= WIDTH:
        return line
    pairs = enumerate(zip(line, twin, strict=False))
    unlike = next((n for n, (a, b) in pairs if a != b), min(len(line), len(twin)))
    start = max(unlike - WIDTH // 2, 0)
    end = start + WIDTH
    return f"{'…' if start else ''}{line[start:end]}{'…' if end < len(line) else ''}"
