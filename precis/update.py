"""Write what a snippet printed into its `#>` lines: text in, text out."""

from __future__ import annotations

from precis.run import Run
from precis.snippet import Snippet


def updated(text: str, snippet: Snippet, run: Run) -> str:
    """The text of a snippet with the `#>` lines that a whole run calls for.

    Only unmarked `#>` lines change; those marked for a device type stay, after them. Line
    ends stay what they are.
    """
    end = "\r\n" if "\r\n" in text else "\n"
    lines = text.split(end)
    pairs = list(zip(snippet.statements, run.outcomes, strict=True))
    for statement, outcome in reversed(pairs):
        first = statement.end
        kept = [lines[e.line - 1] for e in statement.expectations if e.device is not None]
        printed = [f"#> {line}".rstrip() for line in outcome.printed]
        if list(outcome.printed) != [e.text for e in statement.expectations if e.device is None]:
            lines[first : first + len(statement.expectations)] = printed + kept
    return end.join(lines)
