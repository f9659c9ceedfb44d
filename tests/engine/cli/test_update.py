"""Writing what was printed into the `#>` lines: those alone, and nothing that cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from project import Project

from precis.base.finding import Malformed
from precis.cli.main import main
from precis.cli.update import updated
from precis.run.outcome import Outcome, Run
from precis.source.parse import decode, parse


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
    "line separator": r"a\u2028b",
    "tab": r"a\tb",
    "no-break space": r"a\xa0b",
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


CONTROL = {
    "carriage return": (r"\r", "U+000D"),
    "NUL": (r"\0", "U+0000"),
    "colours": (r"\x1b[31mred\x1b[0m", "U+001B"),
    "bell": (r"\a", "U+0007"),
    "form feed": (r"\f", "U+000C"),
    "placeholder of Markdown": (r"\x02wzxhzdk:0\x03", "U+0002"),
    "DEL": (r"\x7f", "U+007F"),
    "C1": (r"\x9b", "U+009B"),
    "text turned round": (r"\u202e", "U+202E"),
    "text isolated": (r"\u2066", "U+2066"),
    "mark of direction": (r"\u200f", "U+200F"),
}


@pytest.mark.parametrize(("char", "name"), CONTROL.values(), ids=CONTROL.keys())
def test_a_control_character_is_refused_by_update_and_by_verify(
    project: Project, char: str, name: str
) -> None:
    before = f"# %% a\nx = 1\nprint('a{char}b')\n#> ab\n"
    project.write(snippets__a_py=before)

    refused, wrong = update(project), verify(project)

    assert project.path("snippets/a.py").read_bytes() == before.encode()
    for result in (refused, wrong):
        assert result.exit_code == 1
        assert result.stderr.startswith(f"snippets/a.py:3:1: printed the control character {name}")
        assert result.stderr.count("snippets/a.py:") == 1
        assert "Print its repr" in result.stderr


LINE_ENDS = {
    "lone CR in a comment": (
        b"# %% one\nx = 1  # a\rx = 2\nprint(x)\ny = 3\n",
        b"# %% one\nx = 1  # a\rx = 2\nprint(x)\n#> 2\ny = 3\n",
    ),
    "CR only": (b"# %% one\rprint(1)\r", b"# %% one\rprint(1)\r#> 1\r"),
    "CR CR LF": (
        b"# %% one\r\r\nprint(1)\r\r\ny = 2\r\r\n",
        b"# %% one\r\r\nprint(1)\r#> 1\r\r\ny = 2\r\r\n",
    ),
    "no end at all": (b"# %% one\r\nprint(1)", b"# %% one\r\nprint(1)\r\n#> 1"),
    "mixed": (
        b"# %% one\rprint(1)\r\n#> 0\n#> [cuda] 1\r\nprint(2)\n#> 3\r",
        b"# %% one\rprint(1)\r\n#> 1\r\n#> [cuda] 1\r\nprint(2)\n#> 2\r",
    ),
    "one line gone": (b"# %% one\rx = 1\r#> 1\r\ny = 2\n", b"# %% one\rx = 1\r\ny = 2\n"),
    "form feed and separators": (
        "# %% one\n\fprint('a\u2028b')\nprint(2)\n#> 1\n".encode(),
        "# %% one\n\fprint('a\u2028b')\n#> a\u2028b\nprint(2)\n#> 2\n".encode(),
    ),
    "byte order mark": (b"\xef\xbb\xbf# %% a\nprint(1)\n", b"\xef\xbb\xbf# %% a\nprint(1)\n#> 1\n"),
}


@pytest.mark.parametrize(("before", "expected"), LINE_ENDS.values(), ids=LINE_ENDS.keys())
def test_a_line_ends_where_python_says_and_keeps_its_end(
    project: Project, before: bytes, expected: bytes
) -> None:
    path = project.write(snippets__a_py="").path("snippets/a.py")
    path.write_bytes(before)

    assert update(project).exit_code == 0

    assert path.read_bytes() == expected
    assert verify(project).exit_code == 0


@given(
    st.lists(st.sampled_from(["\n", "\r", "\r\n", "\r\r\n", "\n\n"]), min_size=6, max_size=6),
    st.lists(st.sampled_from([(), ("1",), ("1", "", "[cpu] 2")]), min_size=3, max_size=3),
)
def test_whatever_the_line_ends_an_update_is_read_back_or_refused(
    ends: list[str], printed: list[tuple[str, ...]]
) -> None:
    lines = ["# %% a", "f()", "#> 0", "g()", "h()", "#> [cuda] 1"]
    text = "".join(line + end for line, end in zip(lines, ends, strict=True))
    path = Path("a.py")
    try:
        snippet = parse(decode(text.encode(), path), path)
    except Malformed:  # a blank line above an expectation
        return

    new = updated(text, snippet, Run(tuple(map(Outcome, printed))))

    again = parse(decode(new.encode(), path), path).statements
    assert [tuple(s.expected_output()) for s in again] == printed
    assert [s.code for s in again] == ["f()", "g()", "h()"]


def test_what_would_be_too_large_to_verify_is_not_written(project: Project) -> None:
    before = "# %% one\nfor n in range(12000):\n    print(n, 'x' * 90)\n"
    project.write(snippets__a_py=before)

    refused = update(project)

    assert refused.exit_code == 1
    assert refused.stderr.startswith(
        "snippets/a.py:1:1: left as it is: its new #> lines would make it more than 1 MB\n"
    )
    assert project.read("snippets/a.py") == before


def test_a_line_goes_under_the_comment_that_a_block_ends_with(project: Project) -> None:
    project.write(
        snippets__a_py="""
        # %% a
        for n in range(2):
            print(n)

            # why

        # of the file
        print(2)
        """
    )

    update(project)

    assert project.read("snippets/a.py").splitlines()[1:] == [
        *("for n in range(2):", "    print(n)", "", "    # why", "#> 0", "#> 1", ""),
        *("# of the file", "print(2)", "#> 2"),
    ]
    assert verify(project).exit_code == 0


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
