"""Child processes: the server that forks them, and their end with their parent."""

from __future__ import annotations

import os
import py_compile
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from project import Project
from test_inputs import install, interpreter, verify

from precis.run import launch
from precis.run.environment import environment
from precis.run.launch import Launcher
from precis.run.outcome import DEFAULT_SETTING, Outcome, Setting
from precis.run.record import Records
from precis.source.parse import load, parse
from precis.source.snippet import Snippet

TORCH = """
    # %% a
    import torch
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1)
    """


def test_a_server_has_one_thread_and_no_accelerator(parse: Callable[[str], Snippet]) -> None:
    launcher = Launcher([parse(TORCH)], DEFAULT_SETTING)

    server = launcher.ready_server()

    assert server is not None
    assert server.unsafe == ""
    assert "torch" in server.packages
    assert len(os.listdir(f"/proc/{server._process.pid}/task")) == 1


def test_a_server_with_a_second_thread_must_not_fork(project: Project) -> None:
    python = interpreter(project.path("env"))
    asked = (
        "from pathlib import Path; from precis.run.launch import Launcher; "
        "from precis.run.outcome import DEFAULT_SETTING; from precis.source.parse import load; "
        "server = Launcher([load(Path('snippets/a.py'))], DEFAULT_SETTING).ready_server(); "
        "print('threaded' in server.packages)"
    )
    package(
        project,
        "threaded",
        "import threading, time\n"
        "threading.Thread(target=time.sleep, args=(99,), daemon=True).start()\n",
    )
    project.write(snippets__a_py="# %% a\nimport threaded\nprint(1)\n#> 1\n")

    run = verify(python, project.folder)

    assert (run.returncode, run.stdout) == (0, "1 output: 1 verified on cpu\n"), run.stderr
    assert subprocess.check_output([python, "-c", asked], text=True) == "False\n"


def package(project: Project, name: str, text: str) -> None:
    """Install a distribution of one module into the project's environment."""
    (site,) = project.path("env").glob("lib/python*/site-packages")
    install(site, name, "1.0", name, text)


def test_the_output_of_an_import_is_captured_in_each_snippet(project: Project) -> None:
    """Even if another snippet's server has imported the module."""
    python = interpreter(project.path("env"))
    package(project, "prints", "print('hello')\n")
    package(project, "warns", "import warnings\nwarnings.warn('old', UserWarning, stacklevel=2)\n")
    project.write(
        snippets__a_py="# %% a\nimport prints\n#> hello\n",
        snippets__b_py="# %% a\nimport warns\n",
        snippets__c_py="# %% a\nimport click\nprint(click.echo.__name__)\n#> echo\n",
    )

    run = verify(python, project.folder)

    assert "snippets/a.py" not in run.stderr
    assert "snippets/c.py" not in run.stderr
    assert "snippets/b.py:2:1: a warning that the snippet does not print" in run.stderr
    assert "UserWarning: old" in run.stderr


def test_warning_filters_come_from_the_snippet_s_imports_only(project: Project) -> None:
    python = interpreter(project.path("env"))
    package(project, "quiet", "import warnings\nwarnings.filterwarnings('ignore', 'look')\n")
    warn = "import warnings\nwarnings.warn('look', UserWarning, stacklevel=1)\n"
    project.write(snippets__a_py=f"# %% a\nimport quiet\n{warn}", snippets__b_py=f"# %% a\n{warn}")

    run = verify(python, project.folder)

    assert "snippets/a.py" not in run.stderr
    assert "snippets/b.py:3:1: a warning that the snippet does not print" in run.stderr


def test_a_module_is_read_from_source_despite_a_stale_pyc(
    project: Project,
) -> None:
    """Python compares only sizes and times in whole seconds."""
    module = project.write(snippets__mine_py="x = 1\n").path("snippets/mine.py")
    py_compile.compile(str(module))
    known = module.stat()
    project.write(
        snippets__mine_py="x = 2\n", snippets__a_py="# %% a\nimport mine\nprint(mine.x)\n"
    )
    os.utime(module, ns=(known.st_atime_ns, known.st_mtime_ns))

    (record,) = Records(project.folder).get([load(project.path("snippets/a.py"))])

    assert record.run.outcomes[-1].printed == ("2",)


def test_a_module_beside_the_snippet_shadows_one_in_the_working_directory(
    project: Project,
) -> None:
    project.write(
        helpers_py="WHERE = 'caller'\n",
        snippets__a_py="# %% a\nimport helpers\nprint(helpers.WHERE)\n#> beside\n",
    )
    project.path("snippets/helpers").mkdir()
    project.path("snippets/helpers/__init__.py").write_text("WHERE = 'beside'\n")

    assert project.run("precis", "verify").returncode == 0


@pytest.mark.parametrize("where", ["beside", "in development"])
def test_each_run_reads_the_project_s_modules_again(project: Project, where: str) -> None:
    if where == "beside":
        folder = project.path("snippets")
        code = "import mine\nprint(mine.x)\n"
    else:
        folder = project.path("src")
        code = "import sys\nfrom pathlib import Path\n"
        code += "sys.path.append(str(Path(__file__).parents[1] / 'src'))\n"
        code += "import mine\nprint(mine.x)\n"
    folder.mkdir(exist_ok=True)
    (folder / "mine.py").write_text("x = 1\n")
    project.write(snippets__a_py=f"# %% a\n{code}")
    records = Records(project.folder)
    snippet = load(project.path("snippets/a.py"))
    records.get([snippet])

    (folder / "mine.py").write_text("x = 2\n")

    (record,) = records.get([snippet])
    assert record.run.outcomes[-1] == Outcome(("2",))


