"""A diagnostic: one problem at one place in a file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, order=True)
class Finding:
    """A problem, its place and how to correct it."""

    path: str
    """The file, relative to the project."""

    line: int
    """The line number, from 1."""

    column: int
    """The column number, from 1."""

    message: str
    """The problem, in one line without a full stop."""

    hint: str = ""
    """How to correct it, in any number of lines."""

    is_warning: bool = field(default=False, compare=False)
    """Whether it is only a warning, which stops neither a build nor a command."""

    def __str__(self) -> str:
        warning = "warning: " if self.is_warning else ""
        head = f"{self.path}:{self.line}:{self.column}: {warning}{self.message}"
        return "\n".join([head, *(f"  {line}" for line in self.hint.splitlines())])

    def as_dict(self) -> dict[str, object]:
        """Return the finding for JSON output, where the message is called `what`."""
        place = {"path": self.path, "line": self.line, "column": self.column}
        answer = {**place, "what": self.message, "hint": self.hint}
        return answer | ({"warning": True} if self.is_warning else {})


class Malformed(Exception):
    """Raised for a file that cannot be parsed, with all its findings."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__("\n".join(map(str, findings)))
        self.findings = findings


def errors(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that are no warnings."""
    return [finding for finding in findings if not finding.is_warning]


def display_path(path: Path) -> str:
    """Return a path relative to the working directory; unchanged if it lies elsewhere."""
    try:
        return (path.parent.resolve() / path.name).relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix()


def pluralize(number: int, noun: str) -> str:
    """Return a number and its noun: 1 page, 2 pages."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def github_annotation(finding: Finding) -> str:
    """Return a finding as a GitHub workflow command, which annotates a pull request."""
    place = f"file={_property(finding.path)},line={finding.line},col={finding.column}"
    message = _data("\n".join([finding.message, *finding.hint.splitlines()]))
    return f"::{'warning' if finding.is_warning else 'error'} {place}::{message}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
