r"""What a formula computes: `10 \times 5 + 5 = 55` proves its 55, and refuses a 56.

Only formulas made of numbers alone have a value here; a letter makes a formula symbolic.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

from precis.text.number import Number, in_formula

_RELATION = re.compile(
    r"(?P<equal>=|\\approx(?![A-Za-z]))"
    r"|\\(?:ne|neq|le|leq|ge|geq|ll|gg|lt|gt|to|mapsto|leftarrow|rightarrow|Rightarrow|iff|in"
    r"|quad|qquad|text\{[^}]*\})(?![A-Za-z])|[<>&\n]|\\\\|(?<![{\\])[,;]"
)

_TOKEN = re.compile(r"\s*(?:(\\[A-Za-z]+|\\[,;!:])|(\d+(?:\.\d+)?)|(.))", re.S)

_SPACES = ("\\,", "\\;", "\\!", "\\:", "\\left", "\\right", "\\bigl", "\\bigr", "\\Bigl", "\\Bigr")

_OPERATORS: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "−": operator.sub,
    "\\times": operator.mul,
    "\\cdot": operator.mul,
    "/": operator.truediv,
}

_FUNCTIONS: dict[str, Callable[[float], float]] = {
    "\\ln": math.log,
    "\\exp": math.exp,
    "\\sqrt": math.sqrt,
    "\\tanh": math.tanh,
}

_AROUND = re.compile(r"(?P<sign>[-−]?)\s*(?P<scale>\s*\\times\s*10\^\{?(?P<power>-?\d+)\}?)?")
"""What may stand around the digits of one number: its sign, and `\\times 10^{-19}`."""

_BRACKETS = {"(": ")", "[": "]", "{": "}"}


class Symbolic(Exception):
    """A formula without a value."""


@dataclass(frozen=True)
class Side:
    """What stands between two relations (=, <, a comma, …) of a formula."""

    latex: str
    start: int
    value: float | None
    """Its value; None for what is symbolic."""

    numbers: tuple[Number, ...]
    """The numbers in it, placed in the formula."""

    relation: str
    """What stands before it: `=`, `\\approx`, or nothing that says that two sides are equal."""

    @property
    def lone(self) -> Number | None:
        """The number that it consists of, with its sign and its power of ten."""
        if self.value is None or len(self.numbers) != 1:
            return None
        (number,) = self.numbers
        rest = _AROUND.fullmatch(self.latex.replace(number.text, "", 1).strip().strip(".,;!?"))
        if not rest:
            return None
        power = int(rest["power"] or 0)
        value = (-number.value if rest["sign"] else number.value).scaleb(power)
        text = f"{rest['sign']}{number.text}{rest['scale'] or ''}"
        return Number(text, number.start, value, number.places - power, number.grouped)


def sides(latex: str, language: str) -> list[Side]:
    """The sides of a formula, in order."""
    found = []
    start, equal = 0, ""
    for relation in [*_RELATION.finditer(latex), None]:
        end = relation.start() if relation else len(latex)
        found.append(_side(latex[start:end], start, language, equal))
        if relation:
            start, equal = relation.end(), relation["equal"] or ""
    return [side for side in found if side.latex.strip()]


def chains(formula: list[Side]) -> list[list[Side]]:
    """The sides in stretches that are shown to have one value; a symbolic side stands alone."""
    found: list[list[Side]] = []
    for side in formula:
        if found and joined(found[-1][-1], side) and agree(found[-1][-1], side):
            found[-1].append(side)
        else:
            found.append([side])
    return found


def joined(a: Side, b: Side) -> bool:
    """Whether a formula says that two neighbouring sides, both with a value, are equal."""
    return bool(b.relation) and a.value is not None and b.value is not None


def agree(a: Side, b: Side) -> bool:
    """Whether two sides have the same value; after ≈, to the decimals that a lone number shows."""
    assert a.value is not None
    assert b.value is not None
    lone = [number for number in (a.lone, b.lone) if number and b.relation != "="]
    # of a difference that is nought, what rounding leaves has no relative size
    is_nought = 0 in (a.value, b.value)
    allowed = [1e-12 if is_nought else 1e-9 * max(abs(a.value), abs(b.value))]
    allowed += [0.5000001 * 10.0**-number.places for number in lone]
    return abs(a.value - b.value) <= max(allowed)


def _side(latex: str, start: int, language: str, relation: str) -> Side:
    numbers = tuple(
        Number(n.text, n.start + start, n.value, n.places, n.grouped)
        for n in in_formula(_without_scripts(latex), language)
    )
    return Side(latex, start, value(latex, language), numbers, relation)


def _without_scripts(latex: str) -> str:
    """The formula with its subscripts and exponents made blanks, and the base 2 of 2^{10}."""
    script = r"(?:(?<![\w.}])\d+(?=\^))?[_^]\s*(?:\{(?:[^{}]|\{[^{}]*\})*\}|\\[A-Za-z]+|\w)"
    return re.sub(script, lambda found: " " * len(found[0]), latex)


def value(latex: str, language: str) -> float | None:
    """What a formula of numbers is worth; None for one with letters."""
    plain, done = [], 0
    for number in in_formula(latex, language):
        plain += [latex[done : number.start], f" {number.value:f} "]
        done = number.start + len(number.text)
    plain.append(latex[done:])
    tokens = ["".join(found.groups("")) for found in _TOKEN.finditer("".join(plain).rstrip(" .;,"))]
    parser = _Parser([token for token in tokens if token not in _SPACES and token.strip()])
    try:
        return parser.whole()
    except (Symbolic, ArithmeticError, ValueError, RecursionError):
        return None


class _Parser:
    """Recursive descent over the tokens of a formula of numbers."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens

    def whole(self) -> float:
        result = self.sum()
        if self.tokens:
            raise Symbolic
        return result

    def sum(self) -> float:
        return self.chain(("+", "-", "−"), self.product)

    def product(self) -> float:
        return self.chain(("\\times", "\\cdot", "/"), self.signed)

    def chain(self, signs: tuple[str, ...], part: Callable[[], float]) -> float:
        result = part()
        while self.tokens and self.tokens[0] in signs:
            result = _OPERATORS[self.tokens.pop(0)](result, part())
        return result

    def signed(self) -> float:
        if self.tokens and self.tokens[0] in ("-", "−"):
            self.tokens.pop(0)
            return -self.signed()
        result = self.power()
        while self.tokens and self.tokens[0] in ("(", "\\frac"):  # 2(3 + 1)
            result *= self.power()
        return result

    def power(self) -> float:
        base = self.atom()
        if self.tokens and self.tokens[0] == "^":
            self.tokens.pop(0)
            base = float(base ** self.atom())
        return base

    def atom(self) -> float:
        if not self.tokens:
            raise Symbolic
        token = self.tokens.pop(0)
        if token[0].isdigit():
            return float(token)
        if token in _BRACKETS:
            result = self.sum()
            if not self.tokens or self.tokens.pop(0) != _BRACKETS[token]:
                raise Symbolic
            return result
        if token == "\\frac":
            return self.atom() / self.atom()
        if token in _FUNCTIONS:
            return _FUNCTIONS[token](self.power())
        if token == "\\pi":
            return math.pi
        if token == "e" and self.tokens and self.tokens[0] == "^":
            return math.e
        raise Symbolic
