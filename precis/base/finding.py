"""What is wrong with a file, said to the person who will mend it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, order=True)
class Finding:
    """One thing to mend, at one place."""

    path: str
    """The file, as its reader would type it: relative to the project."""

    line: int
    """Counted from 1."""

    column: int
    """Counted from 1."""

    what: str
    """What is wrong, in one line without a full stop."""

    hint: str = ""
    """What to do about it; may have several lines."""

    def __str__(self) -> str:
        head = f"{self.path}:{self.line}:{self.column}: {self.what}"
        return "\n".join([head, *(f"  {line}" for line in self.hint.splitlines())])


class Malformed(Exception):
    """A file that cannot be read as what it should be, with every reason."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__("\n".join(map(str, findings)))
        self.findings = findings


def shown(path: Path) -> str:
    """The path as a message shows it: relative to the working directory if it can be."""
    try:
        return (path.parent.resolve() / path.name).relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix()


def pluralize(number: int, noun: str) -> str:
    """A number with its noun, which takes an s but for one."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def github_annotation(finding: Finding) -> str:
    """A finding as GitHub's workflow command, which puts it at its place in a pull request."""
    place = f"file={_property(finding.path)},line={finding.line},col={finding.column}"
    message = _data("\n".join([finding.message, *finding.hint.splitlines()]))
    return f"::error {place}::{message}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
