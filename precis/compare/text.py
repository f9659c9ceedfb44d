"""Compare the output of a run on the CPU with the `#>` lines of the snippet, exactly."""

from __future__ import annotations

from dataclasses import dataclass

from precis.base.characters import why_unprintable
from precis.base.finding import Finding, display_path, pluralize
from precis.compare.diff import diff
from precis.run.outcome import Outcome
from precis.run.record import Record
from precis.source.snippet import Snippet, Statement


@dataclass(frozen=True)
class Mismatch:
    """A statement whose output differs from its expectations, or that failed."""

    finding: Finding
    """The place, the problem and how to correct it; the hint contains the diff."""

    cell: str
    statement: Statement


def compare(snippet: Snippet, record: Record) -> list[Mismatch]:
    """Return the mismatches of a run in the order of the file; a fault comes last."""
    path = display_path(snippet.path)
    mismatches = []
    for (cell, statement), outcome in zip(snippet.located, record.run.outcomes, strict=False):
        if problem := _find_problem(statement, outcome, path):
            message, hint = problem
            place = f"cell {cell.name} on {record.where}"
            finding = Finding(path, statement.line, 1, f"{message}, {place}", hint)
            mismatches.append(Mismatch(finding, cell.name, statement))
    fault = fault_mismatch(snippet, record)
    return [*mismatches, fault] if fault else mismatches


def fault_mismatch(snippet: Snippet, record: Record) -> Mismatch | None:
    """Return the mismatch of the statement that stopped a run; None if all ran."""
    fault = record.run.fault
    if fault is None:
        return None
    cell, statement = snippet.located[fault.position]
    hints = [fault.detail] if fault.detail else []
    if skipped := len(snippet.located) - fault.position - 1:
        hints.append(f"{pluralize(skipped, 'statement')} after it did not run.")
    message = f"{fault.message}, cell {cell.name} on {record.where}"
    finding = Finding(display_path(snippet.path), fault.line, 1, message, "\n".join(hints))
    return Mismatch(finding, cell.name, statement)


def find_unstable(snippet: Snippet, first: Record, second: Record) -> list[Finding]:
    """Return a finding for each statement and figure that differs between two runs."""
    path = display_path(snippet.path)
    findings = []
    runs = (first.run, second.run)
    outcomes = (run.outcomes for run in runs)
    for (cell, statement), a, b in zip(snippet.located, *outcomes, strict=False):
        if a != b:
            hint = "\n".join([*diff(a.printed, b.printed), _UNSTABLE])
            message = f"prints something else in a second run, cell {cell.name}"
            findings.append(Finding(path, statement.line, 1, message, hint))
    for cell in snippet.cells:
        if len({run.figures.get(cell.name) for run in runs}) > 1:
            message = f"draws another figure in a second run, cell {cell.name}"
            findings.append(Finding(path, cell.first_line, 1, message, _UNSTABLE))
    for fault in {run.fault for run in runs if run.fault}:
        findings.append(Finding(path, fault.line, 1, fault.message, fault.detail))
    return findings


_UNSTABLE = (
    "(+ second) The second run had another hash seed, path, number of threads, time zone, width "
    "and language: seed random numbers, sort the items of a set, print fewer digits."
)


def _find_problem(statement: Statement, outcome: Outcome, path: str) -> tuple[str, str] | None:
    """Return what is wrong with an outcome, and a hint; None if it is as expected."""
    expected, printed = statement.expected_output(), list(outcome.printed)
    if outcome.warnings:
        hint = "Remove its cause, or catch it (warnings.catch_warnings(record=True)) and print it."
        lines = [*outcome.warnings, hint]
        return "a warning that the snippet does not print", "\n".join(lines)
    if unprintable := why_unprintable(printed):
        return unprintable
    if outcome.open_line:
        hint = f"The next output would continue the line {printed[-1]!r}: end it with \\n."
        return "the last printed line is left open", hint
    if printed == expected:
        return None
    message = "printed something else than its #> lines say"
    if not expected:
        message = "printed, and has no #> line"
    elif not printed:
        message = "printed nothing, and has #> lines"
    code = (f"    {line}" for line in statement.code.split("\n"))
    hint = f"(- expected, + printed) If what was printed is right: precis update {path}"
    return message, "\n".join([*code, *diff(expected, printed), hint])
