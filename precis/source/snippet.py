"""The model of a snippet: cells, statements and expectations, with their places in the file.

A snippet is a Python program in the percent format, which `precis.source.parse` reads.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from precis.base.characters import nfc
from precis.base.finding import Finding, display_path

DEVICE_TYPES = ("cpu", "cuda", "mps", "xpu", "fakegpu")
"""The device types that `--device` and a mark, `#> [cuda]`, accept."""


@dataclass(frozen=True)
class Expectation:
    """One `#>` line."""

    line: int
    text: str
    """The expected output, without `#> ` and without the device mark."""

    device: str | None = None
    """The device type that it is marked for; None for all."""


@dataclass(frozen=True)
class Statement:
    """A top-level statement and its expectations."""

    line: int
    """The first line, decorators included."""

    end: int
    """The last line, including indented comments below the block."""

    code: str
    expectations: tuple[Expectation, ...]

    def expected_output(self, device: str = "cpu") -> list[str]:
        """Return the lines that it must print on a device type."""
        marked = [e.text for e in self.expectations if e.device == device]
        return marked or [e.text for e in self.expectations if e.device is None]

    @property
    def has_bare_print(self) -> bool:
        """Whether it is a call of `print` to stdout, without expectations."""
        try:
            (node,) = ast.parse(self.code).body
        except (SyntaxError, ValueError):
            return False  # part of a line with two statements, which the parser reports
        match node:
            case ast.Expr(value=ast.Call(func=ast.Name(id="print"), keywords=keywords)):
                writes_to_file = any(keyword.arg == "file" for keyword in keywords)
                return not self.expectations and not writes_to_file
        return False


@dataclass(frozen=True)
class Cell:
    """A named part of a snippet."""

    name: str
    line: int
    """The line of `# %% name`; 0 in a file without such lines, which is one cell."""

    end: int
    """The last line that is not blank."""

    options: tuple[tuple[str, str], ...]
    statements: tuple[Statement, ...]

    @property
    def first_line(self) -> int:
        """The first line of the cell in the file."""
        return max(self.line, 1)

    @property
    def expectation_lines(self) -> frozenset[int]:
        """The numbers of the `#>` lines."""
        return frozenset(e.line for s in self.statements for e in s.expectations)


@dataclass(frozen=True)
class Text:
    """Markdown in comments between two cells of a lab, in one language."""

    language: str
    line: int
    """The line of `# %% [markdown] lang="…"`."""

    end: int


@dataclass(frozen=True)
class Snippet:
    """A parsed file of `snippets/`."""

    path: Path
    text: str
    cells: tuple[Cell, ...]
    texts: tuple[Text, ...] = ()
    """The texts of a lab; a chapter's text is in its pages."""

    imports: frozenset[str] = frozenset()
    """The modules named in `import` statements."""

    @property
    def name(self) -> str:
        """The file name, by which embeds refer to the snippet."""
        return nfc(self.path.name)

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The lines; line 1 has index 0."""
        return tuple(self.text.split("\n"))

    @property
    def packages(self) -> frozenset[str]:
        """The top-level names of the imported modules."""
        return frozenset(name.partition(".")[0] for name in self.imports)

    @cached_property
    def located(self) -> tuple[tuple[Cell, Statement], ...]:
        """Each statement with its cell, in the order of execution."""
        return tuple((cell, statement) for cell in self.cells for statement in cell.statements)

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """The statements in the order of execution."""
        return tuple(statement for _, statement in self.located)

    def code(self, cell: Cell) -> list[str]:
        """Return the lines below `# %% name`, without the expectations."""
        expectations = cell.expectation_lines
        numbered = enumerate(self.lines[cell.line : cell.end], cell.line + 1)
        return [line for number, line in numbered if number not in expectations]

    def missing_expectations(self, cell: Cell) -> list[Finding]:
        """Return a finding for each call of `print` without a `#>` line."""
        path = display_path(self.path)
        message = "a print without expectation"
        return [
            Finding(path, statement.line, 1, message, self._expectation_hint(statement))
            for statement in cell.statements
            if statement.has_bare_print
        ]

    def _expectation_hint(self, statement: Statement) -> str:
        below = self.lines[statement.end :]
        if below and below[0].startswith("# >"):
            return "A formatter changed its #> lines to # >: remove the space."
        path = display_path(self.path)
        return f"Write its output in #> lines under it, or run: precis update {path}"
