"""Any folder of Python files, without a site: the commands and pytest check its `#>` lines."""

from __future__ import annotations

import pytest
from project import Project

WRONG = "print(2)\n#> 3\n"
RIGHT = "x = 2\nprint(x)\n#> 2\n"
TENSOR = """
# %% total
import torch
total = torch.ones(3).sum()
print(total.device, total)
#> cpu tensor(3.)
#> [fakegpu] fakegpu:0 tensor(3., device='fakegpu:0')
""".lstrip()


@pytest.fixture
def folder(project: Project) -> Project:
    files = {
        "right.py": RIGHT,
        "deep/right.py": RIGHT.replace("2", "4"),
        "no_snippet.py": "raise SystemExit('not to be run')\n",
        "in_a_string.py": 'raise SystemExit("""\n#> no expectation\n""")\n',
        ".hidden/a.py": WRONG,
        "env/pyvenv.cfg": "",
        "env/lib/a.py": WRONG,
        "test_own.py": 'def test_own():\n    text = """\n#> 1\n"""\n    assert text\n',
    }
    for name, text in files.items():
        path = project.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return project


def test_files_with_expectations_are_verified_wherever_they_lie(folder: Project) -> None:
    assert folder.run("precis", "verify").stdout == "2 outputs: 2 verified on cpu\n"

    folder.write(deep__right_py=WRONG)
    refused = folder.run("precis", "verify")

    assert refused.returncode == 1
    assert refused.stderr.startswith("deep/right.py:1:1: printed something else")
    assert folder.run("precis", "verify", "right.py").returncode == 0
    assert folder.run("precis", "verify", "deep").returncode == 1


def test_files_of_one_text_are_told_apart(folder: Project) -> None:
    reading = (
        "from pathlib import Path\nprint(Path(__file__).with_name('d.txt').read_text())\n#> 1\n"
    )
    folder.write(a__x_py=reading, a__d_txt="1", b__x_py=reading, b__d_txt="2")

    assert folder.run("precis", "verify", "a").returncode == 0
    assert folder.run("precis", "verify", "b").stderr.startswith("b/x.py:2:1: printed something")


def test_a_folder_is_updated(folder: Project) -> None:
    folder.write(deep__right_py=WRONG)

    updated = folder.run("precis", "update", "deep")

    assert updated.stdout == "deep/right.py: updated\n"
    assert folder.read("deep/right.py") == WRONG.replace("3", "2")
    assert folder.run("precis", "verify").returncode == 0


def test_a_folder_with_nothing_to_check_is_said(project: Project) -> None:
    refused = project.run("precis", "verify")

    assert refused.returncode == 2
    assert "no Python file there has a line that starts with #>" in refused.stderr


def test_cells_of_two_files_of_one_name_cannot_be_attested(folder: Project) -> None:
    refused = folder.run("precis", "verify", "--attest", "a.json")

    assert refused.returncode == 2
    assert "two are called right.py" in refused.stderr


def test_a_file_outside_the_folder_is_not_run_twice(folder: Project) -> None:
    inner = Project(folder.path("deep"))

    refused = inner.run("precis", "verify", "--twice", "../right.py")

    assert refused.returncode == 2
    assert "--twice copies this folder" in refused.stderr


def test_pytest_alone_checks_them_beside_its_own_tests(folder: Project) -> None:
    run = folder.run("pytest", "-q", "-rA", "--ignore", "env")
    assert run.returncode == 0, run.stdout
    assert "3 passed" in run.stdout
    assert "deep/right.py::all" in run.stdout

    folder.write(deep__right_py=WRONG)
    run = folder.run("pytest", "-q", "--ignore", "env")
    assert run.returncode == 1
    assert "deep/right.py:1:1: printed something else" in run.stdout
    assert "1 failed, 2 passed" in run.stdout
    assert "1 passed" in folder.run("pytest", "-q", "right.py").stdout


def test_tensors_are_compared_on_another_device_there_too(project: Project) -> None:
    project.write(tensor_py=TENSOR)

    verified = project.run("precis", "verify", "--device", "fakegpu")
    tested = project.run("pytest", "-q", "--device", "fakegpu")
    assert verified.stdout == "1 output: 1 verified on cpu, 1 on fakegpu\n", verified.stderr
    assert tested.returncode == 0, tested.stdout

    project.write(tensor_py=TENSOR.replace("[fakegpu] fakegpu:0", "[fakegpu] fakegpu:1"))
    verified = project.run("precis", "verify", "--device", "fakegpu")
    tested = project.run("pytest", "-q", "--device", "fakegpu")
    assert verified.returncode == 1
    assert tested.returncode == 1
    assert "on fakegpu" in verified.stderr
