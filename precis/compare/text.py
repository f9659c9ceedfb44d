"""Compare what a snippet printed with what its file says: on the CPU the text, exactly."""

from __future__ import annotations

from dataclasses import dataclass

from precis.base.characters import why_unprintable
from precis.base.finding import Finding, display_path
from precis.compare.diff import diff
from precis.run.outcome import Outcome
from precis.run.record import Record
from precis.source.snippet import Snippet, Statement


@dataclass(frozen=True)
class Mismatch:
    """A statement that did not do what its file says."""

    finding: Finding
    """Where, what, and how to mend it; the hint holds the diff."""

    cell: str
    statement: Statement
    """The one that failed; after a fault, the one that was running."""


def compare(snippet: Snippet, record: Record) -> list[Mismatch]:
    """All mismatches of a run, in the order of the file; a fault comes last."""
    path = display_path(snippet.path)
    ran = record.run.outcomes
    cells = [(cell.name, statement) for cell in snippet.cells for statement in cell.statements]
    found = []
    for (cell, statement), outcome in zip(cells, ran, strict=False):
        if wrong := _wrong(statement, outcome, path):
            what, hint = wrong
            where = f"cell {cell} on {record.where}"
            finding = Finding(path, statement.line, 1, f"{what}, {where}", hint)
            found.append(Mismatch(finding, cell, statement))
    if fault := record.run.fault:
        cell, statement = cells[fault.position]
        left = len(cells) - fault.position - 1
        hints = [fault.detail] if fault.detail else []
        if left > 0:
            hints.append(f"{left} statement{'s' if left > 1 else ''} after it did not run.")
        what = f"{fault.message}, cell {cell} on {record.where}"
        finding = Finding(path, fault.line, 1, what, "\n".join(hints))
        found.append(Mismatch(finding, cell, statement))
    return found


def find_unstable(snippet: Snippet, first: Record, second: Record) -> list[Finding]:
    """The statements and cells that did not do the same twice."""
    path = display_path(snippet.path)
    found = []
    cells = [(cell.name, statement) for cell in snippet.cells for statement in cell.statements]
    runs = (first.run, second.run)
    for (cell, statement), a, b in zip(cells, *(run.outcomes for run in runs), strict=False):
        if a != b:
            hint = "\n".join([*diff(a.printed, b.printed), _UNSTABLE])
            what = f"prints something else in a second run, cell {cell}"
            found.append(Finding(path, statement.line, 1, what, hint))
    for part in snippet.cells:
        if len({run.figures.get(part.name) for run in runs}) > 1:
            what = f"draws another figure in a second run, cell {part.name}"
            found.append(Finding(path, part.line, 1, what, _UNSTABLE))
    for fault in {run.fault for run in runs if run.fault}:
        found.append(Finding(path, fault.line, 1, fault.message, fault.detail))
    return found


_UNSTABLE = (
    "(+ second) The second run had another hash seed, path, number of threads, time zone, width "
    "and language: seed what is random, sort what comes from a set, print fewer digits."
)


def _wrong(statement: Statement, outcome: Outcome, path: str) -> tuple[str, str] | None:
    """What is wrong with an outcome and the hint to mend it, or None."""
    expected, printed = statement.expected_output(), list(outcome.printed)
    if outcome.warnings:
        return "a warning that the snippet does not print", "\n".join(
            [
                *outcome.warnings,
                "Mend its cause, or catch it (warnings.catch_warnings(record=True))"
                " and print its head.",
            ]
        )
    if unprintable := why_unprintable(printed):
        return unprintable
    if outcome.open_line:
        return (
            "the last printed line is left open",
            f"What the next statement prints would run into {printed[-1]!r}: end it with \\n.",
        )
    if printed == expected:
        return None
    what = "printed something else than its #> lines say"
    if not expected:
        what = "printed, and has no #> line"
    elif not printed:
        what = "printed nothing, and has #> lines"
    return what, "\n".join(
        [
            *(f"    {line}" for line in statement.code.split("\n")),
            *diff(expected, printed),
            f"(- expected, + printed) If what was printed is right: precis update {path}",
        ]
    )
