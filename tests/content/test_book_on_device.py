"""The book on a device that is not the CPU: a fake one, which every machine has."""

from __future__ import annotations

from pathlib import Path

import pytest

from precis.book import Book
from precis.record import Records

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def book() -> Book:
    made = Book(ROOT / "snippets", Records(ROOT, timeout=300), "fakegpu")
    made.run()
    return made


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "snippets").glob("*.py")))
def test_a_snippet_prints_the_same_values_on_another_device(book: Book, name: str) -> None:
    verified = book.verified(ROOT / "snippets" / name)
    printed = [outcome for outcome in verified.record.run.outcomes if outcome.printed]

    assert [str(mismatch.finding) for mismatch in verified.mismatches] == []
    assert verified.outputs() == len(printed)
