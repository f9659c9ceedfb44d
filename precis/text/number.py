"""Numbers as people and programs write them: in prose, in code, in formulas.

What merely contains digits is no number: `GPT-2`, `fc1`, `2x3`, `2²⁰`, section 3.2, Python 3.11.
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
    """A number where it stands."""

    text: str
    start: int
    value: Decimal

    places: int
    """How many decimals it shows: 2 for 0.50, 8 for 1.2e-07, -3 for 1e3."""

    grouped: bool = False
    """Whether its thousands are set apart."""

    def rounds(self, exact: Decimal) -> bool:
        """Whether this is a value, rounded to the decimals shown (none: the value itself)."""
        if self.value == exact:
            return True
        return self.places > 0 and abs(self.value - exact) <= Decimal(5).scaleb(-self.places - 1)


@dataclass(frozen=True)
class Marks:
    """How a language writes numbers."""

    decimal: str
    """Regular expression of what stands before the decimals."""

    group: str
    """Of what may set thousands apart."""


@lru_cache
def marks(language: str) -> Marks:
    """What Unicode's locale data says of a language; English for what is no language."""
    try:
        symbols = Locale.parse(language).number_symbols["latn"]
    except (UnknownLocaleError, ValueError):
        symbols = {"decimal": ".", "group": ","}
    group = symbols["group"]
    blanks = "[\u00a0\u202f]"
    return Marks(re.escape(symbols["decimal"]), re.escape(group) if group.strip() else blanks)


def in_text(text: str, language: str) -> Iterator[Number]:
    """The numbers of a sentence: −0,5 and 50 257 in French, −0.5 and 50,257 in English."""
    known = marks(language)
    number = _pattern(known.decimal, known.group, r"(?<![\w)\]])[-−]", "+")
    found = _numbers(_NAME_BEFORE + number + r"(?!/\d)", text)
    return (n for n in found if not _REFERENCE.search(text, max(0, n.start - 20), n.start))


def in_code(code: str) -> Iterator[Number]:
    """The numbers of Python code, and of what Python prints: -0.5, 2., 1e-07, 50_257."""
    number = _pattern(r"\.", r"_|,(?!\s)", r"(?<![\w)\]])[-−]", "*")
    return _numbers(_NAME_BEFORE + number, code)


def in_formula(latex: str, language: str) -> Iterator[Number]:
    r"""The numbers of a formula without their signs, which are operators: `0{,}5`, `50\,257`."""
    if marks(language).decimal == ",":
        number = _pattern(r"\{,\}", r"\\,|\\;", "(?!)", "+")
    else:
        number = _pattern(r"\.", r"\{,\}|\\,|\\;", "(?!)", "+")
    return _numbers(number, latex)


_REFERENCE = re.compile(
    r"\b(?:BY|(?i:version|torch|Python|CUDA|sections?|tables?|tableaux?|figures?|chapters?"
    r"|chapitres?|appendix|annexe|pages?|exercises?|exercices?|lines?|lignes?)|PyTorch)\s*$"
)

_NAME_BEFORE = r"(?<![\w)\]][-−:/])"
"""GPT-2, cuda:0, 12/05/2026."""


def _pattern(decimal: str, group: str, sign: str, decimals: str) -> str:
    """`decimals` is the repetition of those after the point: `*` lets `2.` pass."""
    return rf"""(?<![\w.#])
        (?P<number>(?P<sign>{sign})?
        (?P<whole>\d{{1,3}}(?:(?:{group})\d{{3}})+(?!\d)|\d+)
        (?:(?:{decimal})(?P<decimals>\d{decimals}))?
        (?P<power>[eE][-+−]?\d+)?)
        (?!\w|\.\d)"""


_compiled = lru_cache(re.compile)


def _numbers(pattern: str, text: str) -> Iterator[Number]:
    for found in _compiled(pattern, re.X).finditer(text):
        whole = re.sub(r"\D", "", found["whole"])
        decimals = found["decimals"] or ""
        power = int((found["power"] or "e0")[1:].replace("−", "-"))
        value = Decimal(f"{whole}.{decimals or 0}").scaleb(power)
        if found["sign"]:
            value = -value
        grouped = len(whole) != len(found["whole"])
        yield Number(found["number"], found.start(), value, len(decimals) - power, grouped)
