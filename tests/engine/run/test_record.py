"""Records: nothing runs twice, and nothing stale is believed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from precis.source.parse import load
from project import Project

from precis.base.files import CACHE, write_atomically
from precis.base.installed import version
from precis.run.record import Records

SNIPPET = """
    # %% a
    from pathlib import Path
    print(Path(__file__).with_name("data.txt").read_text())
    #> 1
    """


def ran(project: Project) -> bool:
    """Whether the snippet ran when fresh records were asked for it."""
    done: list[int] = []
    records = Records(project.folder, progress=lambda one, _: done.append(one))
    records.get([load(project.path("snippets/a.py"))])
    return bool(done)


def kept(project: Project) -> Path:
    """The file of the only record."""
    (file,) = project.path(CACHE).glob("*.json")
    return file


@pytest.fixture
def recorded(project: Project) -> Project:
    project.write(snippets__a_py=SNIPPET, snippets__data_txt="1")
    assert ran(project)
    return project


def test_what_has_not_changed_is_not_run_again(recorded: Project) -> None:
    assert not ran(recorded)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b"\xff\xfe", b'{"reads": {}, "run": 3}']
)
def test_a_record_that_is_none_is_made_again(recorded: Project, content: bytes) -> None:
    kept(recorded).write_bytes(content)

    assert ran(recorded)
    assert not ran(recorded)


def test_a_record_gives_what_the_run_gave(project: Project) -> None:
    project.write(snippets__a_py=SNIPPET, snippets__data_txt="1")
    snippet = load(project.path("snippets/a.py"))

    (made,), (found,) = (Records(project.folder).get([snippet]) for _ in range(2))

    assert found == made


def test_a_fault_is_not_kept(project: Project) -> None:
    project.write(snippets__a_py=SNIPPET)

    assert ran(project)
    assert ran(project)


def test_writing_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    monkeypatch.setattr("os.replace", _refuse)

    with pytest.raises(OSError, match="full"):
        write_atomically(path, b"new")

    assert [file.name for file in tmp_path.iterdir()] == ["a"]
    assert path.read_bytes() == b"old"


def _refuse(*_: object) -> None:
    raise OSError("full")


def test_the_same_book_runs_a_fault_again_in_its_next_build(project: Project) -> None:
    project.write(snippets__a_py=SNIPPET)
    book = project.book()
    path = project.path("snippets/a.py")
    book.run()
    (fault,) = book.verified(path).mismatches
    project.write(snippets__data_txt="1")

    book.run()

    assert "FileNotFoundError" in fault.finding.message
    assert book.verified(path).mismatches == ()


@pytest.mark.parametrize(
    "statement", ["raise ValueError", "import os; os.system('true')"], ids=["fault", "program"]
)
def test_what_is_not_recorded_runs_once_in_a_build(project: Project, statement: str) -> None:
    project.write(snippets__a_py=f"# %% a\nexec({statement!r})\n")
    done: list[int] = []
    book = project.book()
    book.records.progress = lambda one, _: done.append(one)

    book.run()
    book.verified(project.path("snippets/a.py"))
    assert done == [0, 1]

    book.run()
    assert done == [0, 1, 0, 1]


def test_a_record_says_which_torch_made_it_however_it_is_imported(project: Project) -> None:
    imports = ["import torch", "import torch.nn as nn", "from torch.nn import functional"]
    paths = [project.path(f"snippets/{name}.py") for name in "abc"]
    for path, statement in zip(paths, imports, strict=True):
        project.write(**{f"snippets/{path.name}": f"# %% a\n{statement}\n"})

    made = Records(project.folder).get(map(load, paths))

    assert [record.where for record in made] == [f"cpu, torch {version('torch')}"] * 3


def test_a_record_without_torch_names_none(recorded: Project) -> None:
    (made,) = Records(recorded.folder).get([load(recorded.path("snippets/a.py"))])

    assert made.where == "cpu"


def test_records_that_nothing_asks_for_are_dropped_after_a_month(recorded: Project) -> None:
    used = kept(recorded)
    forgotten = recorded.path(CACHE) / "forgotten.json"
    forgotten.write_text("{}")
    for path in (used, forgotten):
        os.utime(path, (0, 0))

    ran(recorded)
    recorded.path("snippets/a.py").write_text(recorded.read("snippets/a.py") + "x = 1\n")
    ran(recorded)

    assert used.exists()
    assert not forgotten.exists()


def test_an_old_folder_beside_the_records_is_left_alone(project: Project) -> None:
    """The site keeps pictures in one, which changes only when one is added."""
    project.write(snippets__a_py=SNIPPET, snippets__data_txt="1")
    folder = project.path(CACHE) / "cards"
    folder.mkdir(parents=True)
    os.utime(folder, (0, 0))

    assert ran(project)

    assert folder.is_dir()


def test_git_ignores_the_records_wherever_the_project_lies(recorded: Project) -> None:
    assert recorded.read(f"{CACHE}/.gitignore") == "*\n"


@pytest.mark.parametrize("obstacle", ["file", "folder that is not writable"])
def test_without_a_place_for_records_all_works_and_one_warning_says_so(
    project: Project, obstacle: str
) -> None:
    project.write(snippets__a_py=SNIPPET, snippets__b_py=SNIPPET, snippets__data_txt="1")
    if obstacle == "file":
        project.path(CACHE).write_text("in the way")
    else:
        project.path(CACHE).symlink_to("/proc")  # where not even root makes files

    for run in (project.start, project.run):
        verified = run("precis", "verify")

        assert (verified.returncode, verified.stdout) == (0, "2 outputs: 2 verified on cpu\n")
        (warning,) = verified.stderr.splitlines()
        assert warning.startswith("precis: nothing can be remembered in .precis (")
