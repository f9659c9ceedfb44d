"""The book run otherwise: on a fake device, which every machine has, and twice."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from precis.base.project import Project
from precis.book.book import Book
from precis.run.parent import warm_up
from precis.run.record import Records

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def book() -> Book:
    made = Book(Project.read(ROOT), Records(ROOT, timeout=300), "fakegpu")
    warm_up(made.readable())  # one process imports what all of them need
    return made


@pytest.mark.parametrize(
    "path",
    [
        # labs train longest, and are left to `make test-all`
        pytest.param(path, marks=pytest.mark.exhaustive if path.parent.name == "labs" else ())
        for path in sorted((ROOT / "snippets").rglob("*.py"))
    ],
    ids=lambda path: path.name,
)
def test_a_snippet_prints_the_same_values_on_another_device(book: Book, path: Path) -> None:
    verified = book.verified(path)
    printed = [outcome for outcome in verified.record.run.outcomes if outcome.printed]

    assert [str(mismatch.finding) for mismatch in verified.mismatches] == []
    assert verified.count_outputs() == len(printed)


@pytest.mark.exhaustive
def test_the_book_prints_the_same_twice() -> None:
    """Two processes that differ in hash seed, threads and folder."""
    command = [sys.executable, "-m", "precis", "verify", "--twice", "--timeout", "300"]

    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    assert run.returncode == 0, run.stderr
