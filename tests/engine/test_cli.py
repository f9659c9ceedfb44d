"""`precis verify` and `precis update`, as they are typed."""

from __future__ import annotations

import pytest

from conftest import Project

SNIPPET = """
    # %% a
    print(0.5)
    #> 0.5

    # %% b
    for n in range(2):
        print(n)
    #> 0
    #> 1
    """


def test_verify_counts_what_it_verified(project: Project) -> None:
    project.write(snippets__a_py=SNIPPET)

    verified = project.run("precis.cli", "verify")

    assert verified.returncode == 0, verified.stderr
    assert verified.stdout == "2 outputs: 2 verified on cpu\n"


def test_verify_shows_every_mismatch_and_fails(project: Project) -> None:
    project.write(snippets__a_py=SNIPPET.replace("0.5\n\n", "0.6\n\n").replace("#> 1", "#> 2"))

    verified = project.run("precis.cli", "verify")

    assert verified.returncode == 1
    assert "snippets/a.py:2:1: " in verified.stderr
    assert "snippets/a.py:6:1: " in verified.stderr


def test_verify_takes_only_the_files_named(project: Project) -> None:
    project.write(snippets__a_py=SNIPPET, snippets__b_py="# %% a\nprint(1)\n#> 2\n")

    assert project.run("precis.cli", "verify", "snippets/a.py").returncode == 0
    assert project.run("precis.cli", "verify", "snippets/b.py").returncode == 1


@pytest.mark.parametrize("command", ["verify", "update"])
def test_no_snippets_folder_is_said_in_one_line(project: Project, command: str) -> None:
    run = project.run("precis.cli", command)

    assert run.returncode == 2
    assert "there is no snippets/ here" in run.stderr
    assert "Traceback" not in run.stderr


def test_update_writes_what_was_printed_and_nothing_else(project: Project) -> None:
    project.write(
        snippets__a_py="""
        # %% a
        x = 3   # kept   as it is
        print(x)
        #> 4
        #> 5

        print("a\\n\\nb")
        y = 1
        #> gone
        print("cpu")
        #> [cuda] cuda:0
        """
    )

    updated = project.run("precis.cli", "update")

    assert updated.returncode == 0, updated.stderr
    assert project.read("snippets/a.py").splitlines() == [
        "# %% a",
        "x = 3   # kept   as it is",
        "print(x)",
        "#> 3",
        "",
        'print("a\\n\\nb")',
        "#> a",
        "#>",
        "#> b",
        "y = 1",
        'print("cpu")',
        "#> cpu",
        "#> [cuda] cuda:0",
    ]
    assert project.run("precis.cli", "verify").returncode == 0
    assert project.run("precis.cli", "update").stdout == ""


def test_update_keeps_windows_line_ends(project: Project) -> None:
    project.write(snippets__a_py="")
    project.path("snippets/a.py").write_bytes(b"# %% a\r\nprint(1)\r\n#> 2\r\n")

    project.run("precis.cli", "update")

    assert project.path("snippets/a.py").read_bytes() == b"# %% a\r\nprint(1)\r\n#> 1\r\n"


def test_update_does_not_touch_a_file_that_changed_while_it_ran(project: Project) -> None:
    project.write(
        snippets__a_py="""
        # %% a
        with open(__file__, "a") as file: written = file.write("# a reader's edit\\n")
        print(1)
        """
    )

    updated = project.run("precis.cli", "update")

    assert updated.returncode == 1
    assert "changed while it ran" in updated.stderr
    assert "#>" not in project.read("snippets/a.py")


def test_update_leaves_a_file_with_a_fault_alone_and_does_the_others(project: Project) -> None:
    faulty = "# %% a\nprint(1)\nraise ValueError('no')\n"
    project.write(snippets__a_py=faulty, snippets__b_py="# %% a\nprint(1)\n")

    updated = project.run("precis.cli", "update")

    assert updated.returncode == 1
    assert "snippets/a.py:3:1: ValueError: no" in updated.stderr
    assert project.read("snippets/a.py") == faulty
    assert project.read("snippets/b.py") == "# %% a\nprint(1)\n#> 1\n"
