"""Compare what a snippet printed on two devices: values as values, all else exactly.

Both texts are read as words, signs and numbers. Floats in a tensor agree within the tolerance
of their dtype, those that the code formatted to one unit of their last decimal; integers,
shapes, dtypes, flags, names and words are the same.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from precis.base.finding import Finding, display_path
from precis.compare.diff import diff
from precis.compare.text import Mismatch
from precis.run.record import Record
from precis.source.snippet import Cell, Snippet, Statement

DIGITS = 8
"""The decimals with which tensors are printed to be compared."""

TOLERANCES = {
    "float16": (1e-3, 1e-5),
    "bfloat16": (1.6e-2, 1e-5),
    "float32": (1.3e-6, 1e-5),
    "float64": (1e-7, 1e-7),
    "complex32": (1e-3, 1e-5),
    "complex128": (1e-7, 1e-7),
}
"""Relative and absolute, by dtype: those of `torch.testing.assert_close`."""

_TOKEN = re.compile(r"(?P<number>[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|inf|nan)j?)(?![\w.])|\w+|\S")

_DEVICE = re.compile(r",\s+device='[^']*'")
"""As torch prints it after the values of a tensor: on their line, or on the next if it is full."""


@dataclass(frozen=True)
class Token:
    """A word, a sign or a number of a printed text."""

    text: str
    dtype: str = ""
    """Of the tensor in which a number stands; nothing outside tensors."""

    @property
    def number(self) -> float | None:
        """Its value; None for a word or a sign."""
        match = _TOKEN.fullmatch(self.text)
        return float(self.text.removesuffix("j")) if match and match["number"] else None

    @property
    def is_float(self) -> bool:
        """Whether a number has a point, an exponent, or is no finite one."""
        return not re.fullmatch(r"[-+]?\d+", self.text)


def compare_values(snippet: Snippet, cpu: Record, other: Record) -> list[Mismatch]:
    """Where a run on another device did not print what the CPU's did; both with DIGITS."""
    found = []
    cells = [(cell, statement) for cell in snippet.cells for statement in cell.statements]
    path = display_path(snippet.path)
    for (cell, statement), ours, theirs in zip(
        cells, cpu.run.outcomes, other.run.outcomes, strict=False
    ):
        hint = _difference(cell, statement, ours.printed, theirs.printed, other.device)
        if theirs.warnings and not ours.warnings:
            hint = "\n".join(theirs.warnings)
        if hint:
            what = f"prints other values than on the CPU, cell {cell.name} on {other.where}"
            finding = Finding(path, statement.line, 1, what, hint)
            found.append(Mismatch(finding, cell.name, statement))
    if fault := other.run.fault:
        cell, statement = cells[fault.position]
        what = f"{fault.message}, cell {cell.name} on {other.where}"
        found.append(
            Mismatch(Finding(path, fault.line, 1, what, fault.detail), cell.name, statement)
        )
    return found


def same_values(ours: str, theirs: str, rtol: float = 0) -> bool:
    """Whether two printed texts have the same words and values; rtol is that of the cell."""
    return all(
        a is not None and b is not None and _agree(a, b, rtol)
        for a, b in zip_longest(tokens(ours), tokens(theirs))
    )


def tokens(text: str) -> Iterator[Token]:
    """Yield the words, signs and numbers of a printed text, without the device of tensors.

    White space separates tokens and is no token: where a line breaks says nothing.
    """
    text = _DEVICE.sub("", text)
    dtypes = [*_tensors(text)]
    for match in _TOKEN.finditer(text):
        inside = (name for start, end, name in dtypes if start <= match.start() < end)
        yield Token(match[0], next(inside, "") if match["number"] else "")


def _difference(
    cell: Cell, statement: Statement, ours: Sequence[str], theirs: Sequence[str], device: str
) -> str:
    kind = device.partition(":")[0]
    marked = [e.text for e in statement.expectations if e.device == kind]
    expected = marked or list(ours)
    rtol = float(dict(cell.options).get("rtol", 0))
    told = "\n".join(theirs)
    if not marked and any(e.device for e in statement.expectations):
        told = re.sub(rf"\b{kind}(:\d+)?", "cpu", told)  # it prints its device, and says so
    if same_values("\n".join(expected), told, 0 if marked else rtol):
        return ""
    code = (f"    {line}" for line in statement.code.split("\n"))
    return "\n".join([*code, *diff(expected, theirs), f"(- cpu, + {kind})"])


def _agree(a: Token, b: Token, rtol: float) -> bool:
    if a.text == b.text:
        return True
    x, y = a.number, b.number
    if x is None or y is None or not (a.is_float and b.is_float):
        return False
    if not (math.isfinite(x) and math.isfinite(y)):
        return False
    if rtol and abs(x - y) <= rtol * max(abs(x), abs(y)):
        return True
    if a.dtype or min(_significant(a.text), _significant(b.text)) >= _OF_A_FLOAT:
        relative, absolute = TOLERANCES.get(a.dtype, TOLERANCES["float32"])
        return abs(x - y) <= absolute + relative * abs(x)
    if min(_significant(a.text), _significant(b.text)) < 2:
        return x == y
    unit = 10.0 ** -min(_decimals(a.text), _decimals(b.text))
    return abs(x - y) <= 1.0001 * unit


_OF_A_FLOAT = 9
"""With so many significant digits, a number was not formatted: it is a float, printed whole."""


def _significant(text: str) -> int:
    mantissa = re.split("[eE]", text)[0]
    return len(re.sub(r"\D", "", mantissa).lstrip("0"))


def _decimals(text: str) -> int:
    mantissa, _, power = text.lower().partition("e")
    return len(mantissa.partition(".")[2]) - int(power or 0)


def _tensors(text: str) -> Iterator[tuple[int, int, str]]:
    """Where tensors are printed, and their dtype."""
    for start in re.finditer(r"\btensor\(", text):
        depth, end = 1, start.end()
        while depth and end < len(text):
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        named = re.search(r"dtype=torch\.(\w+)", text[start.end() : end])
        yield start.start(), end, named[1] if named else "float32"
