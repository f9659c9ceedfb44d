"""A page that passed is not judged again while nothing that was read for it changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from project import BILINGUAL, Project

from precis.base.finding import Finding
from precis.text import checks
from precis.text.lock import bless_sections, format_lock
from precis.text.pages import PageReader

ONE = "# %% loss\nprint(0.8290)\n#> 0.829\n"
PAGE = "## Text {#a}\n\n```snippet\na.py:loss\n```\n\nIt is 0.83, and [there](b.md) it was 0.5.\n"
LINKED = "```snippet\nb.py:loss\n```\n"
FILES = {
    "mkdocs.yml": BILINGUAL,
    "snippets/a.py": ONE,
    "snippets/b.py": "# %% loss\nprint(0.5)\n#> 0.5\n",
    "docs/en/a.md": PAGE,
    "docs/en/b.md": LINKED,
    "docs/fr/a.md": PAGE.replace("0.83", "0,83").replace("0.5", "0,5"),
    "docs/fr/b.md": LINKED,
}


@pytest.fixture
def book(project: Project) -> Project:
    for name, text in FILES.items():
        put(project, name, text)
    reader = PageReader(project.book())
    pages = [reader.read_page(path) for path in reader.project.pages("a.md")]
    lock = format_lock(bless_sections(reader.project, pages, {}))
    put(project, "translations.lock", lock)
    return project


def put(project: Project, name: str, text: str) -> None:
    path = project.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def findings(project: Project, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], set[str]]:
    """What is wrong with the page, and what of it was judged to know."""
    monkeypatch.chdir(project.folder)
    reader = PageReader(project.book())
    judged = set()

    def noting(name: str) -> None:
        judge = getattr(reader, name)
        monkeypatch.setattr(reader, name, lambda page: judged.add(name) or judge(page))

    noting("check_claims")
    noting("check_wording")
    found: tuple[Finding, ...] = checks.page_findings(
        reader, reader.read_page(Path("docs/en/a.md"))
    )
    return [finding.what for finding in found], judged


CLAIMS, WORDING = {"check_claims"}, {"check_wording"}
ALL, NOTHING = CLAIMS | WORDING, set[str]()


def test_a_page_that_passed_is_not_judged_again(
    book: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert findings(book, monkeypatch) == ([], ALL)
    assert findings(book, monkeypatch) == ([], NOTHING)


def test_a_page_that_passed_before_it_was_rendered_is_not_judged_again(
    book: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert findings(book, monkeypatch) == ([], ALL)
    put(book, "docs/en/a.md", PAGE + "\n\n")  # as Markdown hands it over
    assert findings(book, monkeypatch) == ([], NOTHING)


@pytest.mark.parametrize(
    ("name", "text", "judged", "what"),
    [
        ("docs/en/a.md", PAGE.replace("0.83", "0.84"), ALL, "0.84 has no witness"),
        ("snippets/a.py", ONE.replace("829", "929"), CLAIMS, "0.83 has no witness"),
        ("snippets/b.py", "# %% loss\nprint(0.6)\n#> 0.6\n", CLAIMS, "0.5 has no witness"),
        ("snippets/b.py", "# %% loss\nx = (\n", CLAIMS, "0.5 has no witness"),
        ("docs/en/b.md", "Nothing is shown.\n", CLAIMS, "0.5 has no witness"),
        ("docs/fr/a.md", "## B {#b}\n", WORDING, "is not in docs/fr/a.md"),
    ],
)
def test_a_change_of_whatever_was_read_is_seen(
    book: Project,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    text: str,
    judged: set[str],
    what: str,
) -> None:
    assert findings(book, monkeypatch) == ([], ALL)
    put(book, name, text)
    found, were = findings(book, monkeypatch)
    assert were == judged
    assert any(what in finding for finding in found)


def test_what_is_wrong_is_said_every_time(book: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    put(book, "docs/en/a.md", PAGE.replace("0.83", "0.84"))
    first, again = findings(book, monkeypatch), findings(book, monkeypatch)
    assert first == again
    assert first[0]


def test_an_entry_of_the_lock_that_changes_is_seen(
    book: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert findings(book, monkeypatch)[1] == ALL
    assert findings(book, monkeypatch)[1] == NOTHING
    lock = book.folder / "translations.lock"
    lock.write_text(lock.read_text("utf-8").replace("en=", "en=0"), "utf-8")
    assert findings(book, monkeypatch)[1] == WORDING


def test_words_of_a_page_to_which_it_links_are_not_read(
    book: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    findings(book, monkeypatch)
    put(book, "docs/en/b.md", "Words.\n\n" + LINKED)
    assert findings(book, monkeypatch) == ([], NOTHING)


def test_a_cell_that_no_page_shows_is_not_read(
    book: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    findings(book, monkeypatch)
    put(book, "snippets/b.py", FILES["snippets/b.py"] + "\n# %% more\nprint(7)\n#> 7\n")
    assert findings(book, monkeypatch) == ([], NOTHING)
