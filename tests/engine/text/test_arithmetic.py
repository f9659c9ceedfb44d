"""Formulas are evaluated, and error ones are refused."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from precis.text import arithmetic


def adds_up(latex: str, language: str = "en") -> bool:
    sides = arithmetic.split_sides(latex, language)
    return all(
        arithmetic.are_equal(a, b) for a, b in pairwise(sides) if arithmetic.claims_equality(a, b)
    )


@pytest.mark.parametrize(
    ("latex", "value"),
    [
        (r"10 \times 5 + 5", 55),
        (r"-0.4 - 1", -1.4),
        (r"2 \times (-0.4 - 1)", -2.8),
        (r"2(3 + 1)", 8),
        (r"2^{128-127}", 2),
        (r"-2^2", -4),
        (r"\frac{1}{4} + 73/128", 0.8203125),
        (r"\left(1 + 1\right) \cdot \sqrt{16}", 8),
        (r"\ln e^{2}", 2),
        (r"e^{-2}", 0.1353352832366127),
        (r"7\,077\,888", 7077888),
        (r"\exp(0) - \tanh(0) + \pi", 4.141592653589793),
    ],
)
def test_a_formula_without_letters_has_a_value(latex: str, value: float) -> None:
    assert arithmetic.evaluate(latex, "en") == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    "latex", [r"w + 1", r"\frac{1}{n}", r"\sigma(2)", r"(1 + 2", r"1 +", r"\ln 0", "1/0", "", "x_1"]
)
def test_a_symbolic_or_invalid_formula_has_no_value(latex: str) -> None:
    assert arithmetic.evaluate(latex, "en") is None


@given(st.integers(-999, 999), st.integers(-999, 999), st.integers(1, 999))
def test_sums_are_checked(a: int, b: int, error: int) -> None:
    assert adds_up(f"{a} + ({b}) = {a + b}")
    assert not adds_up(f"{a} + ({b}) = {a + b + error}")


@pytest.mark.parametrize(
    ("latex", "language"),
    [
        (r"-\ln 0.4365 \approx 0.8290", "en"),
        (r"-\ln 0{,}4365 \approx 0{,}8290", "fr"),
        (r"\hat{y} - y = 0.4365 - 1 = -0.5635", "en"),
        (r"1/0.9 \approx 1.11", "en"),
        (r"x = 1, \quad y = 2", "en"),
        (r"1 < 2 \ne 3", "en"),
        (r"(1/4)^{30} \approx 8{,}7 \times 10^{-19}", "fr"),
        (r"2^{20} \approx 1.05 \times 10^6", "en"),
        (r"-2^{20} \approx -1.05 \times 10^6", "en"),
        (r"0.1 + 0.2 - 0.3 = 0", "en"),
    ],
)
def test_correct_formulas_pass(latex: str, language: str) -> None:
    assert adds_up(latex, language)


@pytest.mark.parametrize(
    ("latex", "language"),
    [
        (r"-\ln 0.4365 \approx 0.8291", "en"),
        (r"0{,}4365 - 1 = -0{,}5636", "fr"),
        (r"10 \times 5 + 5 = 56", "en"),
        (r"1/3 = 0.33", "en"),  # it is ≈
        (r"(1/4)^{30} \approx 8.8 \times 10^{-19}", "en"),
        (r"(1/4)^{30} = 8.7 \times 10^{-19}", "en"),  # it is ≈
        (r"2^{20} \approx 1.06 \times 10^6", "en"),
        (r"10^{-9} = 0", "en"),
        (r"-1 \times 1 + 0.26 \times 2 + 0.1 = -0.4", "en"),
    ],
)
def test_wrong_formulas_fail(latex: str, language: str) -> None:
    assert not adds_up(latex, language)
