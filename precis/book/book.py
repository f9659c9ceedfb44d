"""A book: the snippets of a project, parsed, run and compared on request."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path

from precis.base.characters import nfc
from precis.base.files import digest
from precis.base.finding import Finding, Malformed, display_path
from precis.base.project import Project
from precis.compare.text import Mismatch, compare
from precis.compare.values import DIGITS, compare_values
from precis.run.outcome import DEFAULT_SETTING, Outcome, Setting
from precis.run.record import Record, Records
from precis.source.parse import load
from precis.source.snippet import Cell, Snippet

LABS = "labs"
"""The folder of the labs inside the snippets folder."""


@dataclass(frozen=True)
class Verified:
    """A snippet, the record of its run, and the mismatches between the two."""

    snippet: Snippet
    record: Record
    mismatches: tuple[Mismatch, ...]

    def mismatches_of(self, cell: Cell) -> list[Finding]:
        """Return the mismatches of a cell, or the error that stopped the run before it."""
        findings = [mismatch.finding for mismatch in self.mismatches if mismatch.cell == cell.name]
        ran = len(self.record.run.outcomes)
        stopped = self.record.run.fault is not None
        position = {s.line: n for n, s in enumerate(self.snippet.statements)}
        if not findings and stopped and any(position[s.line] >= ran for s in cell.statements):
            return [self.mismatches[-1].finding]
        return findings

    @cached_property
    def outcomes(self) -> dict[int, Outcome]:
        """The outcome of each statement that ran, by its first line."""
        pairs = zip(self.snippet.statements, self.record.run.outcomes, strict=False)
        return {statement.line: outcome for statement, outcome in pairs}

    def printed(self, cell: Cell) -> list[str]:
        """Return the lines that a cell printed."""
        ran = (self.outcomes.get(statement.line) for statement in cell.statements)
        return [line for outcome in ran if outcome for line in outcome.printed]

    def count_outputs(self, cell: Cell | None = None) -> int:
        """Count the statements, of a cell or of all cells, that printed what they must."""
        wrong = {mismatch.statement.line for mismatch in self.mismatches}
        statements = self.snippet.statements if cell is None else cell.statements
        lines = [s.line for s in statements if s.line not in wrong and s.line in self.outcomes]
        return sum(bool(self.outcomes[line].printed) for line in lines)

    @cached_property
    def hash(self) -> str:
        """The fingerprint of the snippet's text and of its run."""
        run = self.record.run
        versions = [run.packages.get(package) for package in sorted(self.snippet.packages)]
        result = (run.outcomes, run.figures, run.fault, self.record.where, versions)
        return digest(repr((self.snippet.name, self.snippet.text, result)).encode())

    @cached_property
    def hashes(self) -> dict[str, dict[str, str]]:
        """The SHA-256 of each cell's text and of its outputs, by `file:cell`."""
        hashes = {}
        for cell in self.snippet.cells:
            header = self.snippet.lines[cell.line - 1 : cell.line]  # none in a file of one cell
            code = "\n".join([*header, *self.snippet.code(cell)])
            outputs = "\n".join(self.printed(cell))
            hashes[f"{self.snippet.name}:{cell.name}"] = {
                "text": digest(code.encode()),
                "outputs": digest(outputs.encode()),
            }
        return hashes


