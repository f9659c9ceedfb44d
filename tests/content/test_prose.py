"""A wrong digit in the text of the book is refused, wherever it stands.

`make test` tries a quarter of the digits, `make test-all` all of them.
"""

from __future__ import annotations

import re
from itertools import count, takewhile
from pathlib import Path

import pytest
from mutate import ROOT, reader, tried

PAGES = sorted((ROOT / "docs").rglob("*.md"))


@pytest.mark.parametrize("every", [4, pytest.param(1, marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize("path", PAGES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_wrong_last_digit_of_two_or_more_decimals_is_refused(path: Path, every: int) -> None:
    turns = count()
    chosen = tried([path], lambda m: m.places > 1 and next(turns) % every == 0)
    survivors = [o.mutant for o in chosen if not o.refused]

    assert [f"{m.page.path}:{m.line}:{m.column}: {m.text}" for m in survivors] == []


def test_the_book_states_what_can_be_refused() -> None:
    judge = reader()
    verdicts = [judge.check_page(judge.read_page(path)) for path in PAGES]

    assert sum(verdict.witnessed for verdict in verdicts) > 1000
    assert all(excuse.reason for verdict in verdicts for _, excuse in verdict.excused)


CELL = re.compile(r"^# %% ([\w-]+)(.*?)(?=^# %% |\Z)", re.M | re.S)
EMBED = re.compile(r"^( *)```snippet.*\n((?:.*\n)*?)\1```\n", re.M)


def test_each_mark_in_a_cell_has_its_note_below_the_block() -> None:
    """A mark `# (1)!` without a note stands in the code as a bare comment."""
    marks = {
        f"{path.name}:{cell[1]}": len(set(re.findall(r"# \(\d+\)!", cell[2])))
        for path in (ROOT / "snippets").rglob("*.py")
        for cell in CELL.finditer(path.read_text(encoding="utf-8"))
    }
    wrong = []
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        for block in EMBED.finditer(text):
            wanted = sum(marks.get(name.strip(), 0) for name in block[2].split("\n"))
            paragraphs = text[block.end() :].strip("\n").split("\n\n")
            notes = [*takewhile(re.compile(r" *\d+\. ").match, paragraphs)]
            found = len(re.findall(r"^ *\d+\. ", "\n".join(notes), re.M))
            if found != wanted:
                wrong.append(f"{path.relative_to(ROOT)}: {block[2].strip()}: {wanted}, {found}")

    assert sum(marks.values()) > 100
    assert wrong == []
