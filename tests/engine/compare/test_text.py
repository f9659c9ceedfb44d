"""Comparing output with expectations: exact, complete, and with a hint."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from precis.compare.text import Mismatch, compare
from precis.run.outcome import Fault, Outcome, Run
from precis.run.record import Record
from precis.source.snippet import Snippet

Parse = Callable[[str], Snippet]


def mismatches(snippet: Snippet, *outcomes: Outcome, fault: Fault | None = None) -> list[Mismatch]:
    return compare(snippet, Record(Run(outcomes, fault=fault), "cpu", "2.13.0+cpu"))


def test_expected_output_is_no_mismatch(parse: Parse) -> None:
    snippet = parse("# %% a\nprint(x)\n#> tensor([1., 2.])\n")

    assert mismatches(snippet, Outcome(("tensor([1., 2.])",))) == []


@pytest.mark.parametrize(
    "printed",
    [
        ("tensor([2., 3.])",),
        ("tensor([1., 2.0000])",),
        ("tensor([1., 2.])", ""),
        ("tensor([1., 2.], requires_grad=True)",),
        (),
    ],
)
def test_any_other_output_is_a_mismatch(parse: Parse, printed: tuple[str, ...]) -> None:
    snippet = parse("# %% a\nprint(x)\n#> tensor([1., 2.])\n")

    assert len(mismatches(snippet, Outcome(printed))) == 1


def test_printing_without_expectation_is_a_mismatch(parse: Parse) -> None:
    (mismatch,) = mismatches(parse("# %% a\nf()\n"), Outcome(("1",)))

    assert "has no #> line" in mismatch.finding.message


def test_the_message_has_place_cell_device_version_diff_and_command(parse: Parse) -> None:
    snippet = parse("# %% first\nx = 1\n# %% second\nprint(x)\n#> 0.0899\n")

    (mismatch,) = mismatches(snippet, Outcome(()), Outcome(("0.0898",)))

    message = str(mismatch.finding)
    assert "a.py:4:1: " in message
    assert "cell second on cpu, torch 2.13.0+cpu" in message
    assert "print(x)" in message
    assert "- 0.0899" in message
    assert "+ 0.0898" in message
    assert "precis update" in message
    assert mismatch.cell == "second"


def test_all_mismatches_are_reported(parse: Parse) -> None:
    snippet = parse("# %% a\nprint(1)\n#> 2\nprint(2)\n#> 2\nprint(3)\n#> 4\n")

    found = mismatches(snippet, *(Outcome((str(n),)) for n in (1, 2, 3)))

    assert [mismatch.finding.line for mismatch in found] == [2, 6]


def test_a_warning_is_a_mismatch_even_if_the_output_is_right(parse: Parse) -> None:
    snippet = parse("# %% a\nprint(1)\n#> 1\n")

    (mismatch,) = mismatches(snippet, Outcome(("1",), ("UserWarning: look",)))

    assert "UserWarning: look" in mismatch.finding.hint


def test_an_unterminated_line_is_a_mismatch(parse: Parse) -> None:
    snippet = parse("# %% a\nprint(1)\n#> 1\n")

    (mismatch,) = mismatches(snippet, Outcome(("1",), open_line=True))

    assert "left open" in mismatch.finding.message


def test_a_fault_comes_last_with_the_number_of_skipped_statements(parse: Parse) -> None:
    snippet = parse("# %% a\nprint(1)\n#> 2\n# %% b\nf()\nx = 1\ny = 2\n")

    first, fault = mismatches(
        snippet, Outcome(("1",)), fault=Fault(5, "ValueError: no", position=1)
    )

    assert first.cell == "a"
    assert fault.cell == "b"
    assert "a.py:5:1: ValueError: no, cell b" in str(fault.finding)
    assert "2 statements after it did not run" in fault.finding.hint


def test_expectations_of_other_devices_are_ignored_on_the_cpu(parse: Parse) -> None:
    snippet = parse("# %% a\nprint(d)\n#> cpu\n#> [cuda] cuda:0\n")

    assert mismatches(snippet, Outcome(("cpu",))) == []


def test_an_expectation_marked_for_the_cpu_replaces_the_unmarked_one(parse: Parse) -> None:
    snippet = parse("# %% a\nprint(d)\n#> device\n#> [cpu] cpu\n")

    assert mismatches(snippet, Outcome(("cpu",))) == []
    assert len(mismatches(snippet, Outcome(("device",)))) == 1


def test_a_statement_with_only_another_device_s_expectation_prints_nothing_on_the_cpu(
    parse: Parse,
) -> None:
    snippet = parse("# %% a\nf()\n#> [cuda] cuda:0\n")

    assert mismatches(snippet, Outcome(())) == []
    assert len(mismatches(snippet, Outcome(("cuda:0",)))) == 1


def test_an_extra_blank_line_is_a_mismatch(parse: Parse) -> None:
    snippet = parse("# %% a\nf()\n#> 1\n#> 2\n")

    assert len(mismatches(snippet, Outcome(("1", "", "2")))) == 1


def test_trailing_spaces_of_an_expectation_are_ignored(parse: Parse) -> None:
    assert mismatches(parse("# %% a\nprint(1)\n#> 1  \n"), Outcome(("1",))) == []


def test_leading_spaces_of_a_line_are_compared(parse: Parse) -> None:
    snippet = parse("# %% a\nprint(x)\n#> tensor([[1.],\n#>         [2.]])\n")

    assert len(mismatches(snippet, Outcome(("tensor([[1.],", "       [2.]])")))) == 1
    assert mismatches(snippet, Outcome(("tensor([[1.],", "        [2.]])"))) == []