def test_an_upgrade_of_a_package_needs_another_server(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    snippet = parse("# %% a\nimport click\n", project.path("a.py"))
    first = Launcher([snippet], DEFAULT_SETTING).ready_server()
    assert Launcher([snippet], DEFAULT_SETTING).ready_server() is first
    monkeypatch.setattr("precis.base.installed.fingerprint", lambda: (0,))

    assert Launcher([snippet], DEFAULT_SETTING).ready_server() is not first


def test_a_server_with_more_modules_is_reused(project: Project) -> None:
    """For instance the server of `mkdocs serve`, when one snippet is saved."""
    both = [
        parse(f"# %% a\nimport {name}\n", project.path(f"{name}.py")) for name in ("click", "yaml")
    ]
    Launcher(both, DEFAULT_SETTING).ready_server()
    running = [*launch._servers]

    Launcher(both[:1], DEFAULT_SETTING).ready_server()

    assert [*launch._servers] == running


def test_a_snippet_without_packages_gets_a_bare_server(project: Project) -> None:
    Launcher(
        [parse("# %% a\nimport click\n", project.path("a.py"))], DEFAULT_SETTING
    ).ready_server()

    bare = Launcher(
        [parse("# %% a\nx = 1\n", project.path("b.py"))], DEFAULT_SETTING
    ).ready_server()

    assert "click" not in bare.packages


def test_a_server_that_ended_is_replaced(project: Project) -> None:
    project.write(snippets__a_py="# %% a\nprint(1)\n")
    snippet = load(project.path("snippets/a.py"))
    server = Launcher([snippet], DEFAULT_SETTING).ready_server()
    assert server is not None
    server._process.kill()
    server._process.wait()

    (record,) = Records(project.folder).get([snippet])

    assert record.run.outcomes[-1].printed == ("1",)


def test_without_fork_a_snippet_gets_an_interpreter(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "FORKS", False)
    monkeypatch.setattr(launch, "_server", lambda *_: pytest.fail("a server was asked for"))
    project.write(snippets__a_py="# %% a\nimport sys\nprint(sys.path[0], __name__)\nprint(1 / 0)\n")

    (record,) = Records(project.folder).get([load(project.path("snippets/a.py"))])

    assert record.run.outcomes[1].printed == (f"{project.path('snippets')} __main__",)
    assert record.run.fault is not None
    assert record.run.fault.message == "ZeroDivisionError: division by zero"


@pytest.mark.parametrize("device", ["cpu", "fakegpu"])
def test_accelerators_are_hidden_from_runs_on_the_cpu(
    device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")

    assert environment(device, 1)["CUDA_VISIBLE_DEVICES"] == ""
    assert environment("cuda", 1)["CUDA_VISIBLE_DEVICES"] == "3"
    assert "HIP_VISIBLE_DEVICES" not in environment("cuda", 1)


def test_a_torch_built_for_an_accelerator_reports_none(project: Project) -> None:
    project.write(
        snippets__a_py="""
            # %% a
            import torch
            print(torch.accelerator.is_available(), torch.accelerator.current_accelerator())
            print(torch.cuda.is_available(), torch.backends.mps.is_available())
            """
    )

    (record,) = Records(project.folder).get([load(project.path("snippets/a.py"))])

    assert [o.printed for o in record.run.outcomes[1:]] == [("False None",), ("False False",)]


SECONDS = f"98{os.getpid()}"
"""The seconds for which the snippet's program sleeps, by which the test finds it."""

ENDLESS = f"""
    # %% a
    import subprocess, time
    child = subprocess.Popen(["sleep", "{SECONDS}"])
    while True:
        time.sleep(0.1)
    """


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_no_process_outlives_a_killed_command(
    project: Project, tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    project.write(snippets__a_py=ENDLESS)
    scratch = tmp_path_factory.mktemp("scratch")
    command = subprocess.Popen(
        [sys.executable, "-m", "precis", "verify"],
        stderr=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(scratch)},
        text=True,
        preexec_fn=hear_interruptions,
    )
    until(lambda: any(scratch.glob("precis-*/started")) and sleeping(), "it did not start")

    command.send_signal(getattr(signal, name))

    _, said = command.communicate(timeout=20)  # of the 60 s that the snippet has
    assert "Traceback" not in said
    until(lambda: not sleeping(), "a process runs on")
    until(lambda: not any(scratch.iterdir()), "a folder is left")
    shutil.rmtree(scratch)


def hear_interruptions() -> None:
    """Restore the signal: the test runner may ignore or block it, and the command inherits that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def sleeping() -> bool:
    """Return whether the snippet's program runs."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes() == f"sleep\0{SECONDS}\0".encode():
                return True
        except OSError:
            continue
    return False


def until(holds: Callable[[], bool], message: str) -> None:
    for _ in range(400):
        if holds():
            return
        time.sleep(0.05)
    pytest.fail(message)


def test_another_setting_has_another_server(project: Project) -> None:
    project.write(snippets__a_py="# %% a\nprint(hash('a'))\n")
    snippet = load(project.path("snippets/a.py"))
    records = Records(project.folder)

    (first,), (second,) = (
        records.get([snippet]),
        records.get([snippet], Setting(other_machine=True)),
    )

    assert first.run.outcomes != second.run.outcomes
