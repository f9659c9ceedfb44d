"""The cache of runs: no run is repeated, no stale record is used."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from project import Project

from precis.base.files import CACHE, write_atomically
from precis.base.installed import version
from precis.run.record import Records
from precis.source.parse import load

SNIPPET = """
    # %% a
    from pathlib import Path
    print(Path(__file__).with_name("data.txt").read_text())
    #> 1
    """


def ran(project: Project) -> bool:
    """Return whether new records run the snippet."""
    done: list[int] = []
    records = Records(project.folder, progress=lambda one, _: done.append(one))
    records.get([load(project.path("snippets/a.py"))])
    return bool(done)


def kept(project: Project) -> Path:
    """Return the file of the only record."""
    (file,) = project.path(CACHE).glob("*.json")
    return file


@pytest.fixture
def recorded(project: Project) -> Project:
    project.write(snippets__a_py=SNIPPET, snippets__data_txt="1")
    assert ran(project)
    return project


def test_an_unchanged_snippet_does_not_run_again(recorded: Project) -> None:
    assert not ran(recorded)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b"\xff\xfe", b'{"reads": {}, "run": 3}']
)
def test_an_invalid_record_is_replaced(recorded: Project, content: bytes) -> None:
    kept(recorded).write_bytes(content)

    assert ran(recorded)
    assert not ran(recorded)


def test_a_loaded_record_equals_the_stored_one(project: Project) -> None:
    project.write(snippets__a_py=SNIPPET, snippets__data_txt="1")
    snippet = load(project.path("snippets/a.py"))

    (made,), (found,) = (Records(project.folder).get([snippet]) for _ in range(2))

    assert found == made


def test_a_fault_is_not_cached(project: Project) -> None:
    project.write(snippets__a_py=SNIPPET)

    assert ran(project)
    assert ran(project)


def test_a_failed_write_leaves_the_old_file(
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


def test_the_next_build_of_a_book_repeats_a_failed_run(project: Project) -> None:
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
def test_an_uncached_snippet_runs_once_in_each_build(project: Project, statement: str) -> None:
    project.write(snippets__a_py=f"# %% a\nexec({statement!r})\n")
    done: list[int] = []
    book = project.book()
    book.records.progress = lambda one, _: done.append(one)

    book.run()
    book.verified(project.path("snippets/a.py"))
    assert done == [0, 1]

    book.run()
    assert done == [0, 1, 0, 1]


def test_a_record_has_the_version_of_torch_for_any_import(project: Project) -> None:
    imports = ["import torch", "import torch.nn as nn", "from torch.nn import functional"]
    paths = [project.path(f"snippets/{name}.py") for name in "abc"]
    for path, statement in zip(paths, imports, strict=True):
        project.write(**{f"snippets/{path.name}": f"# %% a\n{statement}\n"})

    made = Records(project.folder).get(map(load, paths))

    assert [record.where for record in made] == [f"cpu, torch {version('torch')}"] * 3


def test_a_record_without_torch_has_no_version(recorded: Project) -> None:
    (made,) = Records(recorded.folder).get([load(recorded.path("snippets/a.py"))])

    assert made.where == "cpu"


def test_unused_records_are_deleted_after_a_month(recorded: Project) -> None:
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


def test_folders_beside_the_records_are_not_deleted(project: Project) -> None:
    """The site caches its cards in such a folder."""
    project.write(snippets__a_py=SNIPPET, snippets__data_txt="1")
    folder = project.path(CACHE) / "cards"
    folder.mkdir(parents=True)
    os.utime(folder, (0, 0))

    assert ran(project)

    assert folder.is_dir()


def test_the_cache_has_its_own_gitignore(recorded: Project) -> None:
    assert recorded.read(f"{CACHE}/.gitignore") == "*\n"


@pytest.mark.parametrize("obstacle", ["file", "folder that is not writable"])
def test_an_unwritable_cache_gives_one_warning(project: Project, obstacle: str) -> None:
    project.write(snippets__a_py=SNIPPET, snippets__b_py=SNIPPET, snippets__data_txt="1")
    if obstacle == "file":
        project.path(CACHE).write_text("in the way")
    else:
        project.path(CACHE).symlink_to("/proc")  # where not even root makes files

    for run in (project.start, project.run):
        verified = run("precis", "verify")

        assert (verified.returncode, verified.stdout) == (0, "2 outputs: 2 verified on cpu\n")
        (warning,) = verified.stderr.splitlines()
        assert warning.startswith("precis: the cache folder .precis is not writable (")
