"""The typography of French and English is checked."""

from __future__ import annotations

import markdown
import pytest
from project import Project

from precis.text.prose import PageText
from precis.text.typography import check_typography, insert_no_break_spaces


def test_tables_of_contents_keep_no_break_spaces() -> None:
    md = markdown.Markdown(extensions=["attr_list", "toc", "precis.typography"])
    md.convert("## Pourquoi\N{NARROW NO-BREAK SPACE}? {#why}\n\n### `view` ou *non*\n")

    why, view = md.toc_tokens[0], md.toc_tokens[0]["children"][0]  # type: ignore[attr-defined]
    assert why["name"] == "Pourquoi\N{NARROW NO-BREAK SPACE}?"
    assert view["name"] == "view ou non"


def messages(project: Project, language: str, text: str) -> list[str]:
    page = PageText("a.md", tuple(text.split("\n")), language=language)
    return [finding.message.partition(":")[0] for finding in check_typography(page)]


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
def test_correct_typography_passes(project: Project, language: str, text: str) -> None:
    assert messages(project, language, text) == []


@pytest.mark.parametrize(
    ("language", "text", "message"),
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
def test_a_typographic_error_is_reported(
    project: Project, language: str, text: str, message: str
) -> None:
    assert message in messages(project, language, text)


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
def test_plain_spaces_of_a_french_page_become_no_break_spaces(plain: str, text: str) -> None:
    front = "---\ntitle: a ? b\n---\n"
    pages = [
        PageText("a.md", tuple(plain.split("\n")), 4, language=language)
        for language in ("fr", "en")
    ]

    assert [insert_no_break_spaces(front + plain, page) for page in pages] == [
        front + text,
        front + plain,
    ]


def test_an_error_is_shown_with_the_whole_words_around_it(project: Project) -> None:
    page = PageText("a.md", ("The transformation of 12345 characters.",), language="en")

    assert [f.message for f in check_typography(page)] == [
        "a number without thousands: 'transformation of 12345'"
    ]
