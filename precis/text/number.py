"""Find numbers in prose, in code and in formulas.

Names and references with digits are not numbers: `GPT-2`, `fc1`, `2x3`, `2²⁰`, section 3.2,
Python 3.11.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from babel import Locale, UnknownLocaleError


@dataclass(frozen=True)
class Number:
    """A number and its position in a text."""

    text: str
    start: int
    value: Decimal

    decimals: int
    """The number of decimals: 2 for 0.50, 8 for 1.2e-07, -3 for 1e3."""

    grouped: bool = False
    """Whether thousands are separated."""

    def is_rounding_of(self, exact: Decimal) -> bool:
        """Return whether this is a value rounded to the decimals shown; without any, the value."""
        if self.value == exact:
            return True
        tolerance = Decimal(5).scaleb(-self.decimals - 1)
        return self.decimals > 0 and abs(self.value - exact) <= tolerance


@dataclass(frozen=True)
class Separators:
    """The separators in a language's numbers, as regular expressions."""

    decimal: str
    group: str


@lru_cache
def separators(language: str) -> Separators:
    """Return the separators in Unicode's locale data, English as the fallback."""
    symbols = locale(language).number_symbols["latn"]
    group = symbols["group"]
    blanks = "[\u00a0\u202f]"
    return Separators(re.escape(symbols["decimal"]), re.escape(group) if group.strip() else blanks)


def locale(language: str) -> Locale:
    """Return Unicode's data of a language, fr or pt-BR; English as the fallback."""
    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en")


def in_text(text: str, language: str) -> Iterator[Number]:
    """Yield the numbers of a sentence: −0,5 and 50 257 in French, −0.5 and 50,257 in English."""
    marks = separators(language)
    number = _pattern(marks.decimal, marks.group, r"(?<![\w)\]])[-−]", "+")
    numbers = _numbers(_NAME_BEFORE + number + r"(?!/\d)", text)
    return (n for n in numbers if not _REFERENCE_BEFORE.search(text, max(0, n.start - 20), n.start))


def in_code(code: str) -> Iterator[Number]:
    """Yield the numbers of Python code and Python output: -0.5, 2., 1e-07, 50_257."""
    number = _pattern(r"\.", r"_|,(?!\s)", r"(?<![\w)\]])[-−]", "*")
    return _numbers(_NAME_BEFORE + number, code)


def in_formula(latex: str, language: str) -> Iterator[Number]:
    r"""Yield the numbers of a formula, unsigned, since signs are operators: `0{,}5`, `50\,257`."""
    if separators(language).decimal == ",":
        number = _pattern(r"\{,\}", r"\\,|\\;", "(?!)", "+")
    else:
        number = _pattern(r"\.", r"\{,\}|\\,|\\;", "(?!)", "+")
    return _numbers(number, latex)


_REFERENCE_BEFORE = re.compile(
    r"\b(?:BY|(?i:version|torch|Python|CUDA|sections?|tables?|tableaux?|figures?|chapters?"
    r"|chapitres?|appendix|annexe|pages?|exercises?|exercices?|lines?|lignes?)|PyTorch)\s*$"
)

_NAME_BEFORE = r"(?<![\w)\]][-−:/])"
"""Excludes GPT-2, cuda:0, 12/05/2026."""


def _pattern(decimal: str, group: str, sign: str, decimals: str) -> str:
    """Return the pattern of a number; with `decimals` "*" instead of "+", `2.` matches too."""
    return rf"""(?<![\w.#])
        (?P<number>(?P<sign>{sign})?
        (?P<whole>\d{{1,3}}(?:(?:{group})\d{{3}})+(?!\d)|\d+)
        (?:(?:{decimal})(?P<decimals>\d{decimals}))?
        (?P<power>[eE][-+−]?\d+)?)
        (?!\w|\.\d)"""


_compiled = lru_cache(re.compile)


def _numbers(pattern: str, text: str) -> Iterator[Number]:
    for match in _compiled(pattern, re.X).finditer(text):
        whole = re.sub(r"\D", "", match["whole"])
        decimals = match["decimals"] or ""
        power = int((match["power"] or "e0")[1:].replace("−", "-"))
        value = Decimal(f"{whole}.{decimals or 0}").scaleb(power)
        if match["sign"]:
            value = -value
        grouped = len(whole) != len(match["whole"])
        yield Number(match["number"], match.start(), value, len(decimals) - power, grouped)
