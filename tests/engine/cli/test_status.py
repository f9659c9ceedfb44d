"""`precis status`: which sections wait to be read again, and what changed in them."""

from __future__ import annotations

import json
import subprocess

import pytest
from project import BILINGUAL, Project

FRENCH = "# Titre\n\nUn mot.\n\n## Suite {#next}\n\nUne phrase.\n\nUne autre.\n"
ENGLISH = "# Title\n\nA word.\n\n## Next {#next}\n\nA sentence.\n\nAnother one.\n"


def git(project: Project, *command: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *who, *command], cwd=project.folder, capture_output=True, check=True)


def status(project: Project, *options: str) -> subprocess.CompletedProcess[str]:
    return project.run("precis", "status", *options)


@pytest.fixture
def book(project: Project) -> Project:
    project.write(mkdocs_yml=BILINGUAL, snippets__a_txt="")
    project.write(docs__fr__a_md=FRENCH, docs__en__a_md=ENGLISH)
    assert project.run("precis", "bless", "a").returncode == 0
    return project


@pytest.fixture
def committed(book: Project) -> Project:
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "a"]):
        git(book, *command)
    return book


def test_pages_that_were_read_since_they_changed_are_said_so(book: Project) -> None:
    asked = status(book)

    assert (asked.returncode, asked.stdout) == (0, "1 page: all sections read side by side\n")


def test_a_section_that_changed_is_shown_with_its_diff_and_its_twin(committed: Project) -> None:
    committed.write(docs__fr__a_md=FRENCH.replace("Une autre.", "Une autre encore."))

    asked = status(committed)

    assert asked.returncode == 1
    assert asked.stdout.splitlines() == [
        "docs/en/a.md:5:1: the section next is as it was read; its twin changed",
        "docs/fr/a.md:5:1: the section next changed since it was read",
        "  @@",
        "  ",
        "  -Une autre.",
        "  +Une autre encore.",
        "",
        "1 page: 1 section to read again; then: precis bless a#next",
    ]


def test_of_a_long_paragraph_the_diff_has_the_sentences_that_changed(book: Project) -> None:
    book.write(docs__fr__a_md=FRENCH.replace("Une autre.", "Un. Deux. Trois ; trois. Quatre."))
    book.run("precis", "bless", "a")
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "a"]):
        git(book, *command)
    book.write(docs__fr__a_md=book.read("docs/fr/a.md").replace("Trois ;", "Encore ;"))

    said = status(book).stdout

    assert "  @@\n   Deux.\n  -Trois ;\n  +Encore ;\n   trois.\n" in said


def test_the_diff_is_with_what_was_read_not_with_the_last_commit(committed: Project) -> None:
    for text in ("Deux.", "Trois."):
        committed.write(docs__fr__a_md=FRENCH.replace("Une phrase.", text))
        git(committed, "commit", "-q", "-a", "-m", "b")

    said = status(committed).stdout

    assert "-Une phrase." in said
    assert "+Trois." in said
    assert "Deux." not in said


def test_without_git_the_section_is_listed_and_the_missing_diff_explained(book: Project) -> None:
    book.write(docs__fr__a_md=FRENCH.replace("phrase", "ligne"))

    asked = status(book)

    assert asked.returncode == 1
    assert "docs/fr/a.md:5:1: the section next changed since it was read" in asked.stdout
    assert "git has no version of this section as it was read" in asked.stdout


def test_a_page_that_was_never_read_is_listed(book: Project) -> None:
    book.write(docs__fr__b_md=FRENCH, docs__en__b_md=ENGLISH)

    asked = status(book)

    assert asked.returncode == 1
    assert "docs/fr/b.md:5:1: the section next was never read beside its twin" in asked.stdout
    assert "2 pages: 2 sections to read again; then: precis bless b\n" in asked.stdout


def test_machines_get_the_same_as_json(committed: Project) -> None:
    committed.write(docs__fr__a_md=FRENCH.replace("Une autre.", "Une autre encore."))

    asked = status(committed, "--json")

    assert asked.returncode == 1
    told = json.loads(asked.stdout)
    assert told["pages"] == 1
    (section,) = told["waiting"]
    assert (section["page"], section["section"], section["bless"]) == ("a.md", "next", "a#next")
    assert {side["path"]: side["changed"] for side in section["sides"]} == {
        "docs/en/a.md": False,
        "docs/fr/a.md": True,
    }
    assert "-Une autre." in section["sides"][1]["diff"]
    assert len(section["sides"][1]["commit"]) == 40


def test_pages_can_be_named(committed: Project) -> None:
    committed.write(docs__fr__a_md=FRENCH.replace("mot", "terme"))
    committed.write(docs__fr__b_md=FRENCH, docs__en__b_md=ENGLISH)

    said = status(committed, "a").stdout

    assert "docs/fr/a.md:1:1" in said
    assert "b.md" not in said
    assert status(committed, "nothing").returncode == 2
