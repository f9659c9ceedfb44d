"""Write what a snippet printed into its `#>` lines: text in, text out."""

from __future__ import annotations

import re

from precis.finding import Finding, Malformed, shown
from precis.outcome import Run
from precis.snippet import Snippet, is_marked


def updated(text: str, snippet: Snippet, run: Run) -> str:
    """The text of a snippet with the `#>` lines that a whole run calls for.

    Lines marked for another device type than the CPU stay, after the others. Line ends stay
    what they are. Raises Malformed where something was printed that no line can hold.
    """
    lines = text.split("\n")
    pairs = list(zip(snippet.statements, run.outcomes, strict=True))
    for statement, outcome in reversed(pairs):
        printed = list(outcome.printed)
        if printed == statement.expected():
            continue
        if held := re.search("[\r\0]", "\n".join(printed)):
            what = f"printed {held[0]!r}, which no #> line can hold"
            hint = "Print its repr, or leave it out."
            raise Malformed(Finding(shown(snippet.path), statement.line, 1, what, hint))
        # what looks like a mark is marked for the CPU, and so read back as it is
        mark = "[cpu] " if any(map(is_marked, printed)) else ""
        line_end = "\r" if lines[statement.end - 1].endswith("\r") else ""
        old = statement.expectations
        kept = [lines[e.line - 1] for e in old if e.device not in (None, "cpu")]
        new = [f"#> {mark}{line}".rstrip() + line_end for line in printed]
        lines[statement.end : statement.end + len(old)] = new + kept
    return "\n".join(lines)
