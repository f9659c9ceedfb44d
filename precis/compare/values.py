"""Compare the outputs of a snippet on two devices: floats within a tolerance, the rest exactly.

Both texts are split into words, signs and numbers. The floats of a tensor must agree within the
tolerance of their dtype, formatted floats within one unit of their last decimal.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from precis.base.finding import Finding, display_path
from precis.compare.diff import diff
from precis.compare.text import Mismatch, fault_mismatch
from precis.run.record import Record
from precis.source.snippet import Cell, Snippet, Statement

DIGITS = 8
"""Decimals of printed tensors in a run that is compared."""

TOLERANCES = {
    "float16": (1e-3, 1e-5),
    "bfloat16": (1.6e-2, 1e-5),
    "float32": (1.3e-6, 1e-5),
    "float64": (1e-7, 1e-7),
    "complex32": (1e-3, 1e-5),
    "complex128": (1e-7, 1e-7),
}
"""Relative and absolute tolerances by dtype, from `torch.testing.assert_close`."""

_TOKEN = re.compile(r"(?P<number>[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|inf|nan)j?)(?![\w.])|\w+|\S")

_DEVICE = re.compile(r",\s+device='[^']*'")
"""The device that torch prints after a tensor's values, on the same line or the next."""


@dataclass(frozen=True)
class Token:
    """A word, a sign or a number in printed text."""

    text: str
    dtype: str = ""
    """The dtype of the tensor that contains a number; "" outside tensors."""

    @property
    def number(self) -> float | None:
        """The value of a number; None for a word or a sign."""
        match = _TOKEN.fullmatch(self.text)
        return float(self.text.removesuffix("j")) if match and match["number"] else None

    @property
    def is_float(self) -> bool:
        """Whether a number has a point or an exponent, or is not finite."""
        return not re.fullmatch(r"[-+]?\d+", self.text)


def compare_values(snippet: Snippet, cpu: Record, other: Record) -> list[Mismatch]:
    """Return the mismatches of a run on another device with the CPU's; both print DIGITS."""
    path = display_path(snippet.path)
    mismatches = []
    outcomes = cpu.run.outcomes, other.run.outcomes
    for (cell, statement), ours, theirs in zip(snippet.located, *outcomes, strict=False):
        hint = _find_difference(cell, statement, ours.printed, theirs.printed, other.device)
        if theirs.warnings and not ours.warnings:
            hint = "\n".join(theirs.warnings)
        if hint:
            message = f"prints other values than on the CPU, cell {cell.name} on {other.where}"
            finding = Finding(path, statement.line, 1, message, hint)
            mismatches.append(Mismatch(finding, cell.name, statement))
    fault = fault_mismatch(snippet, other)
    return [*mismatches, fault] if fault else mismatches


def same_values(ours: str, theirs: str, rtol: float = 0) -> bool:
    """Return whether two printed texts have the same words and values.

    `rtol` is the relative tolerance that the cell's option sets.
    """
    return all(
        a is not None and b is not None and _agree(a, b, rtol)
        for a, b in zip_longest(tokens(ours), tokens(theirs))
    )


def tokens(text: str) -> Iterator[Token]:
    """Yield the words, signs and numbers in printed text, without the devices of tensors.

    White space only separates tokens: torch breaks lines at other places on another device.
    """
    text = _DEVICE.sub("", text)
    tensors = [*_find_tensors(text)]
    for match in _TOKEN.finditer(text):
        dtypes = (dtype for start, end, dtype in tensors if start <= match.start() < end)
        yield Token(match[0], next(dtypes, "") if match["number"] else "")


def _find_difference(
    cell: Cell, statement: Statement, ours: Sequence[str], theirs: Sequence[str], device: str
) -> str:
    kind = device.partition(":")[0]
    marked = [e.text for e in statement.expectations if e.device == kind]
    expected = marked or list(ours)
    rtol = float(dict(cell.options).get("rtol", 0))
    printed = "\n".join(theirs)
    if not marked and any(e.device for e in statement.expectations):
        printed = re.sub(rf"\b{kind}(:\d+)?", "cpu", printed)  # the marks allow device names
    if same_values("\n".join(expected), printed, 0 if marked else rtol):
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
    if a.dtype or min(_significant(a.text), _significant(b.text)) >= _UNFORMATTED:
        relative, absolute = TOLERANCES.get(a.dtype, TOLERANCES["float32"])
        return abs(x - y) <= absolute + relative * abs(x)
    if min(_significant(a.text), _significant(b.text)) < 2:
        return x == y
    unit = 10.0 ** -min(_decimals(a.text), _decimals(b.text))
    return abs(x - y) <= 1.0001 * unit


_UNFORMATTED = 9
"""The significant digits from which a number is taken for a float that was not formatted."""


def _significant(text: str) -> int:
    mantissa = re.split("[eE]", text)[0]
    return len(re.sub(r"\D", "", mantissa).lstrip("0"))


def _decimals(text: str) -> int:
    mantissa, _, power = text.lower().partition("e")
    return len(mantissa.partition(".")[2]) - int(power or 0)


def _find_tensors(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield the start, the end and the dtype of each printed tensor."""
    for start in re.finditer(r"\btensor\(", text):
        depth, end = 1, start.end()
        while depth and end < len(text):
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        dtype = re.search(r"dtype=torch\.(\w+)", text[start.end() : end])
        yield start.start(), end, dtype[1] if dtype else "float32"
