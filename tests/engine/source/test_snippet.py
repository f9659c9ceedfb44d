"""Parsing a snippet: cells, statements, expectations and errors."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import precis
from precis.base.finding import Malformed
from precis.source.parse import load
from precis.source.snippet import Expectation, Snippet

Parse = Callable[[str], Snippet]


def test_a_cell_has_a_name_options_and_statements(parse: Parse) -> None:
    snippet = parse(
        '''
        """What it is about."""

        # %% inputs
        x = 1

        # %% training rtol="1e-3" note="a b"
        for _ in range(2):
            x += 1
        print(x)
        #> 3

        '''
    )

    inputs, training = snippet.cells
    assert (inputs.name, inputs.line, inputs.end) == ("inputs", 3, 4)
    assert (training.name, training.line, training.end) == ("training", 6, 10)
    assert training.options == (("rtol", "1e-3"), ("note", "a b"))
    assert [(s.line, s.end) for s in training.statements] == [(7, 8), (9, 9)]


def test_expectations_belong_to_the_statement_directly_above(parse: Parse) -> None:
    snippet = parse(
        """
        # %% a
        print("one\\n\\n  two")
        #> one
        #>
        #>   two
        y = 1
        """
    )

    printing, silent = snippet.statements
    assert printing.expected_output() == ["one", "", "  two"]
    assert silent.expected_output() == []


def test_an_expectation_marked_for_a_device_type_applies_to_it_only(parse: Parse) -> None:
    (statement,) = parse("# %% a\nprint(d)\n#> cpu\n#> [cuda] cuda:0\n").statements

    assert statement.expectations == (Expectation(3, "cpu"), Expectation(4, "cuda:0", "cuda"))
    assert statement.expected_output("cpu") == ["cpu"]
    assert statement.expected_output("cuda") == ["cuda:0"]


def test_a_printed_list_is_no_device_mark(parse: Parse) -> None:
    (statement,) = parse("# %% a\nprint([1, 2])\n#> [1, 2]\n").statements

    assert statement.expected_output() == ["[1, 2]"]


def test_marks_inside_strings_are_text(parse: Parse) -> None:
    snippet = parse('# %% a\ntext = """\n# %% b\n#> no\n"""\nprint(1)\n#> 1\n')

    assert [cell.name for cell in snippet.cells] == ["a"]
    assert [s.line for s in snippet.statements] == [2, 6]


def test_a_decorated_function_starts_at_its_decorator(parse: Parse) -> None:
    (_, function) = parse("# %% a\nimport functools\n@functools.cache\ndef f(): ...\n").statements

    assert (function.line, function.end) == (3, 4)


@pytest.mark.parametrize("char", ["\x0c", "\u2028", "\x85"])
def test_unusual_line_separators_in_strings_do_not_shift_lines(parse: Parse, char: str) -> None:
    snippet = parse(f'# %% a\nx = "{char}"\nprint(1)\n#> 1\n')

    assert snippet.statements[1].line == 3
    assert snippet.statements[1].code == "print(1)"


