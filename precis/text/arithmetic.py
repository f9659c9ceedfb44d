r"""Evaluate formulas: `10 \times 5 + 5 = 55` proves its 55 and refutes a 56.

Only formulas without letters have a value; all others are symbolic.
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
"""The sign and the power of ten around a number: `-`, `\\times 10^{-19}`."""

_BRACKETS = {"(": ")", "[": "]", "{": "}"}


class Symbolic(Exception):
    """A formula without a value."""


@dataclass(frozen=True)
class Side:
    """A part of a formula between two relations (=, <, a comma, …)."""

    latex: str
    start: int
    value: float | None
    """The value; None if the side is symbolic."""

    numbers: tuple[Number, ...]
    """The numbers of the side, at their offsets in the whole formula."""

    relation: str
    """The equality before the side, `=` or `\\approx`; "" for other relations."""

    @property
    def lone_number(self) -> Number | None:
        """The only number of the side, with its sign and power of ten; None for expressions."""
        if self.value is None or len(self.numbers) != 1:
            return None
        (number,) = self.numbers
        rest = _AROUND.fullmatch(self.latex.replace(number.text, "", 1).strip().strip(".,;!?"))
        if not rest:
            return None
        power = int(rest["power"] or 0)
        value = (-number.value if rest["sign"] else number.value).scaleb(power)
        text = f"{rest['sign']}{number.text}{rest['scale'] or ''}"
        return Number(text, number.start, value, number.decimals - power, number.grouped)


def split_sides(latex: str, language: str) -> list[Side]:
    """Return the sides of a formula, in order."""
    sides = []
    start, equal = 0, ""
    for relation in [*_RELATION.finditer(latex), None]:
        end = relation.start() if relation else len(latex)
        sides.append(_side(latex[start:end], start, language, equal))
        if relation:
            start, equal = relation.end(), relation["equal"] or ""
    return [side for side in sides if side.latex.strip()]


def group_equal_sides(sides: list[Side]) -> list[list[Side]]:
    """Group neighbouring sides with equal values; a symbolic side is a group of its own."""
    groups: list[list[Side]] = []
    for side in sides:
        if groups and claims_equality(groups[-1][-1], side) and are_equal(groups[-1][-1], side):
            groups[-1].append(side)
        else:
            groups.append([side])
    return groups


def claims_equality(a: Side, b: Side) -> bool:
    """Return whether the formula equates two neighbouring sides that both have a value."""
    return bool(b.relation) and a.value is not None and b.value is not None


def are_equal(a: Side, b: Side) -> bool:
    """Return whether two values are equal; after ≈, to the decimals of a lone number."""
    assert a.value is not None
    assert b.value is not None
    lone = [number for number in (a.lone_number, b.lone_number) if number and b.relation != "="]
    # relative tolerance is meaningless if one side is zero
    has_zero = 0 in (a.value, b.value)
    tolerances = [1e-12 if has_zero else 1e-9 * max(abs(a.value), abs(b.value))]
    tolerances += [0.5000001 * 10.0**-number.decimals for number in lone]
    return abs(a.value - b.value) <= max(tolerances)


def _side(latex: str, start: int, language: str, relation: str) -> Side:
    numbers = tuple(
        Number(n.text, n.start + start, n.value, n.decimals, n.grouped)
        for n in in_formula(_without_scripts(latex), language)
    )
    return Side(latex, start, evaluate(latex, language), numbers, relation)


def _without_scripts(latex: str) -> str:
    """Replace subscripts and exponents by spaces, and also the base 2 of 2^{10}."""
    script = r"(?:(?<![\w.}])\d+(?=\^))?[_^]\s*(?:\{(?:[^{}]|\{[^{}]*\})*\}|\\[A-Za-z]+|\w)"
    return re.sub(script, lambda match: " " * len(match[0]), latex)


def evaluate(latex: str, language: str) -> float | None:
    """Return the value of a formula; None if it is symbolic."""
    plain, done = [], 0
    for number in in_formula(latex, language):
        plain += [latex[done : number.start], f" {number.value:f} "]
        done = number.start + len(number.text)
    plain.append(latex[done:])
    tokens = ["".join(match.groups("")) for match in _TOKEN.finditer("".join(plain).rstrip(" .;,"))]
    parser = _Parser([token for token in tokens if token not in _SPACES and token.strip()])
    try:
        return parser.whole()
    except (Symbolic, ArithmeticError, ValueError, RecursionError):
        return None


class _Parser:
    """A recursive descent parser that evaluates the tokens of a formula."""

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
