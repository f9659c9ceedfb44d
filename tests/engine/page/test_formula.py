"""Formulas become MathML that looks like TeX."""

from __future__ import annotations

import markdown
import pytest
from bs4 import BeautifulSoup

from precis.page.formula import to_mathml


def converted(text: str) -> BeautifulSoup:
    md = markdown.Markdown(
        extensions=["pymdownx.arithmatex", "precis.formula"],
        extension_configs={"pymdownx.arithmatex": {"generic": True}},
    )
    return BeautifulSoup(md.convert(text), "html.parser")


def test_formulas_become_mathml_with_their_latex() -> None:
    html = converted(r"Inline $\frac{a}{b} < 1$." + "\n\n$$\n\\sigma(z)\n$$\n")

    inline, block = html.select("math")
    assert (inline["display"], block["display"]) == ("inline", "block")
    assert [a.get_text() for a in html.select("annotation")] == [r"\frac{a}{b} < 1", r"\sigma(z)"]
    assert html.select("mfrac")
    assert html.select("script") == []


SPACED = '<mo lspace="0.1667em">&ApplyFunction;</mo>'
"""The space between a function's name and an argument without parentheses."""


@pytest.mark.parametrize(
    ("latex", "part"),
    [
        (r"0{,}5", "<mn>0,5</mn>"),
        (r"1{,}259{,}736", "<mn>1,259,736</mn>"),
        ("0.5", "<mn>0.5</mn>"),
        (r"\ln a", f"<mi>ln</mi></mrow>{SPACED}<mi>a</mi>"),
        (r"\ln \hat{y}", f"<mi>ln</mi></mrow>{SPACED}<mover"),
        (r"y \ln a", '<mi>y</mi><mspace width="0.1667em"/><mrow>'),
        (r"\ln(a)", "<mi>ln</mi></mrow><mo>&ApplyFunction;</mo><mrow><mo"),
        (r"\max(0, w)", "<mi>max</mi></mrow><mo>&ApplyFunction;</mo><mrow><mo"),
        (r"\sigma(-1)", '<mo lspace="0" rspace="0">−</mo>'),
        ("z = -1", '<mo lspace="0" rspace="0">−</mo>'),
        ("(a)-1", "<mo>−</mo>"),
        (r"\hat{y}", '<mo stretchy="false">ˆ</mo>'),
        ("f'(x)", '<mi>f</mi><mo lspace="0.06em" rspace="0">′</mo>'),
        (r"\partial L", "<mi>∂</mi><mi>L</mi>"),
        ("a/b", '<mo lspace="0" rspace="0">/</mo>'),
        (r"\mathrm{d}y", '<mi mathvariant="normal">d</mi></mrow><mi>y</mi>'),
        (r"\mathbf{x}", "<mi>𝐱</mi>"),
        (r"\boldsymbol{\delta}", "\N{MATHEMATICAL BOLD ITALIC SMALL DELTA}"),
        (r"\mathbb{1}", "\N{MATHEMATICAL DOUBLE-STRUCK DIGIT ONE}"),
        (r"\mathbb{R}", "<mi>ℝ</mi>"),
        (r"\mathcal{L}", "<mi>ℒ</mi>"),
    ],
)
def test_formulas_have_the_spacing_of_tex(latex: str, part: str) -> None:
    assert part in to_mathml(latex, "inline")


def test_punctuation_stays_with_the_formula_before_it() -> None:
    html = converted("The value $v$. Next.")

    (formula,) = html.select("span.arithmatex")
    assert formula.get_text().endswith("v.")
    assert html.get_text().endswith(" Next.")
