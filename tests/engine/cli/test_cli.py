"""The commands, as they are typed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest
from project import BILINGUAL, PLAIN, Project, logging_runs

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

    verified = project.run("precis", "verify")

    assert verified.returncode == 0, verified.stderr
    assert verified.stdout == "2 outputs: 2 verified on cpu\n"


def test_verify_shows_every_mismatch_and_fails(project: Project) -> None:
    project.write(snippets__a_py=SNIPPET.replace("0.5\n\n", "0.6\n\n").replace("#> 1", "#> 2"))

    verified = project.run("precis", "verify")

    assert verified.returncode == 1
    assert "snippets/a.py:2:1: " in verified.stderr
    assert "snippets/a.py:6:1: " in verified.stderr


def test_verify_takes_only_the_files_named(project: Project) -> None:
    project.write(snippets__a_py=SNIPPET, snippets__b_py="# %% a\nprint(1)\n#> 2\n")

    assert project.run("precis", "verify", "snippets/a.py").returncode == 0
    assert project.run("precis", "verify", "snippets/b.py").returncode == 1


@pytest.mark.parametrize("command", ["verify", "update"])
def test_no_snippets_folder_is_said_in_one_line(project: Project, command: str) -> None:
    project.write(mkdocs_yml=PLAIN)
    run = project.run("precis", command)

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

    updated = project.run("precis", "update")

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
    assert project.run("precis", "verify").returncode == 0
    assert project.run("precis", "update").stdout == ""


def test_update_puts_no_break_spaces_into_french_pages_that_are_named(project: Project) -> None:
    project.write(
        mkdocs_yml=BILINGUAL,
        docs__fr__a_md="# Vraiment ?\n\n```text\na ? b\n```\n",
        docs__en__a_md="Why ?\n",
    )

    updated = project.run("precis", "update", "docs/fr/a.md", "docs/en/a.md")

    assert (updated.returncode, updated.stdout) == (0, "docs/fr/a.md: updated\n"), updated.stderr
    assert project.read("docs/fr/a.md") == "# Vraiment\u202f?\n\n```text\na ? b\n```\n"
    assert project.read("docs/en/a.md") == "Why ?\n"


@pytest.mark.parametrize("end", ["\r", "\r\n", "\r\r\n"])
@pytest.mark.parametrize("start", ["", "\ufeff"], ids=["", "byte order mark"])
def test_update_finds_the_blanks_of_a_page_whatever_its_line_ends(
    project: Project, start: str, end: str
) -> None:
    page = project.write(mkdocs_yml=BILINGUAL, docs__fr__a_md="").path("docs/fr/a.md")
    lines = ["Vraiment ? Oui ; bien.", "", "Ah !"]
    page.write_bytes((start + end.join(lines)).encode())

    project.run("precis", "update", "docs/fr/a.md")

    spaced = [line.replace(" ?", "\u202f?").replace(" ;", "\u202f;") for line in lines]
    expected = start + end.join(spaced).replace(" !", "\u202f!")
    assert page.read_bytes().decode() == expected


def test_update_keeps_windows_line_ends(project: Project) -> None:
    project.write(snippets__a_py="")
    project.path("snippets/a.py").write_bytes(b"# %% a\r\nprint(1)\r\n#> 2\r\n")

    project.run("precis", "update")

    assert project.path("snippets/a.py").read_bytes() == b"# %% a\r\nprint(1)\r\n#> 1\r\n"


def test_update_does_not_touch_a_file_that_changed_while_it_ran(project: Project) -> None:
    project.write(
        snippets__a_py="""
        # %% a
        import os
        told = os.system(f"echo '# an edit' >> '{__file__}'")  # by the editor of its writer
        print(1)
        """
    )

    updated = project.run("precis", "update")

    assert updated.returncode == 1
    assert "changed while it ran" in updated.stderr
    assert "#>" not in project.read("snippets/a.py")


def test_update_leaves_a_file_with_a_fault_alone_and_does_the_others(project: Project) -> None:
    faulty = "# %% a\nprint(1)\nraise ValueError('no')\n"
    project.write(snippets__a_py=faulty, snippets__b_py="# %% a\nprint(1)\n")

    updated = project.run("precis", "update")

    assert updated.returncode == 1
    assert "snippets/a.py:3:1: ValueError: no" in updated.stderr
    assert project.read("snippets/a.py") == faulty
    assert project.read("snippets/b.py") == "# %% a\nprint(1)\n#> 1\n"


def test_a_cell_s_missing_and_wrong_expectations_are_reported_together(project: Project) -> None:
    project.write(snippets__a_py="# %% a\nprint(1)\nprint(2)\n#> 3\n")

    verified = project.run("precis", "verify")

    assert "snippets/a.py:2:1: " in verified.stderr
    assert "snippets/a.py:3:1: " in verified.stderr


@pytest.mark.parametrize("command", ["verify", "update"])
def test_a_file_that_is_not_there_is_a_wrong_command(project: Project, command: str) -> None:
    project.write(snippets__a_py=SNIPPET)

    run = project.run("precis", command, "snippets/b.py")

    assert run.returncode == 2
    assert "snippets/b.py" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("command", ["verify", "update"])
def test_a_file_that_is_not_utf_8_is_reported_as_any_other_finding(
    project: Project, command: str
) -> None:
    project.write(snippets__a_py="")
    project.path("snippets/a.py").write_bytes("# %% a\nx = 'é'\n".encode("latin-1"))

    run = project.run("precis", command)

    assert run.returncode == 1
    assert "snippets/a.py:1:1: not UTF-8" in run.stderr
    assert "Traceback" not in run.stderr


def test_verify_reads_nothing_that_is_typed(project: Project) -> None:
    project.write(snippets__a_py="# %% a\nline = input()\n")

    verified = subprocess.run(
        [sys.executable, "-m", "precis", "verify"],
        cwd=project.folder,
        input="typed\n",
        capture_output=True,
        text=True,
    )

    assert verified.returncode == 1
    assert "snippets/a.py:2:1: EOFError" in verified.stderr


def test_the_time_limit_can_be_set(project: Project) -> None:
    project.write(snippets__a_py="# %% a\nwhile True: pass\n")

    verified = project.run("precis", "verify", "--timeout", "0.5")

    assert verified.returncode == 1
    assert "snippets/a.py:2:1: still running after 0.5 s" in verified.stderr


def test_what_is_wrong_in_several_files_is_reported_once_each(project: Project) -> None:
    project.write(
        snippets__a_py="# %% a\nraise ValueError('no')\n\n# %% b\nx = 1\n",
        snippets__b_py="# %% a\nprint(1)\n#> 2\n",
        snippets__c_py="# %%\n",
    )

    verified = project.run("precis", "verify")

    assert verified.stderr.count("snippets/a.py:2:1: ValueError: no") == 1
    assert "snippets/b.py:2:1: " in verified.stderr
    assert "snippets/c.py:1:1: " in verified.stderr


@pytest.mark.parametrize(
    ("line", "where"),
    [
        ("print({'a', 'b', 'c', 'd', 'e', 'f', 'g'})", "prints something else in a second run"),
        ("import random\nprint(random.random())", "prints something else in a second run"),
        ("import os\nprint(os.getcwd())", "prints something else in a second run"),
        (
            "import random\nfrom matplotlib import pyplot\npyplot.plot([random.random()])",
            "draws another figure in a second run, cell a",
        ),
    ],
)
def test_what_differs_from_run_to_run_is_found(project: Project, line: str, where: str) -> None:
    project.write(snippets__a_py=f"# %% a\n{line}\n")
    project.run("precis", "update")

    verified = project.run("precis", "verify", "--twice")

    assert verified.returncode == 1
    assert where in verified.stderr


def test_what_is_the_same_twice_passes(project: Project) -> None:
    """What it uses is there too: files, folders, modules beside it, what is looked for."""
    project.write(
        snippets__a_py=SNIPPET,
        snippets__b_py="""
            # %% a
            from pathlib import Path
            import beside
            here = Path(__file__).parent
            print(beside.x, (here / "data/one.txt").read_text(), (here.parent / "d.txt").exists())
            print(sorted(path.name for path in here.glob("data/*")))
            """,
        snippets__beside_py="# %% a\nx = 1\n",
        snippets__data__one_txt="1",
        snippets__data__two_txt="2",
        d_txt="",
    )
    project.run("precis", "update")

    verified = project.run("precis", "verify", "--twice")

    assert verified.returncode == 0, verified.stderr


def test_machines_get_findings_and_counts_as_json(project: Project) -> None:
    project.write(snippets__a_py=SNIPPET.replace("#> 1", "#> 2"), snippets__b_py="# %%\n")

    verified = project.run("precis", "verify", "--json")

    told = json.loads(verified.stdout)
    assert verified.returncode == 1
    assert verified.stderr == ""
    assert [(f["path"], f["line"], f["column"]) for f in told["findings"]] == [
        ("snippets/a.py", 6, 1),
        ("snippets/b.py", 1, 1),
    ]
    assert "printed something else" in told["findings"][0]["what"]
    assert "precis update snippets/a.py" in told["findings"][0]["hint"]
    assert (told["outputs"], told["verified"]) == (2, {"cpu": 1})


def test_machines_get_what_the_text_claims_as_json(project: Project) -> None:
    page = "# A\n\n<!-- no witness for 2.5: a reason -->\nIt is 0.5, and 2.5.\n"
    page += "\n```snippet\na.py:a\n```\n"
    project.write(mkdocs_yml=PLAIN, snippets__a_py=SNIPPET, docs__a_md=page)

    verified = project.run("precis", "verify", "--prose", "--json")

    assert verified.returncode == 0, verified.stdout
    told = json.loads(verified.stdout)
    assert (told["findings"], told["claims"], told["witnessed"]) == ([], 2, 1)
    (excused,) = told["excused"]
    assert (excused["path"], excused["line"], excused["text"]) == ("docs/a.md", 4, "2.5")
    assert excused["reason"] == "a reason"


def test_a_pull_request_gets_an_annotation_for_each_finding(project: Project) -> None:
    project.write(snippets__a_py="# %% a\nprint('100%')\n#> 10%\n")
    verified = project.run("precis", "verify", "--format", "github")

    assert verified.returncode == 1
    (line,) = verified.stdout.splitlines()
    assert line.startswith("::error file=snippets/a.py,line=2,col=1::printed something else")
    assert "%0A- 10%25%0A" in line


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX's")
def test_a_person_sees_how_far_a_run_is_and_a_file_does_not(project: Project) -> None:
    import pty

    project.write(snippets__a_py=SNIPPET, snippets__b_py=SNIPPET)
    outer, inner = pty.openpty()
    command = [sys.executable, "-m", "precis", "verify"]
    environment = {**os.environ, "TERM": "xterm"}

    subprocess.run(command, cwd=project.folder, stderr=inner, env=environment, check=True)
    os.close(inner)
    seen = os.read(outer, 10_000).decode()
    os.close(outer)

    assert "0 of 2 snippets ran" in seen
    assert "1 of 2 snippets ran" in seen
    assert seen.endswith("\r\x1b[K")
    project.write(snippets__c_py=SNIPPET)
    assert project.run("precis", "verify").stderr == ""


def test_without_a_command_the_help_lists_every_one(project: Project) -> None:
    said = project.run("precis")

    for command in ("verify", "update", "audit", "status", "bless", "new"):
        assert f"\n  {command} " in said.stdout + said.stderr
    assert "Exit codes" in said.stdout + said.stderr


@pytest.mark.parametrize("command", ["verify", "update", "audit", "status", "bless", "new"])
def test_the_help_of_a_command_has_an_example_and_explains_its_options(
    project: Project, command: str
) -> None:
    helped = project.run("precis", command, "--help")

    assert helped.returncode == 0
    assert f"precis {command} " in helped.stdout
    assert "Examples:" in helped.stdout


def test_the_shell_completes_commands_and_chapters(project: Project) -> None:
    project.write(mkdocs_yml=BILINGUAL, docs__fr__tensors_md="# T\n", docs__en__tensors_md="# T\n")

    def completed(words: str, at: int) -> str:
        asked = {"COMP_WORDS": words, "COMP_CWORD": str(at), "_PRECIS_COMPLETE": "bash_complete"}
        command = "import sys; from precis.cli.main import main; sys.exit(main(prog_name='precis'))"
        return subprocess.run(
            [sys.executable, "-c", command],
            cwd=project.folder,
            env={**os.environ, **asked},
            capture_output=True,
            text=True,
        ).stdout

    assert completed("precis st", 1) == "plain,status\n"
    assert completed("precis bless te", 2) == "plain,tensors\n"


def test_shards_together_verify_every_file_once(project: Project) -> None:
    for name in "abcde":
        project.write(**{f"snippets__{name}_py": f"# %% a\nprint({name!r})\n#> {name}\n"})

    told = [project.run("precis", "verify", "--shard", f"{n}/3").stdout for n in (1, 2, 3)]

    assert [line.partition(" ")[0] for line in told] == ["2", "2", "1"]
    assert len(list(project.path(".precis").glob("*.json"))) == 5


def test_records_of_shards_made_in_separate_copies_spare_a_build_every_run(
    project: Project, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What CI does: a machine a shard, and the `.precis` folders of all copied into one."""
    cache = tmp_path_factory.mktemp("cache")
    snippet = f"""
        # %% a
        from pathlib import Path
        {logging_runs(cache, monkeypatch)}
        print(Path(__file__).with_name("data.txt").read_text())
        #> 1
        """
    names = ["a", "b", "c", "d", "e"]
    project.write(
        mkdocs_yml="""
            site_name: test
            strict: true
            theme: mkdocs
            plugins: [precis]
            markdown_extensions: [pymdownx.superfences]
            """,
        docs__index_md="".join(f"```snippet\n{name}.py:a\n```\n\n" for name in names),
        snippets__data_txt="1",
        **{f"snippets__{name}_py": snippet for name in names},
    )
    machines = {shard: tmp_path_factory.mktemp("machine") for shard in ("1/3", "2/3", "3/3")}
    for folder in machines.values():
        shutil.copytree(project.folder, folder, dirs_exist_ok=True)
    for shard, folder in machines.items():
        machine = Project(folder)
        assert not machine.run("precis", "verify", "--shard", shard).returncode
        shutil.copytree(machine.path(".precis"), project.path(".precis"), dirs_exist_ok=True)
        shutil.rmtree(folder)
    assert (cache / "ran").read_text() == "....."

    built = project.run("mkdocs", "build")

    assert built.returncode == 0, built.stderr
    assert "5 outputs: 5 verified on cpu" in built.stderr
    assert (cache / "ran").read_text() == "....."


@pytest.mark.parametrize("shard", ["0/2", "3/2", "2", "a/b", "1/0"])
def test_a_shard_that_is_no_part_is_not_understood(project: Project, shard: str) -> None:
    project.write(snippets__a_py=SNIPPET)

    refused = project.run("precis", "verify", "--shard", shard)

    assert refused.returncode == 2
    assert "2/8" in refused.stderr
