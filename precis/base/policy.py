"""Which checks a project asks for: the option `checks` of the plugin in mkdocs.yml.

    plugins:
      - precis:
          checks:
            witnesses: required
            typography: warn

or one level for all of them, `checks: required`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from precis.base.finding import Finding, Malformed, display_path
from precis.base.settings import find_place

REQUIRED, WARN, OFF = LEVELS = ("required", "warn", "off")


class Check(NamedTuple):
    """A check that a project may ask for."""

    level: str
    """The level of a project that does not say."""

    meaning: str


CHECKS = {
    "values": Check(REQUIRED, "each statement prints what its `#>` lines say"),
    "parity": Check(REQUIRED, "a page has the same cells, formulas and numbers in each language"),
    "reviews": Check(OFF, "each section was read beside its translations since it changed"),
    "cells": Check(OFF, "a page shows each cell of its snippet, once and in order"),
    "code-fences": Check(OFF, "code on a page is a cell, or says why it does not run"),
    "witnesses": Check(OFF, "each number in the text was printed by a cell, or has a source"),
    "typography": Check(OFF, "French and English are typeset as their readers expect"),
    "badges": Check(REQUIRED, "a page says below what of it was verified, and where"),
}
"""The checks, by name."""


@dataclass(frozen=True)
class Policy:
    """The level of each check."""

    levels: tuple[tuple[str, str], ...] = ()
    """Those that the project sets; of the others the default holds."""

    def level(self, check: str) -> str:
        """Return the level of a check."""
        return dict(self.levels).get(check, CHECKS[check].level)

    def asks_for(self, check: str) -> bool:
        """Return whether a check is to run."""
        return self.level(check) != OFF

    def apply(self, check: str, findings: Iterable[Finding]) -> Iterator[Finding]:
        """Yield the findings of a check as errors or as warnings; none if it is off."""
        level = self.level(check)
        for finding in findings if level != OFF else ():
            yield replace(finding, is_warning=level == WARN)


DEFAULT = Policy()


def parse_policy(option: object, config: Path | None) -> Policy:
    """Return the policy that the option `checks` describes. Raises Malformed."""
    option = OFF if option is False else option  # YAML 1.1 reads `off` as false
    if option in LEVELS:
        return Policy(tuple((check, str(option)) for check in CHECKS))
    if not option:
        return DEFAULT
    if not isinstance(option, Mapping):
        raise _malformed(config, option, "checks", f"checks: {_one_of(option, LEVELS)}")
    for check, level in option.items():
        if check not in CHECKS:
            raise _malformed(config, check, "checks", f"no check {_one_of(check, CHECKS)}")
        if level is not False and level not in LEVELS:
            raise _malformed(config, check, "checks", f"{check}: {_one_of(level, LEVELS)}")
    return Policy(tuple((c, OFF if level is False else level) for c, level in option.items()))


def _one_of(name: object, names: Iterable[str]) -> str:
    near = get_close_matches(str(name), list(names), 1)
    return f"{name!r}; {f'did you mean {near[0]}?' if near else 'known: ' + ', '.join(names)}"


def _malformed(config: Path | None, key: object, inside: str, message: str) -> Malformed:
    line, column = find_place(config, inside, str(key)) if config else (1, 1)
    place = display_path(config) if config else "precis"
    return Malformed(Finding(place, line, column, f"precis: {message}"))
