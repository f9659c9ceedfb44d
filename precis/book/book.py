"""The snippets of a project, each parsed, run and compared; asked for by name."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path

from precis.base.characters import composed
from precis.base.files import digest
from precis.base.finding import Finding, Malformed, shown
from precis.base.project import Project
from precis.compare.text import Mismatch, compare
from precis.compare.values import DIGITS, compare_values
from precis.run.outcome import AS_SHOWN, Outcome, Setting
from precis.run.record import Record, Records
from precis.source.snippet import Cell, Snippet, load

LABS = "labs"
"""The folder of the labs, in that of the snippets."""


@dataclass(frozen=True)
class Verified:
    """A snippet, what it did, and where that is not what its file says."""

    snippet: Snippet
    record: Record
    mismatches: tuple[Mismatch, ...]

    def findings(self, cell: Cell) -> list[Finding]:
        """What is wrong with a cell: its own mismatches, or the fault that kept it from running."""
        found = [mismatch.finding for mismatch in self.mismatches if mismatch.cell == cell.name]
        ran = len(self.record.run.outcomes)
        stopped = self.record.run.fault is not None
        position = {s.line: n for n, s in enumerate(self.snippet.statements)}
        if not found and stopped and any(position[s.line] >= ran for s in cell.statements):
            return [self.mismatches[-1].finding]
        return found

    @cached_property
    def outcomes(self) -> dict[int, Outcome]:
        """What each statement that ran did, by its first line."""
        pairs = zip(self.snippet.statements, self.record.run.outcomes, strict=False)
        return {statement.line: outcome for statement, outcome in pairs}

    def printed(self, cell: Cell) -> list[str]:
        """What a cell printed, line by line."""
        ran = (self.outcomes.get(statement.line) for statement in cell.statements)
        return [line for outcome in ran if outcome for line in outcome.printed]

    def outputs(self, cell: Cell | None = None) -> int:
        """How many statements, of a cell or of all, printed what their file says."""
        wrong = {mismatch.statement.line for mismatch in self.mismatches}
        asked = self.snippet.statements if cell is None else cell.statements
        lines = [s.line for s in asked if s.line not in wrong and s.line in self.outcomes]
        return sum(bool(self.outcomes[line].printed) for line in lines)

    @cached_property
    def hash(self) -> str:
        """Of its text and of what it did."""
        run = self.record.run
        versions = [run.packages.get(package) for package in sorted(self.snippet.packages)]
        did = (run.outcomes, run.figures, run.fault, self.record.where, versions)
        return digest(repr((self.snippet.name, self.snippet.text, did)).encode())

    @cached_property
    def hashes(self) -> dict[str, dict[str, str]]:
        """The SHA-256 of each cell's text and of what it printed, by `file:cell`."""
        found = {}
        for cell in self.snippet.cells:
            code = "\n".join(self.snippet.code(cell))
            said = {"text": code, "outputs": "\n".join(self.printed(cell))}
            found[f"{self.snippet.name}:{cell.name}"] = {
                what: digest(text.encode()) for what, text in said.items()
            }
        return found