class Book:
    """The snippets of a project.

    Files are re-read at the start of each build, and on every access outside a build.
    """

    def __init__(self, project: Project, records: Records, device: str = "cpu") -> None:
        self.project = project
        self.folder = project.snippets
        self.records = records
        self.device = device
        """A device on which the values are verified in addition to the CPU."""

        self.generation = 0
        """The number of builds started; 0 outside a build."""

        self._snippets: dict[Path, tuple[int, object, Snippet]] = {}
        """Parsed files, with the generation of the last check and the file's state."""

        self._by_name: tuple[int, dict[str, list[Path]]] = 0, {}
        """Files by case-folded name, with the generation of the listing."""

        self._verified: dict[Path, Verified] = {}
        self._named: dict[str, Path] = {}
        """Files by name: listing the folder for each embed would be slow."""

    @classmethod
    def open(cls, root: Path) -> Book:
        """Return the book of the project in a folder. Raises Malformed."""
        return cls(Project.read(root), Records(root))

    def paths(self) -> list[Path]:
        """Return the snippet files in alphabetical order, labs last."""
        return self.all_paths()

    def all_paths(self) -> list[Path]:
        """Return every snippet file of the folder, whatever a Selection leaves out."""
        return [*sorted(self.folder.glob("*.py")), *self.labs()]

    def labs(self) -> list[Path]:
        """Return the labs: snippets with their own text, which become notebooks and pages."""
        return sorted((self.folder / LABS).glob("*.py"))

    def run(self) -> None:
        """Run all files without a record in parallel; `verified` then only reads records."""
        snippets = self.start_runs()
        for setting in self._settings():
            self.records.get(snippets, setting)

    def start_runs(self) -> list[Snippet]:
        """Start a build: run files without a record in the background, and return the snippets.

        `verified` waits only for its own file. Records whose inputs changed are invalid.
        """
        self.generation += 1
        self._verified.clear()
        self.records.discard_unsaved()
        snippets = self.readable()
        self.records.start(snippets)
        return snippets

    def read_again(self) -> None:
        """Read files again, as at the start of a build, but run none that nobody asks for."""
        self.generation += 1

    def readable(self) -> list[Snippet]:
        """Return the files that parse."""
        snippets = []
        for path in self.paths():
            with suppress(Malformed):  # reported when the file is requested
                snippets.append(self.snippet(path))
        return snippets

    def snippet(self, path: Path) -> Snippet:
        """Return a parsed file. Raises Malformed, also if its name is ambiguous."""
        generation, old_state, snippet = self._snippets.get(path, (0, None, None))
        if snippet and generation and generation == self.generation:
            return snippet  # each embed asks more than once
        self._check_name(path)
        state = _state(path)
        if snippet is None or state != old_state:
            snippet = load(path)
        self._snippets[path] = self.generation, state, snippet
        return snippet

    def _check_name(self, path: Path) -> None:
        """Raise Malformed if another file or a standard module has the same name."""
        first, *others = self._paths_by_name().get(_folded(path), [path])
        if others:
            message = f"a file of the same name as {', '.join(map(display_path, others))}"
            hint = "Rename one: an embed names a file without its folder."
            raise Malformed(Finding(display_path(first), 1, 1, message, hint))
        if path.stem in sys.stdlib_module_names:
            message = f"a file that hides Python's module {path.stem} from all files beside it"
            raise Malformed(Finding(display_path(path), 1, 1, message, "Rename it."))

    def _paths_by_name(self) -> dict[str, list[Path]]:
        """Return the files by name without case, as macOS and Windows compare names."""
        generation, paths = self._by_name
        if not generation or generation != self.generation:
            paths = {}
            for path in self.all_paths():
                paths.setdefault(_folded(path), []).append(path)
            self._by_name = self.generation, paths
        return paths

    def verified(self, path: Path) -> Verified:
        """Return a file with its run and its mismatches. Raises Malformed."""
        snippet = self.snippet(path)
        verified = self._verified.get(path)
        if verified is None or verified.snippet is not snippet:
            record, *with_digits = (self.records.get([snippet], s)[0] for s in self._settings())
            mismatches = compare(snippet, record)
            if with_digits:
                mismatches += compare_values(snippet, *with_digits)
            verified = self._verified[path] = Verified(snippet, record, tuple(mismatches))
        return verified

    def _settings(self) -> tuple[Setting, ...]:
        """Return the settings to run: the page's, then both devices with more digits."""
        if self.device == "cpu":
            return (DEFAULT_SETTING,)
        return (DEFAULT_SETTING, Setting("cpu", DIGITS), Setting(self.device, DIGITS))

    def cell(self, reference: str) -> tuple[Snippet, Cell]:
        """Return the cell that `file:cell` names.

        Raises LookupError with a hint if the file or the cell is missing, Malformed if the file
        does not parse.
        """
        file, colon, name = nfc(reference).partition(":")
        if not colon or not name:
            raise LookupError("Write the file and the cell: autograd.py:product")
        if file not in self._named or not self._named[file].is_file():
            self._named = {nfc(path.name): path for path in self.paths()}
        if file not in self._named:
            raise LookupError(
                f"There is no {file} in {self.folder.name}/.{_suggestion(file, self._named)}"
            )
        snippet = self.snippet(self._named[file])
        for cell in snippet.cells:
            if cell.name == name:
                return snippet, cell
        names = [cell.name for cell in snippet.cells]
        raise LookupError(f"{file} has no cell {name}.{_suggestion(name, names)}")


class Selection(Book):
    """A book restricted to some of its files."""

    def __init__(self, book: Book, files: tuple[Path, ...]) -> None:
        super().__init__(book.project, book.records, book.device)
        self.files = files

    def paths(self) -> list[Path]:
        """Return the selected files."""
        return list(self.files)


def _folded(path: Path) -> str:
    return nfc(path.name).casefold()


def _state(path: Path) -> object:
    """Return the file attributes that any write changes."""
    stat = os.lstat(path)
    return stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino, stat.st_mode


def _suggestion(name: str, names: Iterable[str]) -> str:
    near = get_close_matches(name, list(names), 1)
    return f" Did you mean {near[0]}?" if near else ""
