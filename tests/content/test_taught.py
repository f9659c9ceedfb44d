"""`coverage.tsv` maps what chapters 0 and 1 must teach to where it is taught, in both languages."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
DOCS = HERE.parents[1] / "docs"


def rows() -> list[dict[str, str]]:
    with (HERE / "coverage.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_every_error_of_the_starting_text_and_every_question_of_learners_has_a_row() -> None:
    items = {row["item"] for row in rows()}

    assert {f"A{n}" for n in range(1, 31)} <= items
    assert {f"D{n}" for n in range(1, 17)} <= items


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["item"])
@pytest.mark.parametrize("language", ["fr", "en"])
def test_what_must_be_taught_has_its_place(language: str, row: dict[str, str]) -> None:
    places = row["where"].split()
    assert places
    for place in places:
        page, _, anchor = place.partition("#")
        text = (DOCS / language / page).read_text(encoding="utf-8")
        assert re.search(rf"^#+ .*\{{#{anchor}\}}$", text, re.M), place
