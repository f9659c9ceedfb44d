"""Running a snippet: captured output, faults and limits."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from precis.run import inputs, sandbox
from precis.run.outcome import Run
from precis.run.parent import start_runs
from precis.source.parse import parse

Ran = Callable[..., Run]


def printed(run: Run) -> list[tuple[str, ...]]:
    assert run.fault is None, run.fault
    return [outcome.printed for outcome in run.outcomes]


@pytest.mark.parametrize(
    "statement",
    [
        'print("out")',
        '__import__("sys").stdout.write("out\\n")',
        '__import__("os").write(1, b"out\\n")',
        '__import__("os").system("echo out")',
        '__import__("ctypes").CDLL(None).puts(b"out")',
        '__import__("pprint").pp("out") or print(end="")',
    ],
)
def test_output_from_any_source_is_captured(ran: Ran, statement: str) -> None:
    run = ran(f"# %% a\n{statement}\nprint('next')\n")

    first, second = printed(run)
    assert [line.strip("'") for line in first] == ["out"]
    assert second == ("next",)


def test_trailing_spaces_are_removed_and_blank_lines_kept(ran: Ran) -> None:
    assert printed(ran('# %% a\nprint("a  \\n\\nb")\n')) == [("a", "", "b")]


def test_an_unterminated_line_is_reported(ran: Ran) -> None:
    (outcome,) = ran('# %% a\nprint("x", end="")\n').outcomes

    assert outcome.open_line


def test_each_run_has_a_new_process(ran: Ran) -> None:
    text = "# %% a\nimport os\nprint(os.getpid(), hasattr(os, 'mark'))\nos.mark = 1\n"

    (_, (first,), _), (_, (second,), _) = printed(ran(text)), printed(ran(text))

    assert first.endswith("False")
    assert second.endswith("False")
    assert first != second


def test_a_snippet_runs_as_the_main_program(ran: Ran, tmp_path: Path) -> None:
    run = ran(
        """
        # %% a
        from __future__ import annotations
        def f(x: undefined): ...
        print(__name__, __file__)
        import pickle
        class C: ...
        print(type(pickle.loads(pickle.dumps(C()))) is C)
        """
    )

    assert printed(run)[2] == (f"__main__ {tmp_path / 'a.py'}",)
    assert printed(run)[5] == ("True",)


def test_a_module_beside_the_snippet_can_be_imported_and_is_reported(
    ran: Ran, tmp_path: Path
) -> None:
    (tmp_path / "beside.py").write_text("value = 3\n")
    (tmp_path / "data.txt").write_text("4\n")

    run = ran(
        """
        # %% a
        from pathlib import Path
        import beside
        print(beside.value, Path(__file__).with_name("data.txt").read_text().strip())
        """
    )

    assert printed(run)[-1] == ("3 4",)
    assert {Path(path).name for path in inputs.files_read(run.inputs)} == {"beside.py", "data.txt"}


def test_a_traceback_shows_the_snippet_without_the_engine(ran: Ran) -> None:
    fault = ran("# %% a\ndef f():\n    return 1 / 0\nf()\n").fault

    assert fault is not None
    assert fault.line == 3
    assert "a.py" in fault.detail
    assert "work.py" not in fault.detail


def test_daemons_and_child_processes_end_with_the_run(ran: Ran) -> None:
    run = ran(
        """
        # %% a
        import subprocess, threading, time
        threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
        print(subprocess.Popen(["sleep", "600"]).pid)
        """
    )

    (pid,) = printed(run)[-1]
    for _ in range(100):
        if not is_running(int(pid)):
            return
        time.sleep(0.05)
    pytest.fail(f"process {pid} outlived its run")


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_warning_belongs_to_the_statement_that_raised_it(ran: Ran) -> None:
    run = ran(
        """
        # %% a
        import warnings
        warnings.warn("look", stacklevel=1)
        with warnings.catch_warnings(record=True):
            warnings.warn("caught", stacklevel=1)
        """
    )

    assert [outcome.warnings for outcome in run.outcomes] == [(), ("UserWarning: look",), ()]


def test_torch_repeats_its_warnings(ran: Ran) -> None:
    text = "# %% a\nimport torch\nt = torch.zeros(2, 3, 4).T\nt = torch.zeros(2, 3, 4).T\n"

    outcomes = ran(text, timeout=60).outcomes

    assert [len(outcome.warnings) for outcome in outcomes] == [0, 1, 1]
    assert "x.T" in outcomes[1].warnings[0]


def test_an_open_figure_becomes_an_svg_in_the_colours_of_the_page(ran: Ran) -> None:
    text = """
        # %% a
        import matplotlib.pyplot as plt
        figure = plt.figure()
        line = plt.plot([1, 2], [3, 4], label="a < b")
        legend = plt.legend()

        # %% b
        print(plt.get_fignums())
        """

    first, second = ran(text, timeout=60), ran(text, timeout=60)

    (svg,) = first.figures["a"]
    assert svg.startswith("<svg")
    assert "currentColor" in svg
    assert "var(--precis-figure-0" in svg
    assert "#0102" not in svg
    assert "#0c01" not in svg
    assert first.figures == second.figures
    assert printed(first)[-1] == ("[]",)


def test_snippets_run_in_parallel_and_isolated(tmp_path: Path) -> None:
    snippets = [parse(f"# %% a\nx = {n}\nprint(x)\n", tmp_path / f"{n}.py") for n in range(6)]

    runs = [run.result() for run in start_runs(snippets, tmp_path)]

    assert [printed(run)[1] for run in runs] == [(str(n),) for n in range(6)]


def test_the_parent_keeps_its_folder_streams_and_environment(ran: Ran) -> None:
    before = (os.getcwd(), os.environ.copy())

    ran("# %% a\nimport os\nos.chdir('/')\nos.environ['PRECIS_TEST'] = '1'\n")

    assert (os.getcwd(), os.environ.copy()) == before


def test_too_much_output_is_a_fault_even_from_a_fast_statement(ran: Ran) -> None:
    run = ran("# %% a\nprint('before')\nprint('x' * 3_000_000)\nprint('after')\n")

    assert run.fault is not None
    assert "printed more than 2 MB" in run.fault.message
    assert run.fault.line == 3
    assert [outcome.printed for outcome in run.outcomes] == [("before",)]


def test_a_warning_with_an_empty_message_is_reported(ran: Ran) -> None:
    run = ran("# %% a\nimport warnings\nwarnings.warn('', stacklevel=1)\nprint(1)\n")

    assert printed(run)[-1] == ("1",)
    assert len(run.outcomes[1].warnings) == 1
    assert run.outcomes[1].warnings[0].startswith("UserWarning")


def test_a_snippet_can_read_its_docstring(ran: Ran) -> None:
    run = ran('"""What it is about."""\n# %% a\nprint(__doc__)\n')

    assert printed(run) == [("What it is about.",)]


def test_inspect_finds_the_source_of_a_function(ran: Ran) -> None:
    run = ran(
        """
        # %% a
        import inspect
        def f():
            return 1
        print(inspect.getsource(f).rstrip())
        """
    )

    assert printed(run)[-1] == ("def f():", "    return 1")


def test_a_snippet_may_start_processes_like_a_data_loader(ran: Ran) -> None:
    run = ran(
        """
        # %% a
        import multiprocessing
        def f():
            print("from a child", flush=True)
        child = multiprocessing.get_context("fork").Process(target=f)
        child.start()
        child.join()
        """
    )

    assert ("from a child",) in printed(run)  # under `start` or `join`, whichever sees it first


def test_a_missing_file_is_an_input_without_an_error(ran: Ran) -> None:
    run = ran(
        """
        # %% a
        from pathlib import Path
        try:
            Path(__file__).with_name("nowhere.txt").read_text()
        except FileNotFoundError:
            print("not found")
        """
    )

    assert printed(run)[-1] == ("not found",)


def test_a_figure_that_fails_is_a_fault_of_its_cell(ran: Ran) -> None:
    fault = ran(
        """
        # %% drawn
        import matplotlib.pyplot as plt
        title = plt.title("漢")

        # %% next
        x = 1
        """,
        timeout=60,
    ).fault

    assert fault is not None
    assert "Glyph" in fault.message
    assert 1 <= fault.line <= 3


def test_figures_on_one_page_share_no_id(tmp_path: Path) -> None:
    text = "# %% figure\nimport matplotlib.pyplot as plt\nline = plt.plot([1, 2])\n"
    snippets = [parse(text, tmp_path / name) for name in ("a.py", "b.py")]

    first, second = (ids(r.result().figures["figure"][0]) for r in start_runs(snippets, tmp_path))

    assert first
    assert first.isdisjoint(second)


def ids(svg: str) -> set[str]:
    return set(re.findall(r'\bid="([^"]+)"', svg))


def test_annotations_are_postponed_only_with_the_future_import(ran: Ran) -> None:
    text = "# %% a\ndef f(x: int): ...\nprint(f.__annotations__['x'])\n"
    postponed = text.replace("# %% a\n", "# %% a\nfrom __future__ import annotations\n")

    assert printed(ran(text))[-1] == ("<class 'int'>",)
    assert printed(ran(postponed))[-1] == ("int",)


def test_output_of_python_and_of_programs_stays_in_order(ran: Ran) -> None:
    run = ran(
        """
        # %% a
        import ctypes, subprocess, sys
        for n in (1, 2):
            print("step", n)
            told = subprocess.run(["echo", f"shell {n}"])
            told = sys.stdout.buffer.write(b"bytes\\n")
            told = ctypes.CDLL(None).puts(b"C") and ctypes.CDLL(None).fflush(None)
        """
    )

    assert printed(run)[-1] == (
        "step 1", "shell 1", "bytes", "C", "step 2", "shell 2", "bytes", "C",
    )  # fmt: skip


LATE = {
    "thread": "threading.Thread(target=lambda: (time.sleep(0.3), print('late'))).start()",
    "exit function": "x = atexit.register(print, 'late')",
    "pool": "x = concurrent.futures.ThreadPoolExecutor().submit("
    "lambda: (time.sleep(0.3), print('late')))",
}


@pytest.mark.parametrize("statement", LATE.values(), ids=LATE.keys())
def test_output_after_the_last_statement_is_a_fault(ran: Ran, statement: str) -> None:
    imports = "import atexit, concurrent.futures, threading, time"
    fault = ran(f"# %% a\n{imports}\n{statement}\nprint('last')\n").fault

    assert fault is not None
    assert fault.message == "printed after its last statement, where no page can show it"
    assert fault.line == 4
    assert fault.detail.startswith("late\n")


def test_a_thread_that_does_not_end_is_a_fault(ran: Ran) -> None:
    text = (
        "# %% a\nimport threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()\n"
    )

    fault = ran(text, timeout=1).fault

    assert fault is not None
    assert fault.message == "a thread still runs after 1 s"


def test_resident_memory_is_limited(ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "MEMORY", 2**30)

    fault = ran("# %% a\nkept = [b'x' * 2**20 for _ in range(4000)]\n").fault

    assert fault is not None
    assert fault.message == "used more than 1 GiB of memory"


def test_the_memory_of_forked_processes_counts_too(
    ran: Ran, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "MEMORY", 2**30)
    text = """
        # %% a
        import multiprocessing
        def fill():
            kept = [b"x" * 2**20 for _ in range(4000)]
        child = multiprocessing.get_context("fork").Process(target=fill)
        child.start()
        child.join()
        """

    fault = ran(text).fault

    assert fault is not None
    assert fault.message == "used more than 1 GiB of memory"


@pytest.mark.parametrize("how", ["prot=mmap.PROT_READ", "flags=mmap.MAP_PRIVATE | 0x4000"])
def test_address_space_is_not_limited(ran: Ran, how: str) -> None:
    """With a CUDA device, torch maps addresses like this; 0x4000 is MAP_NORESERVE."""
    text = (
        f"# %% a\nimport mmap\nspace = mmap.mmap(-1, 64 * 2**30, {how})\nprint(len(space) >> 30)\n"
    )
    if "prot" in how:
        text = text.replace("mmap.mmap(-1", "mmap.mmap(-1").replace(
            how, "flags=mmap.MAP_PRIVATE | 0x4000, prot=mmap.PROT_READ"
        )

    assert printed(ran(text))[-1] == ("64",)


def test_processes_of_one_snippet_may_communicate(ran: Ran) -> None:
    run = ran(
        """
        # %% a
        import torch
        from torch.utils.data import DataLoader, Dataset
        class Squares(Dataset):
            def __len__(self):
                return 6
            def __getitem__(self, n):
                return torch.tensor(n * n)
        for batch in DataLoader(Squares(), batch_size=3, num_workers=2):
            print(batch)
        """,
        timeout=60,
    )

    assert printed(run)[-1] == ("tensor([0, 1, 4])", "tensor([ 9, 16, 25])")


@pytest.mark.parametrize("name", [":memory:", "", "file::memory:?cache=shared"])
def test_a_database_in_memory_is_allowed(ran: Ran, name: str) -> None:
    run = ran(
        f"""
        # %% a
        import os, sqlite3
        os.chdir(os.path.dirname(__file__))
        database = sqlite3.connect({name!r}, uri=True)
        print(database.execute("select 1").fetchone())
        """
    )

    assert printed(run)[-1] == ("(1,)",)


def test_a_deprecation_inside_a_package_is_ignored(ran: Ran) -> None:
    run = ran(
        """
        # %% a
        import json, warnings
        for category in (FutureWarning, UserWarning):
            warnings.warn_explicit("look", category, json.__file__, 1)
            warnings.warn_explicit("look", category, __file__, 1)
        """
    )

    assert sorted(run.outcomes[-1].warnings) == [
        "FutureWarning: look", "UserWarning: look", "UserWarning: look",
    ]  # fmt: skip