class Book:
    """The files of a snippets folder, read again when a build begins or, outside of one, always."""

    def __init__(self, project: Project, records: Records, device: str = "cpu") -> None:
        self.project = project
        self.folder = project.snippets
        self.records = records
        self.device = device
        """Where the values are verified besides the CPU."""

        self.runs = 0
        """How many builds it has served."""

        self._snippets: dict[Path, tuple[int, object, Snippet]] = {}
        """With the build in which the file was looked at, and its state when it was read."""

        self._by_name: tuple[int, dict[str, list[Path]]] = 0, {}
        """With the build in which they were listed."""

        self._verified: dict[Path, Verified] = {}
        self._named: dict[str, Path] = {}
        """The files by name, when last listed: to list them for each embed takes too long."""

    def paths(self) -> list[Path]:
        """The snippet files, in the order of their names; labs last."""
        return self.listed()

    def listed(self) -> list[Path]:
        """The files of the folder, asked for or not, in that order."""
        return [*sorted(self.folder.glob("*.py")), *self.labs()]

    def labs(self) -> list[Path]:
        """Those that hold their own text: they become notebooks, and pages made of these."""
        return sorted((self.folder / LABS).glob("*.py"))

    def run(self) -> None:
        """Run what has no record, all files side by side; afterwards `verified` is quick."""
        snippets = self.begin()
        for setting in self._settings():
            self.records.of(snippets, setting)

    def begin(self) -> list[Snippet]:
        """Start to run what has no record; `verified` waits for the file that it is asked for.

        Call it when a build starts: what the snippets read is looked at again here.
        """
        self.runs += 1
        self._verified.clear()
        self.records.forget_unrecorded()
        snippets = self.readable()
        self.records.begin(snippets)
        return snippets

    def readable(self) -> list[Snippet]:
        """The files that can be read as snippets."""
        snippets = []
        for path in self.paths():
            with suppress(Malformed):  # said when the file is asked for
                snippets.append(self.snippet(path))
        return snippets

    def snippet(self, path: Path) -> Snippet:
        """One file, parsed. Raises Malformed, also where an embed could mean another file."""
        seen, known, snippet = self._snippets.get(path, (0, None, None))
        if snippet and seen and seen == self.runs:
            return snippet  # each embed asks, more than once
        self._refuse_name(path)
        now = _state(path)
        if snippet is None or now != known:
            snippet = load(path)
        self._snippets[path] = self.runs, now, snippet
        return snippet

    def _refuse_name(self, path: Path) -> None:
        """Raise Malformed where a file's name is that of another, or of a module of Python."""
        first, *others = self._namesakes().get(_folded(path), [path])
        if others:
            what = f"a file of the same name as {', '.join(map(shown, others))}"
            hint = "Rename one: an embed names a file without its folder."
            raise Malformed(Finding(shown(first), 1, 1, what, hint))
        if path.stem in sys.stdlib_module_names:
            what = f"a file that hides Python's module {path.stem} from all files beside it"
            raise Malformed(Finding(shown(path), 1, 1, what, "Give it another name."))

    def _namesakes(self) -> dict[str, list[Path]]:
        """Return the files by their names as macOS and Windows see them."""
        runs, found = self._by_name
        if not runs or runs != self.runs:
            found = {}
            for path in self.listed():
                found.setdefault(_folded(path), []).append(path)
            self._by_name = self.runs, found
        return found

    def verified(self, path: Path) -> Verified:
        """One file, run and compared. Raises Malformed."""
        snippet = self.snippet(path)
        known = self._verified.get(path)
        if known is None or known.snippet is not snippet:
            record, *elsewhere = (self.records.of([snippet], s)[0] for s in self._settings())
            mismatches = compare(snippet, record)
            if elsewhere:
                mismatches += compare_values(snippet, *elsewhere)
            known = self._verified[path] = Verified(snippet, record, tuple(mismatches))
        return known

    def _settings(self) -> tuple[Setting, ...]:
        """As the page shows it; then, for another device, on both with more digits."""
        if self.device == "cpu":
            return (AS_SHOWN,)
        return (AS_SHOWN, Setting("cpu", DIGITS), Setting(self.device, DIGITS))

    def cell(self, reference: str) -> tuple[Snippet, Cell]:
        """What an embed's `file:cell` names.

        Raises LookupError with what to do where there is no such file or cell, Malformed
        where the file cannot be read as a snippet.
        """
        file, colon, name = composed(reference).partition(":")
        if not colon or not name:
            raise LookupError("Write the file and the cell: autograd.py:product")
        if file not in self._named or not self._named[file].is_file():
            self._named = {composed(path.name): path for path in self.paths()}
        if file not in self._named:
            meant = _meant(file, self._named)
            raise LookupError(f"There is no {file} in {self.folder.name}/.{meant}")
        snippet = self.snippet(self._named[file])
        for cell in snippet.cells:
            if cell.name == name:
                return snippet, cell
        names = [cell.name for cell in snippet.cells]
        raise LookupError(f"{file} has no cell {name}.{_meant(name, names)}")


class Selection(Book):
    """A book of which only some files are asked for."""

    def __init__(self, book: Book, files: tuple[Path, ...]) -> None:
        super().__init__(book.project, book.records, book.device)
        self.files = files

    def paths(self) -> list[Path]:
        """The files asked for."""
        return list(self.files)


def _folded(path: Path) -> str:
    return composed(path.name).casefold()


def _state(path: Path) -> object:
    """What a write to a file changes."""
    known = os.lstat(path)
    return known.st_mtime_ns, known.st_ctime_ns, known.st_size, known.st_ino, known.st_mode


def _meant(name: str, names: object) -> str:
    near = get_close_matches(name, list(names), 1)  # type: ignore[call-overload]
    return f" Did you mean {near[0]}?" if near else ""
