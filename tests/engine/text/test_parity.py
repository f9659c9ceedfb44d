"""Twins are compared, and the lock records the sections that were read side by side."""

from __future__ import annotations

import subprocess

import pytest
from project import BILINGUAL, Project

from precis.text.prose import PageText
from precis.text.sections import split_sections

SNIPPET = """
    # %% one
    print(1.5)
    #> 1.5

    # %% two
    print(2.5)
    #> 2.5
    """

FRENCH = """
# Titre

Il y a 3 cellules[^x] et `code`.

[^x]: Auteur, 2020.

## La première {#first}

```snippet
a.py:one
```

Elle vaut 1,5, soit $1{,}5$.

??? tip "Indice"

    Rien.

## La seconde {#second}

```snippet
a.py:two
```

Fin.
"""

ENGLISH = """
# Title

There are 3 cells[^x] and `code`.

[^x]: Author, 2020.

## The first {#first}

```snippet
a.py:one
```

It is 1.5, that is $1.5$.

??? tip "Hint"

    Nothing.

## The second {#second}

```snippet
a.py:two
```

The end.
"""


@pytest.fixture
def book(project: Project) -> Project:
    project.write(mkdocs_yml=BILINGUAL, snippets__a_py=SNIPPET)
    project.write(docs__fr__a_md=FRENCH, docs__en__a_md=ENGLISH)
    assert bless(project, "a").returncode == 0
    return project


def bless(project: Project, *slugs: str) -> subprocess.CompletedProcess[str]:
    return project.run("precis", "bless", *slugs)


def check(project: Project) -> str:
    return project.run("precis", "verify", "--prose").stderr


def test_blessed_twins_with_the_same_facts_pass(book: Project) -> None:
    assert check(book) == ""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("There are 3", "There are 4", "docs/en/a.md:3:11: the number 4 is not in docs/fr/a.md:1"),
        ("There are 3", "There are three", "docs/fr/a.md:3:8: the number 3 is not in"),
        (
            "$1.5$",
            "$1.50$",
            "docs/en/a.md:13:21: the formula 1.50, where docs/fr/a.md:13 has",
        ),
        ("`code`", "`cod`", "docs/en/a.md:3:28: the code cod is not in docs/fr/a.md:1"),
        ("cells[^x]", "cells", "docs/fr/a.md:3:20: the source [^x] is not in docs/en/a.md:1"),
        ("a.py:two", "a.py:one", "the cell a.py:one, where docs/fr/a.md:21 has a.py:two"),
        ('??? tip "Hint"\n\n    Nothing.\n', "", "the box ??? tip is missing in docs/en/a.md"),
        ("{#second}", "{#last}", "docs/en/a.md:19:1: the section last is not in docs/fr/a.md"),
        ("## The second", "### The second", "a heading of level 3, and of level 2 in docs/fr"),
        (ENGLISH[-80:], ENGLISH[-80:] + "\n## More {#more}\n", "the section more is not in"),
    ],
)
def test_a_difference_between_twins_is_reported(
    book: Project, old: str, new: str, message: str
) -> None:
    assert old in ENGLISH
    book.write(docs__en__a_md=ENGLISH.replace(old, new))

    assert message in check(book)


def test_sections_in_another_order_are_reported(project: Project) -> None:
    first, second = "## B {#b}\n\nX.\n\n", "## A {#a}\n\nX.\n\n"
    french, english = (f"# T\n\n{a}{b}" for a, b in ((first, second), (second, first)))
    project.write(mkdocs_yml=BILINGUAL, snippets__a_py="")
    project.write(docs__fr__a_md=french, docs__en__a_md=english)

    assert "the section b stands where docs/en/a.md has a" in check(project)


def test_alphabetical_sections_may_differ_in_order(project: Project) -> None:
    project.write(
        mkdocs_yml=BILINGUAL,
        snippets__a_py="",
        docs__fr__a_md="# T\n\n## Époque {#epoch}\n\nX.\n\n## Perte {#loss}\n\nX.\n",
        docs__en__a_md="# T\n\n## Loss {#loss}\n\nX.\n\n## Pass {#epoch}\n\nX.\n",
    )

    assert bless(project, "a").returncode == 0
    assert check(project) == ""


def test_a_ligature_is_sorted_as_its_letters(project: Project) -> None:
    project.write(
        mkdocs_yml=BILINGUAL,
        snippets__a_py="",
        docs__fr__a_md="# T\n\n## Nœud {#node}\n\nX.\n\n## Norme {#norm}\n\nX.\n",
        docs__en__a_md="# T\n\n## Magnitude {#norm}\n\nX.\n\n## Node {#node}\n\nX.\n",
    )

    assert bless(project, "a").returncode == 0
    assert check(project) == ""


def test_a_page_without_twin_is_reported(book: Project) -> None:
    book.write(docs__en__b_md="# B\n")

    assert "docs/en/b.md:1:1: no translation: there is no docs/fr/b.md" in check(book)


def test_a_changed_sentence_makes_both_sections_stale(book: Project) -> None:
    book.write(docs__fr__a_md=FRENCH.replace("Fin.", "C’est la fin."))

    messages = check(book)

    assert (
        "docs/fr/a.md:19:1: the section second changed since it was read beside docs/en/a.md:19"
        in messages
    )
    assert (
        "docs/en/a.md:19:1: the section second is unchanged, but its twin changed: docs/fr/a.md:19"
        in messages
    )
    assert "precis bless a" in messages


