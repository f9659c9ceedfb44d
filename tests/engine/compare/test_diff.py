"""Diffs show the differences, and no input makes them slow or long."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from precis.compare.diff import SHOWN, WIDTH, diff
from precis.compare.text import compare, find_unstable
from precis.compare.values import compare_values
from precis.run.outcome import Outcome, Run
from precis.run.record import Record
from precis.source.snippet import Snippet

Parse = Callable[[str], Snippet]

SMALL = {
    "changed": (["0.0899"], ["0.0898"], ["- 0.0899", "?      ^", "+ 0.0898", "?      ^"]),
    "added": (["a"], ["a", "b"], ["  a", "+ b"]),
    "all gone": (["a"], [], ["- a"]),
    "far above and below": (
        ["1", "2", "3", "d", "e", "f", "g", "h", "i", "j", "4", "5", "6"],
        ["1", "2", "3", "d", "e", "f", "G", "h", "i", "j", "4", "5", "6"],
        [
            "  … 3 equal lines", "  d", "  e", "  f",
            "- g", "+ G",
            "  h", "  i", "  j", "  … 3 equal lines",
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "shown"), SMALL.values(), ids=SMALL.keys())
def test_a_small_diff_shows_differences_with_context(
    old: list[str], new: list[str], shown: list[str]
) -> None:
    assert diff(old, new) == shown


def log(length: int, start: float) -> tuple[str, ...]:
    """Return a training log, whose lines are all alike."""
    return tuple(
        f"step {n:4d} loss {1 / (n + start):.6f} grad {2 / (n + start):.6f}" for n in range(length)
    )


def refuse(*lines: object) -> list[str]:
    raise AssertionError("ndiff is cubic in lines that resemble each other")


def test_a_long_log_that_differs_in_each_line_is_cut_without_ndiff(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(difflib, "ndiff", refuse)

    *lines, last = diff(log(1500, 2), log(1500, 2.1))

    assert lines[:2] == [f"- {log(1, 2)[0]}", f"+ {log(1, 2.1)[0]}"]
    assert len(lines) == SHOWN
    assert re.fullmatch(r"… and 2\d{3} more lines", last)


def test_long_lines_are_cut_to_where_they_differ(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(difflib, "ndiff", refuse)

    old, new = diff(["q" * 5000 + "a" + "p" * 5000], ["q" * 5000 + "b" + "p" * 5000])

    assert "qap" in old
    assert "qbp" in new
    assert max(len(old), len(new)) <= WIDTH + 4


def test_a_diff_escapes_control_characters() -> None:
    assert diff(["\x1b[31mred\x1b[0m"], ["\u202ered"])[0] == "- \\x1b[31mred\\x1b[0m"


LINES = st.lists(st.sampled_from(["a", "b", "c", "aaa", "", "x" * 500]) | st.text(), max_size=150)


@given(LINES, LINES)
@settings(deadline=None)
def test_every_diff_has_a_bounded_number_of_lines(old: list[str], new: list[str]) -> None:
    old, new = [["".join(line.split()) for line in lines] for lines in (old, new)]

    lines = diff(old, new)

    assert any(line[:1] in ("-", "+") for line in lines) == (old != new)
    assert len(lines) <= SHOWN + 2


def test_every_message_with_a_diff_is_short(
    parse: Parse, record: Callable[[Run], Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(difflib, "ndiff", refuse)
    expected = "\n".join(f"#> {line}" for line in log(1500, 2))
    snippet = parse(f"# %% a\nf()\n{expected}\n")
    ours, theirs = (record(Run((Outcome(log(1500, start)),))) for start in (2, 2.1))

    (wrong,) = compare(snippet, theirs)
    (unlike,) = find_unstable(snippet, ours, theirs)
    (other,) = compare_values(snippet, ours, theirs)

    for finding in (wrong.finding, unlike, other.finding):
        assert len(finding.hint.split("\n")) < SHOWN + 10
        assert re.search(r"… and 2\d{3} more lines", finding.hint)
