"""Grammar and spelling of the text that is left when code and formulas are taken out.

French by Grammalecte, English words by Hunspell: programs of the system (Debian:
grammalecte-cli; hunspell, hunspell-en-gb). Without them the tests are skipped, unless
PRECIS_REQUIRE_WORDING says that they must run.
"""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from precis.base.project import Project
from precis.book.book import Book
from precis.run.record import Records
from precis.text.pages import PageReader
from precis.text.prose import Block, PageText

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LABS = sorted((ROOT / "snippets/labs").glob("*.py"))
FRENCH, ENGLISH = (
    [
        *sorted(
            path
            for path in (ROOT / "docs" / language).rglob("*.md")
            if path.stem != "bibliography"  # names, titles, addresses
        ),
        *LABS,
    ]
    for language in ("fr", "en")
)

LET_PASS = {
    "doublon": "two pieces of code side by side read as the same mark",
    "esp_mélangés1": "no-break spaces of two widths: one for each sign",
    "majuscule_début_paragraphe": "a sentence goes on after a formula",
    "num_grand_nombre_soudé": "bits; precis.typography sees to thousands",
    "typo_math": "ln p, as mathematicians write it",
}
"""Rules of Grammalecte that do not hold in this book, and why."""

RIGHT = {
    "À chacun correspond": "the subject comes after the verb",
    "Vient ensuite ReLU": "the subject comes after the verb",
    "remplit X": "a note beside a line of code, without a subject",
    "La fonction ReLU": "a function's name has no gender",
    "comme le montre X": "X is the subject",
    "une fois 256 retiré": "the number 256",
    "Pourquoi .grad": "the name of an attribute",
    "dépend de X": "a cell of a table, without a subject",
    "C D E F G A": "notes, not an ordinal",
    "A ne suit jamais C": "a note, not the preposition",
}
"""What Grammalecte takes for a fault, by the words around it, and why it is right."""


def required(*programs: str) -> None:
    missing = [program for program in programs if not shutil.which(program)]
    if missing and os.environ.get("PRECIS_REQUIRE_WORDING"):
        pytest.fail(f"{missing[0]} is missing")
    if missing:
        pytest.skip(f"{missing[0]} is not installed (Debian: see .ci/run)")


@functools.cache
def opened(path: Path, language: str) -> PageText:
    """A page, or what a lab says in a language."""
    reader = shared_reader()
    if path in LABS:
        return reader.read_lab(reader.book.snippet(path), language)
    return reader.read_page(path)


@functools.cache
def shared_reader() -> PageReader:
    return PageReader(Book(Project.read(ROOT), Records(ROOT)))


def sentences(page: PageText) -> Iterator[tuple[int, str]]:
    """The page's text by line: an X for code, formulas and foreign words, no Markdown."""
    for block in page.blocks:
        if block.kind == "note":
            continue
        cells = read(block).split("|") if block.kind == "row" else [read(block)]
        for cell in cells:
            text = re.sub(r"[ \n]+", " ", re.sub(r"\*\*|\[(?!\w\])", "", cell)).strip()
            if text:
                yield block.line, text


def read(block: Block) -> str:
    text = ""
    for piece in block.pieces:
        if piece.kind == "text":
            text += block.plain[piece.start : piece.start + len(piece.text)]
        elif piece.kind in ("code", "formula"):
            text += "\ufffc"
    text = re.sub(r"\s*\{ \.[^}]*\}", "", text)  # attributes of a paragraph or a link
    return re.sub("\ufffc+", "X", text)


def words(name: str) -> set[str]:
    return set((HERE / name).read_text(encoding="utf-8").split())


def assert_none(unknown: dict[str, str], name: str) -> None:
    """Fail with every unknown word and its place: pytest would cut a long dictionary."""
    told = "\n".join(f"{unknown[word]}: {word}" for word in sorted(unknown))
    hint = f"Mend them, mark them as foreign (*…*) or as code, or add them to {name} or names.txt."
    assert not unknown, f"unknown words\n{told}\n{hint}"


@functools.cache
def grammalecte(path: Path) -> list[tuple[int, str, dict[str, object]]]:
    """The paragraphs of a French page with what Grammalecte says of each."""
    told = list(sentences(opened(path, "fr")))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "text"
        file.write_text("\n".join(text for _, text in told) + "\n", encoding="utf-8")
        command = ["grammalecte-cli", "-f", str(file), "-j"]
        run = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    paragraphs = json.loads(run.stdout)["data"]
    return [(*told[paragraph["iParagraph"] - 1], paragraph) for paragraph in paragraphs]


@pytest.mark.parametrize("path", FRENCH, ids=lambda path: path.stem)
def test_the_french_is_grammatical(path: Path) -> None:
    required("grammalecte-cli")

    faults = [
        f"{path.relative_to(ROOT)}:{line}: {fault['sMessage']} {around!r} ({fault['sRuleId']})"
        for line, text, paragraph in grammalecte(path)
        for fault in paragraph["lGrammarErrors"]  # type: ignore[attr-defined]
        if fault["sRuleId"] not in LET_PASS
        and not any(right in (around := text[max(0, fault["nStart"] - 30) : fault["nEnd"] + 30])
                    for right in RIGHT)
    ]  # fmt: skip

    assert faults == []


def test_every_french_word_is_known() -> None:
    required("grammalecte-cli")

    places = {
        word["sValue"]: f"{path.relative_to(ROOT)}:{line}"
        for path in FRENCH
        for line, _, paragraph in grammalecte(path)
        for word in paragraph["lSpellingErrors"]  # type: ignore[attr-defined]
    }
    known = words("names.txt") | words("words.fr.txt")

    assert_none({word: places[word] for word in places if word not in known}, "words.fr.txt")


def test_every_english_word_is_known() -> None:
    required("hunspell")
    places = {
        word.replace("’", "'"): f"{path.relative_to(ROOT)}:{line}"
        for path in ENGLISH
        for line, text in sentences(opened(path, "en"))
        for word in re.findall(r"(?<!\w)[^\W\d_][\w’'-]*", text)
    }
    known = words("names.txt") | words("words.en.txt")

    run = subprocess.run(
        ["hunspell", "-d", "en_GB", "-l"],
        input="\n".join(places),
        capture_output=True,
        encoding="utf-8",
        check=True,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    unknown = {
        word
        for word in run.stdout.split()
        if not word[0].isdigit() and word.partition("'")[0] not in known
    }

    assert_none({word: places.get(word, "?") for word in unknown}, "words.en.txt")


@pytest.mark.parametrize("name", ["names.txt", "words.fr.txt", "words.en.txt"])
def test_the_word_lists_hold_what_the_book_uses(name: str) -> None:
    texts = [
        text
        for language, paths in (("fr", FRENCH), ("en", ENGLISH))
        for path in paths
        for _, text in sentences(opened(path, language))
    ]
    book = " ".join(texts)

    assert [word for word in words(name) if word not in book] == []
    assert (HERE / name).read_text(encoding="utf-8").split() == sorted(words(name))