def test_a_blessed_section_is_not_stale(book: Project) -> None:
    book.write(docs__fr__a_md=FRENCH.replace("Fin.", "C’est la fin."))

    blessed = bless(book, "a#second")

    assert blessed.stdout == "read side by side: a.md#second\n"
    assert check(book) == ""


def test_a_page_that_was_never_read_is_a_single_finding(book: Project) -> None:
    book.path("translations.lock").unlink()

    assert check(book).count("was never read beside") == 2  # one in each language


def test_blessing_one_section_leaves_another_stale(book: Project) -> None:
    book.write(docs__fr__a_md=FRENCH.replace("Fin.", "La fin.").replace("Rien.", "Rien du tout."))

    bless(book, "a#second")

    assert "the section first changed" in check(book)


def test_pages_that_differ_are_not_blessed(book: Project) -> None:
    before = book.read("translations.lock")
    book.write(docs__en__a_md=ENGLISH.replace("There are 3", "There are 4"))

    refused = bless(book, "a")

    assert refused.returncode == 1
    assert "the number 4 is not in" in refused.stderr
    assert book.read("translations.lock") == before


@pytest.mark.parametrize("slug", ["nothing", "a#nothing"])
def test_a_missing_page_or_section_cannot_be_blessed(book: Project, slug: str) -> None:
    refused = bless(book, slug)

    assert refused.returncode == 2
    assert "nothing" in refused.stderr


def test_blessing_removes_conflict_marks_from_the_lock(book: Project) -> None:
    lock = book.read("translations.lock")
    first = next(line for line in lock.splitlines() if line.startswith("a.md#first"))
    other = "a.md#first en=000000000000 fr=000000000000"
    conflict = f"<<<<<<< HEAD\n{first}\n=======\n{other}\n>>>>>>> main"
    book.path("translations.lock").write_text(lock.replace(first, conflict))

    assert "the section first" in check(book)
    assert bless(book, "a").returncode == 0
    assert book.read("translations.lock") == lock


def test_blessing_removes_deleted_sections_from_the_lock(book: Project) -> None:
    for name, text in (("fr", FRENCH), ("en", ENGLISH)):
        book.write(
            **{f"docs__{name}__a_md": text[: text.index("## L" if name == "fr" else "## T")]}
        )

    bless(book, "a")

    assert [line.split()[0] for line in book.read("translations.lock").splitlines()] == ["a.md#"]


def test_a_page_without_a_heading_has_no_sections() -> None:
    assert split_sections(PageText("docs/fr/a.md", ("Un texte.",))) == []


def test_a_late_section_is_published_with_a_notice(book: Project) -> None:
    settings = BILINGUAL.replace("[attr_list", "[footnotes, pymdownx.details, attr_list")
    book.write(mkdocs_yml=settings.replace("strict: true\n", ""))  # there is no home page
    assert book.run("mkdocs", "build").returncode == 0  # fills the page cache
    book.write(docs__en__a_md=ENGLISH.replace("The end.", "The end, at last."))

    result = bless(book, "a", "--late", "fr")
    built = book.run("mkdocs", "build")

    assert result.stdout == "fr has yet to follow: a.md#second\n"
    assert built.returncode == 0, built.stderr
    notice = "<p><em>Le texte anglais de cette section a changé depuis que les deux ont été lus"
    french = book.read("site/a/index.html")
    assert french.count(notice) == 1
    assert french.index('id="second"') < french.index(notice) < french.index("Fin.")
    assert "has yet to follow" not in book.read("site/en/a/index.html")
    assert notice.removeprefix("<p><em>") in book.read("site/a/a.fr.ipynb")


def test_status_lists_a_late_section_with_the_changes(book: Project) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "a"]):
        subprocess.run(["git", *who, *command], cwd=book.folder, check=True)
    for end in ("The end, at last.", "The very end."):
        book.write(docs__en__a_md=ENGLISH.replace("The end.", end))
        assert bless(book, "a#second", "--late", "fr").returncode == 0

    listed = book.run("precis", "status")

    assert listed.returncode == 1
    assert "  -The end.\n  +The very end.\n" in listed.stdout
    assert "docs/fr/a.md:19:1: the section second is as it was read" in listed.stdout


def test_blessing_both_languages_ends_the_wait(book: Project) -> None:
    before = book.read("translations.lock")
    book.write(docs__en__a_md=ENGLISH.replace("The end.", "The end, at last."))
    bless(book, "a", "--late", "fr")
    book.write(docs__en__a_md=ENGLISH)

    result = bless(book, "a")

    assert result.stdout == "read side by side: a.md#second\n"
    assert book.read("translations.lock") == before
    assert book.run("precis", "status").returncode == 0


@pytest.mark.parametrize(
    ("late", "why"), [("de", "a has no page in de"), ("fr", "was never read side by side")]
)
def test_an_impossible_late_language_is_refused(book: Project, late: str, why: str) -> None:
    book.path("translations.lock").unlink()

    refused = bless(book, "a", "--late", late)

    assert refused.returncode == 2
    assert why in refused.stderr
    assert not book.path("translations.lock").exists()
