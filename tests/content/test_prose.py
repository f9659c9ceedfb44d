"""A wrong digit in the text of the book is refused, wherever it stands."""

from __future__ import annotations

from pathlib import Path

import pytest
from mutate import ROOT, reader, tried

PAGES = sorted((ROOT / "docs").rglob("*.md"))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_wrong_last_digit_of_two_or_more_decimals_is_refused(path: Path) -> None:
    survivors = [o.mutant for o in tried([path], lambda m: m.places > 1) if not o.refused]

    assert [f"{m.page.path}:{m.line}:{m.column}: {m.text}" for m in survivors] == []


def test_the_book_states_what_can_be_refused() -> None:
    judge = reader()
    verdicts = [judge.check_page(judge.read_page(path)) for path in PAGES]

    assert sum(verdict.witnessed for verdict in verdicts) > 1000
    assert all(excuse.reason for verdict in verdicts for _, excuse in verdict.excused)
