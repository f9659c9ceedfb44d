"""What the engine does for text: formulas, no-break spaces, tooltips of the glossary."""

from __future__ import annotations

import markdown
import pytest
from bs4 import BeautifulSoup
from project import Project

from precis.page.extension import Page, PrecisExtension
from precis.page.formula import mathml
from precis.text.prose import Written
from precis.text.typography import spaced, wrong

EXTENSIONS = ["attr_list", "pymdownx.arithmatex", "pymdownx.superfences", "toc"]


def converted(text: str, *more: object) -> tuple[BeautifulSoup, markdown.Markdown]:
    md = markdown.Markdown(
        extensions=[*EXTENSIONS, "precis.formula", "precis.typography", *more],  # type: ignore[list-item]
        extension_configs={"pymdownx.arithmatex": {"generic": True}},
    )
    return BeautifulSoup(md.convert(text), "html.parser"), md


def test_formulas_become_mathml_that_keeps_its_latex() -> None:
    html, _ = converted(r"Inline $\frac{a}{b} < 1$." + "\n\n$$\n\\sigma(z)\n$$\n")

    inline, block = html.select("math")
    assert (inline["display"], block["display"]) == ("inline", "block")
    assert [a.get_text() for a in html.select("annotation")] == [r"\frac{a}{b} < 1", r"\sigma(z)"]
    assert html.select("mfrac")
    assert html.select("script") == []


SPACED = '<mo lspace="0.1667em">&ApplyFunction;</mo>'
"""What stands between a function's name and its argument without parentheses."""


@pytest.mark.parametrize(
    ("latex", "part"),
    [
        (r"0{,}5", "<mn>0,5</mn>"),
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
def test_formulas_are_set_as_tex_sets_them(latex: str, part: str) -> None:
    assert part in mathml(latex, "inline")


def test_punctuation_stays_with_the_formula_before_it() -> None:
    html, _ = converted("The value $v$. Next.")

    (formula,) = html.select("span.arithmatex")
    assert formula.get_text().endswith("v.")
    assert html.get_text().endswith(" Next.")


def test_tables_of_contents_keep_no_break_spaces() -> None:
    _, md = converted("## Pourquoi\N{NARROW NO-BREAK SPACE}? {#why}\n\n### `view` ou *non*\n")

    why, view = md.toc_tokens[0], md.toc_tokens[0]["children"][0]  # type: ignore[attr-defined]
    assert why["name"] == "Pourquoi\N{NARROW NO-BREAK SPACE}?"
    assert view["name"] == "view ou non"


def test_a_link_to_the_glossary_says_what_the_term_means(project: Project) -> None:
    project.write(
        docs__glossary_md="""
        # Glossary

        ### Tensor {#tensor}

        A *multidimensional* array of `numbers`
        of [one type](tensors.md#dtype).

        French: tenseur.
        """
    )
    extension = PrecisExtension()
    extension.page = Page("docs/tensors.md")

    html, _ = converted("A [**tensor**](glossary.md#tensor), [other](glossary.md#no).", extension)

    known, unknown = html.select("a")
    assert known["title"] == "A multidimensional array of numbers of one type."
    assert known["class"] == ["precis-term"]
    assert not unknown.has_attr("title")


def told(project: Project, language: str, text: str) -> list[str]:
    page = Written("a.md", tuple(text.split("\n")), 1, (), language=language)
    return [finding.what.partition(":")[0] for finding in wrong(page)]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("fr", "Est-ce le cas\u202f? Oui\u202f; non\u00a0: «\u202fpeut-être\u202f»…"),
        ("fr", "50\u202f% à 10:30."),
        ("fr", "**Gras**\u202f? Le `code`\u00a0: $x$\u202f; [lien](a.md)\u202f! *Note: a word?*"),
        ("fr", '!!! note "À retenir"\n\n    À 12\u202f000 pas, l’été.'),
        ("fr", '<span lang="en">A title: this one</span>'),
        ("en", "the format of ISO 10646, in RFC 12345"),
        ("en", 'Is it “so”? Yes; no: 12,000 of them. `x = "a"` isn’t…'),
        ("de", 'Andere Sprachen kennen andere Regeln ; "so".'),
    ],
)
def test_what_is_well_written_is_left_alone(project: Project, language: str, text: str) -> None:
    assert told(project, language, text) == []


@pytest.mark.parametrize(
    ("language", "text", "what"),
    [
        ("fr", "Est-ce le cas ?", "no no-break space before ; ! or ?"),
        ("fr", "Est-ce le cas?", "no no-break space before ; ! or ?"),
        ("fr", "Le `code` : ici", "no no-break space before "),
        ("fr", "Le cas: ici", "no no-break space before "),
        ("fr", "« mot\u202f»", "no no-break space inside « »"),
        ("fr", "50 % de plus", "no no-break space before %"),
        ("fr", "l'été", "a straight apostrophe"),
        ("fr", "un “mot”", "English quotation marks"),
        ("fr", "A la fin.", "A for À"),
        ("fr", "Fin. A la suite.", "A for À"),
        ("fr", "50257 jetons", "a number without thousands"),
        ("en", 'a "word"', "a straight quotation mark"),
        ("en", "isn't", "a straight apostrophe"),
        ("en", "Is it so ?", "a blank before punctuation"),
        ("en", "a «\u202fword\u202f»", "French quotation marks"),
        ("en", "wait...", "three full stops"),
        ("en", "two  blanks", "two blanks"),
    ],
)
def test_what_is_not_is_found(project: Project, language: str, text: str, what: str) -> None:
    assert what in told(project, language, text)


@pytest.mark.parametrize(
    ("plain", "text"),
    [
        ("Est-ce le cas ? Oui ; non !", "Est-ce le cas\u202f? Oui\u202f; non\u202f!"),
        ("- Le `code` : ici", "- Le `code`\u00a0: ici"),
        ("10 Mo et 24 Gio, 10 mots", "10\u00a0Mo et 24\u00a0Gio, 10 mots"),
        ("« mot », 50 % de 1 234 567", "«\u202fmot\u202f», 50\u202f% de 1\u202f234\u202f567"),
        ("`a ? b`, $x : y$, *why ?*, 0,5 100", "`a ? b`, $x : y$, *why ?*, 0,5 100"),
        (
            "Une ligne\nqui suit :\n\n    deux : ici",
            "Une ligne\nqui suit\u00a0:\n\n    deux\u00a0: ici",
        ),
    ],
)
def test_the_blanks_of_a_french_page_become_no_break_spaces(plain: str, text: str) -> None:
    front = "---\ntitle: a ? b\n---\n"
    pages = [
        Written("a.md", tuple(plain.split("\n")), 4, (), language=language)
        for language in ("fr", "en")
    ]

    assert [spaced(front + plain, page) for page in pages] == [front + text, front + plain]


def test_what_is_wrong_is_shown_with_whole_words_around(project: Project) -> None:
    page = Written("a.md", ("The transformation of 12345 characters.",), 1, (), language="en")

    assert [f.what for f in wrong(page)] == [
        "a number without thousands: 'transformation of 12345'"
    ]
