"""pytest over snippets and pages, as a project sets it up."""

from __future__ import annotations

import subprocess

import pytest
from project import Project

SNIPPET = """
# %% one
print(1)
#> 1
#> [cuda] 1

# %% two
for n in range(2):
    print(n)
#> 0
#> 1
""".lstrip()

CONFIG = """
    site_name: test
    plugins: [precis: {checks: required}]
    markdown_extensions: [attr_list, pymdownx.superfences]
    """

PAGE = "# Title\n\n```snippet\na.py:one\n```\n\n```snippet\na.py:two\n```\n"


@pytest.fixture
def tested(project: Project) -> Project:
    return project.write(
        mkdocs_yml=CONFIG,
        snippets__a_py=SNIPPET,
        docs__a_md=PAGE,
    )


def pytest_in(project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    return project.run("pytest", "-q", "-p", "no:cacheprovider", *arguments)


def test_ids_name_cells_and_embeds(tested: Project) -> None:
    run = pytest_in(tested, "snippets", "docs", "--collect-only")

    assert run.returncode == 0, run.stdout
    for name in ("snippets/a.py::one", "snippets/a.py::two", "docs/a.md::a.py:one"):
        assert name in run.stdout


def test_one_cell_can_be_asked_for(tested: Project) -> None:
    run = pytest_in(tested, "snippets/a.py::two")

    assert "1 passed" in run.stdout


EXPECTATIONS = [
    number
    for number, line in enumerate(SNIPPET.splitlines())
    if line.startswith("#> ") and "[cuda]" not in line
]


@pytest.mark.parametrize("number", EXPECTATIONS)
@pytest.mark.parametrize("change", ["alter", "delete"])
def test_a_changed_expectation_turns_it_red(tested: Project, number: int, change: str) -> None:
    lines = SNIPPET.splitlines()
    lines[number : number + 1] = [lines[number] + "9"] if change == "alter" else []
    tested.path("snippets/a.py").write_text("\n".join(lines) + "\n", encoding="utf-8")

    run = pytest_in(tested, "snippets")

    assert run.returncode == 1, run.stdout
    assert "1 failed, 1 passed" in run.stdout
    assert "snippets/a.py:" in run.stdout
    cell_starts = SNIPPET.splitlines().index("# %% two")
    assert f"On the pages: docs/a.md:{4 if number < cell_starts else 8}\n" in run.stdout


def test_a_malformed_snippet_is_red(tested: Project) -> None:
    tested.write(snippets__b_py="# %%\nx = 1\n")

    run = pytest_in(tested, "snippets")

    assert run.returncode == 1
    assert "snippets/b.py:1:1: a cell line without a name" in run.stdout


def test_stray_code_in_a_page_is_red_with_its_line(tested: Project) -> None:
    tested.write(docs__b_md="---\ntitle: B\n---\n\n# B\n\n```python\nx = 1\n```\n")

    run = pytest_in(tested, "docs")

    assert run.returncode == 1
    assert "docs/b.md:7:1: a python fence" in run.stdout


def test_a_number_that_nothing_printed_is_red_with_its_line(tested: Project) -> None:
    tested.write(docs__b_md="# B\n\nIt is 0.7.\n")

    run = pytest_in(tested, "docs")

    assert run.returncode == 1
    assert "docs/b.md:3:7: 0.7 has no witness" in run.stdout


def test_an_embed_of_nothing_is_red(tested: Project) -> None:
    tested.write(docs__b_md="```snippet\na.py:three\n```\n")

    run = pytest_in(tested, "docs")

    assert run.returncode == 1
    assert "docs/b.md:1:1: an embed of nothing: a.py:three" in run.stdout


def test_a_snippet_named_on_the_command_line_is_not_imported_as_tests(tested: Project) -> None:
    assert pytest_in(tested, "snippets/a.py").returncode == 0

    assert not tested.path("snippets/__pycache__").exists()


def test_a_snippet_that_is_not_utf_8_is_red_with_its_name(tested: Project) -> None:
    tested.path("snippets/b.py").write_bytes("# %% a\nx = 'é'\n".encode("latin-1"))

    run = pytest_in(tested, "snippets")

    assert run.returncode != 0
    assert "snippets/b.py:1:1: not UTF-8" in run.stdout


def test_a_fault_is_red_with_its_line(tested: Project) -> None:
    tested.write(snippets__a_py=SNIPPET.replace("print(1)", "raise ValueError('no')"))

    run = pytest_in(tested, "snippets")

    assert run.returncode == 1
    assert "snippets/a.py:2:1: ValueError: no" in run.stdout


def test_cells_may_be_spread_over_workers(tested: Project) -> None:
    tested.write(snippets__a_py="# %% one\nx = 1\n\n# %% two\nprint(x)\n#> 1\n")

    run = pytest_in(tested, "snippets", "docs", "-n", "2")

    assert run.returncode == 0, run.stdout