MALFORMED = {
    "unnamed cell": ("# %%\nx = 1\n", "1:1", "without a name"),
    "option": ("# %% a rtol=3\nx = 1\n", "1:1", "malformed option"),
    "option without a value": ("# %% a rtol\nx = 1\n", "1:1", "malformed option"),
    "name in quotes": ('# %% "a"\nx = 1\n', "1:1", "without a name"),
    "repeated cell": ("# %% a\nx = 1\n# %% a\n", "3:1", "a second cell called a"),
    "nothing above": ("# %% a\n#> 1\nx = 1\n", "2:1", "no statement above"),
    "blank line between": ("# %% a\nprint(1)\n\n#> 1\n", "4:1", "no statement above"),
    "indented": ("# %% a\nif True:\n    print(1)\n    #> 1\n", "4:5", "start of its own line"),
    "after code": ("# %% a\nprint(1)  #> 1\n", "2:11", "start of its own line"),
    "before the cells": ("x = 1\n# %% a\ny = 1\n", "1:1", "code before the first cell"),
    "empty": ("", "1:1", "no cell"),
    "one line": ("# %% a\nx = 1; y = 2\n", "2:8", "second statement on one line"),
    "syntax": ("# %% a\nx = (1,\ny = 2\n", "2:5", "not Python"),
    "late future": (
        "# %% a\nx = 1\n# %% b\nfrom __future__ import annotations\n",
        "4:1",
        "from __future__ imports must occur at the beginning",
    ),
    "late global": ("# %% a\nx = 1\n# %% b\nglobal x\n", "4:1", "before global declaration"),
    "return": ("# %% a\nreturn\n", "2:1", "'return' outside function"),
    "await": ("# %% a\nawait f()\n", "2:1", "'await' outside function"),
    "warning of the compiler": (
        "# %% a\nx = 1\nif (\n    x is 1):\n    pass\n",
        "4:1",
        'Python warns: "is" with',
    ),
    "warning of the parser": ('# %% a\nx = 1\ny = "\\d"\n', "3:1", "Python warns: invalid escape"),
    "NUL": ("# %% a\nx = 1\0\n", "1:1", "not Python"),
}


@pytest.mark.parametrize(("text", "place", "what"), MALFORMED.values(), ids=MALFORMED.keys())
def test_each_error_is_reported_with_its_place_and_a_hint(
    parse: Parse, text: str, place: str, what: str
) -> None:
    with pytest.raises(Malformed) as raised:
        parse(text)

    (finding,) = raised.value.findings
    assert f"a.py:{place}: " in str(finding)
    assert what in finding.message
    assert finding.hint


