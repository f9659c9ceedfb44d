"""CONTRIBUTING says the same in both languages, as far as its headings and code can show."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# a fenced or indented block, or what stands between as many backquotes
CODE = re.compile(r"^(?: {4,}(?![-\d]).*\n)+|(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.M)


@dataclass
class Section:
    level: int
    code: Counter[str]


def sections(name: str) -> list[Section]:
    """What the headings cut the text into, with all code in each."""
    text = (ROOT / name).read_text(encoding="utf-8")
    parts = re.split(r"^(#+) .*$", text, flags=re.M)
    return [
        Section(len(marks), Counter(found[0].strip() for found in CODE.finditer(part)))
        for marks, part in zip(parts[1::2], parts[2::2], strict=True)
    ]


def test_both_languages_have_the_same_headings_and_code() -> None:
    english, french = sections("CONTRIBUTING.md"), sections("CONTRIBUTING.fr.md")
    model = ("`docs/fr/configuration.md`", "`docs/en/configuration.md`")

    assert len(english) > 5
    for one, other in zip(english, french, strict=True):
        code = Counter({model[1] if c == model[0] else c: n for c, n in other.code.items()})
        assert (one.level, one.code) == (other.level, code)


@pytest.mark.parametrize(
    ("name", "twin"),
    [("CONTRIBUTING.md", "CONTRIBUTING.fr.md"), ("CONTRIBUTING.fr.md", "CONTRIBUTING.md")],
)
def test_each_language_leads_to_the_other_at_its_top(name: str, twin: str) -> None:
    top = (ROOT / name).read_text(encoding="utf-8").split("\n## ")[0]

    assert f"]({twin})" in top
