"""Numbers are result in French and English, Python and LaTeX."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from precis.text import number

DECIMALS = st.decimals(
    min_value=-(10**9), max_value=10**9, allow_nan=False, allow_infinity=False, places=4
)
SPACES = "\u00a0\u202f"


def written(value: Decimal, decimal: str, group: str, minus: str) -> str:
    sign, digits = (minus, f"{-value:,f}") if value < 0 else ("", f"{value:,f}")
    return sign + digits.replace(",", "_").replace(".", decimal).replace("_", group)


@given(DECIMALS, st.sampled_from("-−"), st.sampled_from(SPACES))
def test_a_french_number_has_a_decimal_comma_and_spaces(
    value: Decimal, minus: str, space: str
) -> None:
    text = f"La perte vaut {written(value, ',', space, minus)}, puis baisse."

    (result,) = number.in_text(text, "fr")

    assert (result.value, result.decimals) == (value, 4)


@given(DECIMALS, st.sampled_from("-−"), st.sampled_from(["", ","]))
def test_an_english_number_has_a_point_and_commas(value: Decimal, minus: str, group: str) -> None:
    text = f"The loss is {written(value, '.', group, minus)}, then falls."

    (result,) = number.in_text(text, "en")

    assert (result.value, result.decimals) == (value, 4)


@given(DECIMALS, st.sampled_from(["en", "fr"]))
def test_a_number_in_a_formula_is_unsigned(value: Decimal, language: str) -> None:
    latex = written(value, ".", r"\,", "-") if language == "en" else written(
        value, "{,}", r"\,", "-"
    )  # fmt: skip

    (result,) = number.in_formula(rf"w = {latex} \times h", language)

    assert result.value == abs(value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_python_output_is_read_back(value: float) -> None:
    (result,) = number.in_code(f"tensor([{value!r}])")

    assert float(result.value) == value


@given(st.decimals(-(10**9), 10**9, places=6), st.integers(1, 5))
def test_a_number_matches_values_that_round_to_it(exact: Decimal, decimals: int) -> None:
    step = Decimal(1).scaleb(-decimals)
    shown = exact.quantize(step)
    (result,) = number.in_text(f"{abs(shown):f}", "en")

    assert result.is_rounding_of(abs(exact))
    assert not result.is_rounding_of(abs(exact) + 2 * step)


def test_an_integer_matches_only_itself() -> None:
    (three,) = number.in_text("3", "en")

    assert three.is_rounding_of(Decimal("3.0"))
    assert not three.is_rounding_of(Decimal("2.7"))


@pytest.mark.parametrize(
    "name",
    [
        "GPT-2", "fc1", "x_1", "2x3", "2²⁰", "1er", "2nd", "cuda:0", "#44428", "section 3.2",
        "table 4", "PyTorch 2.13", "Python 3.11", "version 3.3.2", "3.3.2", "12/05/2026", "float32",
        "l’exercice\u00a05", "CC BY 4.0",
    ],
)  # fmt: skip
@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_name_with_digits_is_no_number(name: str, language: str) -> None:
    assert list(number.in_text(f"({name}) {name}.", language)) == []


@pytest.mark.parametrize(
    ("text", "language", "values"),
    [
        ("de 0 à 1.", "fr", ["0", "1"]),
        ("entre 1\u00a0000 et 2\u202f000\u202f000", "fr", ["1000", "2000000"]),
        ("0,5, 1,5 et 3", "fr", ["0.5", "1.5", "3"]),
        ("from 2–3 to 1,024", "en", ["2", "3", "1024"]),
        ("10, 20, 30", "en", ["10", "20", "30"]),
        ("about 1.2e-07.", "en", ["1.2E-7"]),
        ("50\u202f% de 7", "fr", ["50", "7"]),
    ],
)
def test_numbers_in_lists_ranges_and_before_units(
    text: str, language: str, values: list[str]
) -> None:
    assert [n.value for n in number.in_text(text, language)] == [Decimal(v) for v in values]


@pytest.mark.parametrize(
    ("code", "values"),
    [
        ("tensor([-0.4761, 2., 1e-07])", ["-0.4761", "2", "1E-7"]),
        ("(1, -2)", ["1", "-2"]),
        ("a - 3", ["3"]),
        ("124,412,160 and 1_000", ["124412160", "1000"]),
        ("-0.2 0.2 -0.1", ["-0.2", "0.2", "-0.1"]),
        ("(2x3 and 2x3)", []),
    ],
)
def test_numbers_in_code(code: str, values: list[str]) -> None:
    assert [n.value for n in number.in_code(code)] == [Decimal(v) for v in values]
