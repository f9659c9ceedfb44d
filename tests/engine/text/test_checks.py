"""A page that passed is skipped while the inputs of its checks are unchanged."""

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
    """Return the messages of a page's findings, and the checks that ran."""
    monkeypatch.chdir(project.folder)
    reader = PageReader(project.book())
    ran = set()

    def record(name: str) -> None:
        check = getattr(reader, name)
        monkeypatch.setattr(reader, name, lambda page: ran.add(name) or check(page))

    record("check_claims")
    record("check_wording")
    page_findings: tuple[Finding, ...] = checks.page_findings(
        reader, reader.read_page(Path("docs/en/a.md"))
    )
    return [finding.message for finding in page_findings], ran


CLAIMS, WORDING = {"check_claims"}, {"check_wording"}
ALL, NOTHING = CLAIMS | WORDING, set[str]()


def test_a_page_that_passed_is_skipped(book: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    assert findings(book, monkeypatch) == ([], ALL)
    assert findings(book, monkeypatch) == ([], NOTHING)


def test_blank_lines_that_markdown_appends_change_nothing(
    book: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert findings(book, monkeypatch) == ([], ALL)
    put(book, "docs/en/a.md", PAGE + "\n\n")  # as Markdown hands it over
    assert findings(book, monkeypatch) == ([], NOTHING)


@pytest.mark.parametrize(
    ("name", "text", "checks_run", "message"),
    [
        ("docs/en/a.md", PAGE.replace("0.83", "0.84"), ALL, "0.84 has no witness"),
        ("snippets/a.py", ONE.replace("829", "929"), CLAIMS, "0.83 has no witness"),
        ("snippets/b.py", "# %% loss\nprint(0.6)\n#> 0.6\n", CLAIMS, "0.5 has no witness"),
        ("snippets/b.py", "# %% loss\nx = (\n", CLAIMS, "0.5 has no witness"),
        ("docs/en/b.md", "Nothing is shown.\n", CLAIMS, "0.5 has no witness"),
        ("docs/fr/a.md", "## B {#b}\n", WORDING, "is not in docs/fr/a.md"),
    ],
)
def test_a_changed_input_repeats_the_checks_that_depend_on_it(
    book: Project,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    text: str,
    checks_run: set[str],
    message: str,
) -> None:
    assert findings(book, monkeypatch) == ([], ALL)
    put(book, name, text)
    messages, ran = findings(book, monkeypatch)
    assert ran == checks_run
    assert any(message in text for text in messages)


def test_findings_are_not_cached(book: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    put(book, "docs/en/a.md", PAGE.replace("0.83", "0.84"))
    first, again = findings(book, monkeypatch), findings(book, monkeypatch)
    assert first == again
    assert first[0]


def test_a_changed_lock_entry_repeats_the_comparison(
    book: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert findings(book, monkeypatch)[1] == ALL
    assert findings(book, monkeypatch)[1] == NOTHING
    lock = book.folder / "translations.lock"
    lock.write_text(lock.read_text("utf-8").replace("en=", "en=0"), "utf-8")
    assert findings(book, monkeypatch)[1] == WORDING


def test_the_prose_of_a_linked_page_is_no_input(
    book: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    findings(book, monkeypatch)
    put(book, "docs/en/b.md", "Words.\n\n" + LINKED)
    assert findings(book, monkeypatch) == ([], NOTHING)


def test_a_cell_on_no_page_is_no_input(book: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    findings(book, monkeypatch)
    put(book, "snippets/b.py", FILES["snippets/b.py"] + "\n# %% more\nprint(7)\n#> 7\n")
    assert findings(book, monkeypatch) == ([], NOTHING)
