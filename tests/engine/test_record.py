"""Records: nothing runs twice, and nothing stale is believed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from project import Project

from precis import record
from precis.record import CACHE, Records, write_whole
from precis.snippet import load

COUNTING = """
    # %% a
    import os
    from pathlib import Path
    log = Path(__file__).with_name("log.txt")
    told = os.system(f"printf . >> '{log}'")  # it may not write there itself
    print(Path(__file__).with_name("data.txt").read_text())
    #> 1
    """


def runs(project: Project) -> int:
    """How often the snippet ran, after asking fresh records for it."""
    Records(project.folder).of([load(project.path("snippets/a.py"))])
    return len(project.read("snippets/log.txt"))


@pytest.fixture
def counted(project: Project) -> Project:
    return project.write(snippets__a_py=COUNTING, snippets__data_txt="1")


def test_what_has_not_changed_is_not_run_again(counted: Project) -> None:
    assert [runs(counted), runs(counted)] == [1, 1]


def test_a_changed_text_runs_again(counted: Project) -> None:
    runs(counted)
    counted.path("snippets/a.py").write_text(counted.read("snippets/a.py") + "x = 1\n")

    assert runs(counted) == 2


def test_a_changed_file_that_it_read_runs_it_again(counted: Project) -> None:
    runs(counted)
    counted.write(snippets__data_txt="2")

    assert runs(counted) == 2


def test_a_deleted_file_that_it_read_runs_it_again(counted: Project) -> None:
    runs(counted)
    counted.path("snippets/data.txt").unlink()

    assert runs(counted) == 2


def test_a_changed_module_that_it_imported_runs_it_again(project: Project) -> None:
    project.write(
        snippets__a_py=COUNTING.replace("from pathlib", "import beside\n    from pathlib"),
        snippets__beside_py="x = 1\n",
        snippets__data_txt="1",
    )
    runs(project)
    project.write(snippets__beside_py="x = 22\n")

    assert runs(project) == 2


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b"\xff\xfe", b'{"reads": {}, "run": 3}']
)
def test_a_record_that_is_none_is_made_again(counted: Project, content: bytes) -> None:
    runs(counted)
    (kept,) = counted.path(CACHE).iterdir()
    kept.write_bytes(content)

    assert runs(counted) == 2
    assert runs(counted) == 2


def test_a_record_gives_what_the_run_gave(counted: Project) -> None:
    snippet = load(counted.path("snippets/a.py"))

    (made,), (kept,) = (Records(counted.folder).of([snippet]) for _ in range(2))

    assert kept == made


def test_a_fault_is_not_kept(project: Project) -> None:
    project.write(snippets__a_py=COUNTING, snippets__data_txt="1")
    project.path("snippets/data.txt").unlink()

    assert [runs(project), runs(project)] == [1, 2]


def test_writing_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    monkeypatch.setattr("os.replace", _refuse)

    with pytest.raises(OSError, match="full"):
        write_whole(path, b"new")

    assert [file.name for file in tmp_path.iterdir()] == ["a"]
    assert path.read_bytes() == b"old"


def _refuse(*_: object) -> None:
    raise OSError("full")


LOOKING = """
    # %% a
    from pathlib import Path
    try:
        print(Path(__file__).with_name("data.txt").read_text())
    except FileNotFoundError:
        print("not yet")
    #> not yet
    """


def test_a_file_that_was_looked_for_in_vain_runs_it_again_once_it_is_there(
    project: Project,
) -> None:
    project.write(snippets__a_py=LOOKING)
    snippet = load(project.path("snippets/a.py"))
    Records(project.folder).of([snippet])
    project.write(snippets__data_txt="here")

    (record,) = Records(project.folder).of([snippet])

    assert record.run.outcomes[-1].printed == ("here",)


def test_the_same_book_runs_a_fault_again_in_its_next_build(project: Project) -> None:
    project.write(snippets__a_py=COUNTING)
    book = project.book()
    path = project.path("snippets/a.py")
    book.run()
    (fault,) = book.verified(path).mismatches
    project.write(snippets__data_txt="1")

    book.run()

    assert "FileNotFoundError" in fault.finding.what
    assert book.verified(path).mismatches == ()


def test_a_fault_runs_once_in_a_build(project: Project) -> None:
    project.write(snippets__a_py=COUNTING)
    book = project.book()
    book.run()

    book.verified(project.path("snippets/a.py"))

    assert project.read("snippets/log.txt") == "."


@pytest.mark.parametrize("importer", ["a", "beside"], ids=["snippet", "module beside it"])
def test_another_version_of_an_imported_package_runs_it_again(
    project: Project, monkeypatch: pytest.MonkeyPatch, importer: str
) -> None:
    imports = COUNTING.replace("from pathlib", "import beside\n    from pathlib")
    if importer == "a":
        imports = imports.replace("import beside", "import beside, click")
    project.write(
        snippets__a_py=imports,
        snippets__beside_py="import click\n" if importer == "beside" else "x = 1\n",
        snippets__data_txt="1",
    )
    runs(project)
    installed = record.version
    monkeypatch.setattr(
        record, "version", lambda name: "another" if name == "click" else installed(name)
    )

    assert runs(project) == 2


def test_another_python_runs_it_again(counted: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    runs(counted)
    monkeypatch.setattr("platform.python_version", lambda: "3.99.0")

    assert runs(counted) == 2


@pytest.mark.parametrize(
    "statement", ["import torch", "import torch.nn as nn", "from torch.nn import functional"]
)
def test_a_record_says_which_torch_made_it_however_it_is_imported(
    project: Project, statement: str
) -> None:
    project.write(snippets__a_py=f"# %% a\n{statement}\n")

    (made,) = Records(project.folder).of([load(project.path("snippets/a.py"))])

    assert made.where == f"cpu, torch {record.version('torch')}"


def test_a_record_without_torch_names_none(counted: Project) -> None:
    (made,) = Records(counted.folder).of([load(counted.path("snippets/a.py"))])

    assert made.where == "cpu"


def test_records_that_nothing_asks_for_are_dropped_after_a_month(counted: Project) -> None:
    runs(counted)
    (kept,) = counted.path(CACHE).iterdir()
    forgotten = counted.path(CACHE) / "forgotten.json"
    forgotten.write_text("{}")
    for path in (kept, forgotten):
        os.utime(path, (0, 0))

    runs(counted)
    counted.path("snippets/a.py").write_text(counted.read("snippets/a.py") + "x = 1\n")
    runs(counted)

    assert kept.exists()
    assert not forgotten.exists()


def test_an_old_folder_beside_the_records_is_left_alone(counted: Project) -> None:
    """The site keeps pictures in one, which changes only when one is added."""
    folder = counted.path(CACHE) / "cards"
    folder.mkdir(parents=True)
    os.utime(folder, (0, 0))

    assert runs(counted) == 1

    assert folder.is_dir()
