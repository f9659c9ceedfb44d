"""Writing what was printed into the `#>` lines: those alone, and nothing that cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from project import Project

from precis.cli import main
from precis.outcome import Outcome, Run
from precis.snippet import parse
from precis.update import updated


def update(project: Project) -> Result:
    """`precis update` in the project."""
    return CliRunner().invoke(main, ["update"])


def verify(project: Project) -> Result:
    return CliRunner().invoke(main, ["verify"])


def after(text: str, *printed: tuple[str, ...]) -> str:
    """The text after an update with what each statement printed."""
    run = Run(tuple(Outcome(lines) for lines in printed))
    return updated(text, parse(text, Path("a.py")), run)


@pytest.mark.parametrize(
    ("before", "printed", "expected"),
    [
        ("print(1)\n", ("1",), "print(1)\n#> 1\n"),
        ("print(1)", ("1",), "print(1)\n#> 1"),
        ("print(1)\n#> 2\n", ("1",), "print(1)\n#> 1\n"),
        ("print(1)\n#> 1\n#> 2\n", ("1",), "print(1)\n#> 1\n"),
        ("x = 1\n#> 1\n", (), "x = 1\n"),
        ("print(\n    1\n)\n#> 2\n", ("1",), "print(\n    1\n)\n#> 1\n"),
        ("f()\n#> 1\n", ("", "  a", ""), "f()\n#>\n#>   a\n#>\n"),
        ("f()\n#> 1\n\n# why\n", ("2",), "f()\n#> 2\n\n# why\n"),
        ("f()\n#> 1\n#> [cuda] 3\n", ("2",), "f()\n#> 2\n#> [cuda] 3\n"),
    ],
    ids=[
        "added",
        "added at the end of the file",
        "replaced",
        "one too many",
        "removed",
        "long statement",
        "blank lines",
        "comment below",
        "marked",
    ],
)
def test_only_the_lines_of_the_statement_change(
    before: str, printed: tuple[str, ...], expected: str
) -> None:
    assert after("# %% a\n" + before, printed) == "# %% a\n" + expected


def test_several_statements_of_several_cells_change_at_once() -> None:
    text = "# %% a\nf()\n#> old\ng()\n\n# %% b\nh()\n#> same\n"

    assert after(text, ("1", "2"), ("3",), ("same",)) == (
        "# %% a\nf()\n#> 1\n#> 2\ng()\n#> 3\n\n# %% b\nh()\n#> same\n"
    )


def test_lines_that_are_right_stay_byte_for_byte_as_they_are() -> None:
    text = "# %% a\nf()\n#>1  \ng()   \n"

    assert after(text, ("1",), ()) == text


def test_strings_that_look_like_expectations_are_left_alone() -> None:
    text = '# %% a\ntext = """\n#> not one\n"""\nprint(1)\n'

    assert after(text, (), ("1",)) == text + "#> 1\n"


def test_line_ends_of_both_kinds_in_one_file_stay_what_they_are(project: Project) -> None:
    project.write(snippets__a_py="")
    project.path("snippets/a.py").write_bytes(b"# %% a\r\nx = 1\nprint(x)\r\n#> 2\ny = 2\n")

    update(project)

    changed = project.path("snippets/a.py").read_bytes()
    assert changed.replace(b"#> 1\r\n", b"#> 1\n") == b"# %% a\r\nx = 1\nprint(x)\r\n#> 1\ny = 2\n"


def test_an_expectation_marked_for_the_cpu_is_mended_too(project: Project) -> None:
    project.write(snippets__a_py="# %% a\nprint(2)\n#> [cpu] 1\n#> [cuda] 3\n")

    assert update(project).exit_code == 0

    assert verify(project).exit_code == 0, project.read("snippets/a.py")
    assert "#> [cuda] 3" in project.read("snippets/a.py")


PRINTED = {
    "blank lines": r"\n\na\n",
    "indented": "   a",
    "looks like a cell": "# %% b",
    "looks like an expectation": "#> 1",
    "looks like a device mark": "[cuda] 1",
    "quotes": "\\'\\'\\'",
    "form feed": r"a\x0cb",
    "line separator": r"a\u2028b",
    "tab": r"a\tb",
    "colours": r"\x1b[31mred\x1b[0m",
}


@pytest.mark.parametrize("text", PRINTED.values(), ids=PRINTED.keys())
def test_what_update_wrote_is_verified_and_updating_again_changes_nothing(
    project: Project, text: str
) -> None:
    project.write(snippets__a_py=f"# %% a\nprint('{text}')\n")
    update(project)
    once = project.read("snippets/a.py")

    assert verify(project).exit_code == 0, once
    assert update(project).output == ""
    assert project.read("snippets/a.py") == once


@pytest.mark.parametrize("char", [r"\r", r"\0"], ids=["carriage return", "NUL"])
def test_what_no_line_of_a_file_can_hold_is_refused(project: Project, char: str) -> None:
    before = f"# %% a\nprint('a{char}b')\n"
    project.write(snippets__a_py=before)

    refused = update(project)

    assert project.path("snippets/a.py").read_bytes() == before.encode()
    assert refused.exit_code == 1
    assert "snippets/a.py:2:1: " in refused.stderr


def test_a_malformed_file_is_left_alone_and_the_others_are_done(project: Project) -> None:
    malformed = "# %%\nprint(1)\n"
    project.write(snippets__a_py=malformed, snippets__b_py="# %% a\nprint(1)\n")

    refused = update(project)

    assert refused.exit_code == 1
    assert "snippets/a.py:1:1: " in refused.stderr
    assert project.read("snippets/a.py") == malformed
    assert project.read("snippets/b.py").endswith("#> 1\n")


def test_a_file_keeps_its_permissions(project: Project) -> None:
    path = project.write(snippets__a_py="# %% a\nprint(1)\n").path("snippets/a.py")
    path.chmod(0o640)

    update(project)

    assert path.stat().st_mode & 0o777 == 0o640