@pytest.mark.parametrize("filters", ["error", "ignore", "always"])
def test_python_s_warnings_are_findings_with_any_filters(filters: str, tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text('# %% a\nx = "\\d"\ny = x is 1\n', encoding="utf-8")
    code = (
        "import sys; from pathlib import Path\n"
        "from precis.base import finding; from precis.source import parse\n"
        "for _ in range(2):\n"
        "    try: parse.load(Path(sys.argv[1]))\n"
        "    except finding.Malformed as error: print([f.line for f in error.findings])\n"
    )

    ran = subprocess.run(
        [sys.executable, "-W", filters, "-c", code, str(path)], capture_output=True, text=True
    )

    assert (ran.stdout, ran.stderr) == ("[2, 3]\n[2, 3]\n", "")


def test_python_s_optimisation_flag_does_not_change_the_findings(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("# %% a\nassert (1, 'always true')\n", encoding="utf-8")
    code = "import sys; from pathlib import Path; from precis.source import parse\n" + (
        "parse.load(Path(sys.argv[1]))"
    )

    ran = subprocess.run([sys.executable, "-OO", "-c", code, str(path)], capture_output=True)

    assert b"assertion is always true" in ran.stderr


def test_all_errors_are_reported_at_once_in_order(parse: Parse) -> None:
    with pytest.raises(Malformed) as raised:
        parse("x = 1\n# %%\n# %% a\n#> 1\n")

    assert [finding.line for finding in raised.value.findings] == [1, 2, 4]


def test_a_file_that_is_not_utf_8_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes("# %% é\n".encode("latin-1"))

    with pytest.raises(Malformed, match=r"a\.py:1:1: not UTF-8"):
        load(path)


def test_a_print_without_expectation_is_found_without_running(parse: Parse) -> None:
    snippet = parse("# %% a\nprint(1)\nprint(2)\n#> 2\nimport sys\nprint(3, file=sys.stderr)\n")

    (finding,) = snippet.missing_expectations(snippet.cells[0])

    assert (finding.line, finding.message) == (2, "a print without expectation")
    assert "precis update" in finding.hint


def test_an_expectation_that_a_formatter_changed_has_its_own_hint(parse: Parse) -> None:
    snippet = parse("# %% a\nprint(1)\n# > 1\nprint(2)")

    told = [finding.hint[:11] for finding in snippet.missing_expectations(snippet.cells[0])]

    assert told == ["A formatter", "Write its o"]


def test_imports_are_found_without_running(parse: Parse) -> None:
    snippet = parse("# %% a\nimport torch.nn as nn\nfrom matplotlib import pyplot\n")

    assert snippet.imports == {"torch.nn", "matplotlib"}


def test_no_module_of_the_engine_imports_torch() -> None:
    only_where_it_runs = {
        "precis.run.fakegpu",
        "precis.run.fakegpu_backend",
        "precis.run.randomness",
        "precis.__main__",
    }
    names = {m.name for m in pkgutil.walk_packages(precis.__path__, "precis.")} - only_where_it_runs
    code = f"import sys, {', '.join(sorted(names))}\nassert 'torch' not in sys.modules"

    assert len(names) > 50
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_docstring_is_no_statement_whatever_it_contains(parse: Parse) -> None:
    snippet = parse('"""About\n# %% no\n#> no\n"""\n# %% a\nx = 1\n')

    assert [cell.name for cell in snippet.cells] == ["a"]
    assert [statement.line for statement in snippet.statements] == [6]


def test_expectations_follow_the_last_line_of_a_long_statement(parse: Parse) -> None:
    (statement,) = parse("# %% a\nprint(\n    1,  # one\n    2,\n)\n#> 1 2\n").statements

    assert (statement.line, statement.end) == (2, 5)
    assert statement.code == "print(\n    1,  # one\n    2,\n)"
    assert statement.expected_output() == ["1 2"]


BLOCK = "# %% a\nif f():\n    x = 1\n"

ENDS = {
    "none": ("#> 1\n", 3),
    "a comment": ("    # why\n#> 1\n", 4),
    "after a blank line": ("\n    # why\n    # so\n#> 1\n", 6),
    "a comment of the file": ("# why\n", 3),
    "one of each": ("    # why\n# not\n    # at all\n", 4),
    "at the end of the file": ("  # why", 4),
    "blank lines alone": ("\n    \n", 3),
}


@pytest.mark.parametrize(("below", "end"), ENDS.values(), ids=ENDS.keys())
def test_a_block_includes_the_indented_comments_at_its_end(
    parse: Parse, below: str, end: int
) -> None:
    (statement,) = parse(BLOCK + below).statements

    assert (statement.line, statement.end) == (2, end)
    assert bool(statement.expectations) == ("#> 1" in below)


def test_an_indented_cell_line_is_a_comment(parse: Parse) -> None:
    snippet = parse("# %% a\nif True:\n    # %% b\n    x = 1\n")

    assert [cell.name for cell in snippet.cells] == ["a"]


def test_a_file_may_end_without_a_newline(parse: Parse) -> None:
    (statement,) = parse("# %% a\nprint(1)\n#> 1").statements

    assert statement.expected_output() == ["1"]


def test_windows_line_ends_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b'# %% a\r\ntext = """1\r\n2"""\r\nprint(1)\r\n#> 1\r\n')

    snippet = load(path)

    assert [(s.line, s.end) for s in snippet.statements] == [(2, 3), (4, 4)]
    assert snippet.statements[1].expected_output() == ["1"]
    assert "\r" not in snippet.text


def test_a_file_without_cell_lines_is_one_cell(parse: Callable[[str], Snippet]) -> None:
    snippet = parse("x = 1\nprint(x)\n#> 1\n")

    (cell,) = snippet.cells
    assert (cell.name, cell.first_line, cell.end) == ("all", 1, 3)
    assert snippet.code(cell) == ["x = 1", "print(x)"]
    assert [statement.expected_output() for statement in cell.statements] == [[], ["1"]]
