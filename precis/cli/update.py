"""Write what a snippet printed into its `#>` lines: text in, text out."""

from __future__ import annotations

from precis.base.characters import split_lines, why_unprintable
from precis.base.finding import Finding, Malformed, shown
from precis.run.outcome import Run
from precis.source.snippet import Snippet, decode, is_marked, parse


def updated(text: str, snippet: Snippet, run: Run) -> str:
    """Return the text of a snippet with the `#>` lines that a whole run calls for.

    Lines marked for another device type than the CPU stay, after the others. Line ends stay
    what they are. Raises Malformed where something was printed that no line can hold, or where
    the new text would not be read as it is meant.
    """
    lines, ends = split_lines(text)
    pairs = list(zip(snippet.statements, run.outcomes, strict=True))
    for statement, outcome in reversed(pairs):
        printed = list(outcome.printed)
        if printed == statement.expected():
            continue
        if unprintable := why_unprintable(printed):
            raise Malformed(Finding(shown(snippet.path), statement.line, 1, *unprintable))
        # what looks like a mark is marked for the CPU, and so read back as it is
        mark = "[cpu] " if any(map(is_marked, printed)) else ""
        old = statement.expectations
        first, end = statement.end, statement.end + len(old)
        kept = [lines[e.line - 1] for e in old if e.device not in (None, "cpu")]
        lines[first:end] = [f"#> {mark}{line}".rstrip() for line in printed] + kept
        # the statement's own line end, and for the last line the one that was there
        added = len(printed) + len(kept)
        own, last = ends[first - 1] or _first(ends), ends[end - 1]
        ends[first - 1 : end] = [own] * added + [last]
    after = "".join(line + end for line, end in zip(lines, ends, strict=True))
    _check(after, snippet, run)
    return after


def _first(ends: list[str]) -> str:
    return next(filter(None, ends), "\n")


def _check(text: str, snippet: Snippet, run: Run) -> None:
    """Raise Malformed unless the text reads as the same statements with what they printed."""
    try:
        again = parse(decode(text.encode("utf-8"), snippet.path), snippet.path)
    except Malformed as error:
        refused = error.findings[0].what
        what = f"left as it is: its new #> lines would make it {refused}"
        raise Malformed(Finding(shown(snippet.path), 1, 1, what, "Print less.")) from None
    before = [
        (s.code, list(o.printed)) for s, o in zip(snippet.statements, run.outcomes, strict=True)
    ]
    if [(s.code, s.expected()) for s in again.statements] != before:
        what = "left as it is: its new #> lines would be read as others"
        hint = "Save the file with one kind of line ends, and run it again."
        raise Malformed(Finding(shown(snippet.path), 1, 1, what, hint))
