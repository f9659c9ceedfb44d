"""File names are unique, however they are spelled."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest
from click.testing import CliRunner
from project import BILINGUAL, PLAIN, Project

from precis.base.finding import Malformed
from precis.cli.main import main

CHAPTER = '# %% one\nprint("chapter")\n#> chapter\n'
LAB = '# %% one\nprint("lab")\n#> lab\n'

TWO_FILES = (
    "snippets/a.py:1:1: a file of the same name as snippets/labs/a.py\n"
    "  Rename one: an embed names a file without its folder.\n"
)


@pytest.fixture
def two(project: Project) -> Project:
    """Return a project with a chapter and a lab of the same name."""
    return project.write(
        mkdocs_yml=PLAIN,
        snippets__a_py=CHAPTER,
        snippets__labs__a_py=LAB,
        docs__index_md="# Home\n",
        docs__a_md="# T\n\n```snippet\na.py:one\n```\n",
    )


@pytest.mark.parametrize("files", [[], ["snippets/a.py"], ["snippets/labs/a.py"]], ids=str)
def test_two_files_of_the_same_name_are_one_finding(two: Project, files: list[str]) -> None:
    verified = CliRunner().invoke(main, ["verify", *files])

    assert (verified.exit_code, verified.stderr) == (1, TWO_FILES)


def test_a_build_refuses_two_files_of_the_same_name(two: Project) -> None:
    built = two.run("mkdocs", "build")

    assert built.returncode == 1
    assert built.stderr.count(TWO_FILES) == 1
    assert "precis: 1 error; site not published" in built.stderr
    assert two.site() == {}


def test_pytest_refuses_two_files_of_the_same_name(two: Project) -> None:
    ran = two.run("pytest", "-q", "-p", "no:cacheprovider", "snippets")

    assert ran.returncode == 1
    assert ran.stdout.splitlines()[-1].startswith("2 failed in"), ran.stdout
    assert ran.stdout.count(TWO_FILES.split("\n")[0]) == 2


@pytest.mark.parametrize("name", ["snippets/random.py", "snippets/labs/json.py"])
def test_a_file_must_not_hide_a_standard_module(project: Project, name: str) -> None:
    """Python would import it instead of the module."""
    project.path(name).parent.mkdir(parents=True)
    project.path(name).write_text(CHAPTER)

    verified = CliRunner().invoke(main, ["verify"])

    assert verified.exit_code == 1
    module = Path(name).stem
    assert f"{name}:1:1: a file that hides Python's module {module} from" in verified.stderr


def test_names_are_compared_without_case(project: Project) -> None:
    project.write(snippets__a_py=CHAPTER, snippets__labs__A_py=LAB)

    with pytest.raises(Malformed, match=r"same name as snippets/labs/A\.py"):
        project.book().cell("a.py:one")


COMPOSED, DECOMPOSED = (unicodedata.normalize(form, "é") for form in ("NFC", "NFD"))


@pytest.mark.parametrize(("file", "embed"), [(COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED)])
@pytest.mark.parametrize("page", [COMPOSED, DECOMPOSED])
def test_accents_may_be_composed_or_decomposed(
    project: Project, file: str, embed: str, page: str
) -> None:
    project.write(mkdocs_yml=PLAIN, docs__index_md="# Home\n")
    project.path("snippets").mkdir()
    project.path(f"snippets/{file}.py").write_text(CHAPTER, encoding="utf-8")
    project.path(f"docs/{page}.md").write_text(
        f"# T\n\n```snippet\n{embed}.py:one\n```\n", encoding="utf-8"
    )

    built = project.run("mkdocs", "build")

    assert built.returncode == 0, built.stderr
    assert "1 output: 1 verified" in built.stderr
    assert list(json.loads(project.site()["verified.json"])["cells"]) == [f"{COMPOSED}.py:one"]
    assert any(name.endswith(".ipynb") for name in project.site())


def test_composed_and_decomposed_names_are_the_same_name(project: Project) -> None:
    project.path("snippets").mkdir()
    for name in (COMPOSED, DECOMPOSED):
        project.path(f"snippets/{name}.py").write_text(CHAPTER, encoding="utf-8")
    if len(list(project.path("snippets").iterdir())) == 1:
        pytest.skip("this file system gives both spellings one file")

    with pytest.raises(Malformed, match="a file of the same name"):
        project.book().cell(f"{COMPOSED}.py:one")


BROKEN = {
    "verify --twice": ["verify", "--twice"],
    "verify --prose": ["verify", "--prose"],
    "audit": ["audit", "site"],
    "bless": ["bless", "b"],
    "status": ["status"],
}


@pytest.mark.parametrize("command", BROKEN.values(), ids=BROKEN.keys())
def test_no_command_ends_in_a_traceback_if_a_file_is_malformed(
    project: Project, command: list[str]
) -> None:
    text = "# T {#t}\n"
    project.write(
        mkdocs_yml=BILINGUAL,
        snippets__a_py="# %% one\nx = (\n",
        docs__fr__b_md=text,
        docs__en__b_md=text + "\x02\n",
        site__index_txt="",
    )

    result = CliRunner().invoke(main, command)

    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert (result.stderr or result.output).startswith(("snippets/a.py:2:", "docs/en/b.md:2:1: "))
