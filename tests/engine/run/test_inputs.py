"""The inputs of a run: when one changes, the snippet runs again."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import sysconfig
import textwrap
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import pytest
from project import Project, logging_runs

from precis.run import record
from precis.run.outcome import OTHER_MACHINE, Outcome
from precis.run.record import Records
from precis.source.parse import load

Change = Callable[[Path], object]


class Dependency(NamedTuple):
    """A snippet, and a change that makes it print something else."""

    code: str
    change: Change
    files: Mapping[str, str] = MappingProxyType({})


def write(name: str, text: str = "") -> Change:
    """Write a file of `snippets/`."""

    def change(folder: Path) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    return change


ENGINE = Path(record.__file__).parents[2]

HERE = "from pathlib import Path; here = Path(__file__).parent\n"
OPTIONAL = "try:\n    import {0}\n    print('with')\nexcept ImportError:\n    print('without')\n"

DEPENDENCIES = {
    "content of a file": Dependency(
        HERE + "print((here / 'd').read_text())", write("d", "2"), {"d": "1"}
    ),
    "file read by os.open": Dependency(
        HERE + "import os; print(os.read(os.open(here / 'd', os.O_RDONLY), 9))",
        write("d", "2"),
        {"d": "1"},
    ),
    "file that numpy maps into memory": Dependency(
        HERE + "import numpy; print(numpy.memmap(here / 'd', mode='r'))",
        write("d", "2"),
        {"d": "1"},
    ),
    "file deleted": Dependency(
        HERE + "print(open(here / 'd').read() if (here / 'd').exists() else 0)",
        lambda folder: (folder / "d").unlink(),
        {"d": "1"},
    ),
    "file that was not there": Dependency(
        HERE + "try:\n    print(open(here / 'd').read())\nexcept OSError:\n    print(0)",
        write("d", "1"),
    ),
    "file outside the snippets' folder": Dependency(
        HERE + "print((here.parent / 'd').read_text())", write("../d", "2"), {"../d": "1"}
    ),
    "file in a cache": Dependency(
        "import os; print(open(os.environ['XDG_CACHE_HOME'] + '/d').read())",
        write("../cache/d", "2"),
        {"../cache/d": "1"},
    ),
    "file read after a change of folder": Dependency(
        HERE + "import os; os.chdir(here); open('d').close(); os.chdir('e')\n"
        "print(open('d').read())",
        write("e/d", "2"),
        {"d": "1", "e/d": "1"},
    ),
    "file that a link leads to": Dependency(
        HERE + "print((here / 'link').read_text())", write("../d", "2"), {"../d": "1"}
    ),
    "link that leads elsewhere": Dependency(
        HERE + "print((here / 'link').read_text())",
        lambda folder: ((folder / "link").unlink(), (folder / "link").symlink_to("other")),
        {"../d": "1", "other": "2"},
    ),
    "file read by a forked process": Dependency(
        HERE + "import multiprocessing\n"
        "def work(): print(open(here / 'd').read(), flush=True)\n"
        "child = multiprocessing.get_context('fork').Process(target=work)\n"
        "[child.start(), child.join()]",  # one statement, to which its output belongs
        write("d", "2"),
        {"d": "1"},
    ),
    "existence of a file": Dependency(HERE + "print((here / 'd').exists())", write("d")),
    "kind of a file": Dependency(
        HERE + "import os; print(os.path.isdir(here / 'd'))", write("d/e"), {}
    ),
    "size of a file": Dependency(
        HERE + "print((here / 'd').stat().st_size)", write("d", "12"), {"d": "1"}
    ),
    "access to a file": Dependency(
        HERE + "import os; print(os.access(here / 'd', os.R_OK))", write("d")
    ),
    "os.listdir": Dependency(HERE + "import os; print(len(os.listdir(here)))", write("d")),
    "os.scandir": Dependency(
        HERE + "import os; print(sorted(e.name for e in os.scandir(here)))", write("d")
    ),
    "os.walk": Dependency(
        HERE + "import os; print(sum(len(files) for _, _, files in os.walk(here)))", write("e/d")
    ),
    "glob.glob": Dependency(
        HERE + "import glob; print(len(glob.glob(f'{here}/e/*')))", write("e/d"), {"e/c": ""}
    ),
    "os.fwalk": Dependency(
        HERE + "import os; print(sum(len(files) for _, _, files, _ in os.fwalk(here)))",
        write("e/d"),
    ),
    "file in an open folder": Dependency(
        HERE + "import os; folder = os.open(here, os.O_RDONLY)\n"
        "print(os.read(os.open('d', os.O_RDONLY, dir_fd=folder), 9))",
        write("d", "2"),
        {"d": "1"},
    ),
    "Path.iterdir": Dependency(HERE + "print(len(list(here.iterdir())))", write("d")),
    "Path.rglob": Dependency(
        HERE + "print(len(list(here.rglob('*.csv'))))", write("e/d.csv"), {"e/c.csv": ""}
    ),
    "module": Dependency("import beside; print(beside.x)", write("beside.py", "x = 2"),
                         {"beside.py": "x = 1"}),
    "module of a package": Dependency(
        "from beside import inner; print(inner.x)",
        write("beside/inner.py", "x = 2"),
        {"beside/__init__.py": "", "beside/inner.py": "x = 1"},
    ),
    "module of the project's root": Dependency(
        HERE + "import sys; sys.path.append(str(here.parent)); import above; print(above.x)",
        write("../above.py", "x = 2"),
        {"../above.py": "x = 1"},
    ),
    "import that failed": Dependency(OPTIONAL.format("extra"), write("extra.py")),
    "import of a package that failed": Dependency(
        OPTIONAL.format("extra"), write("extra/__init__.py")
    ),
    "import inside a package that failed": Dependency(
        OPTIONAL.format("beside.extra"), write("beside/extra.py"), {"beside/__init__.py": ""}
    ),
    "package that hides a module": Dependency(
        "import beside; print(beside.x)",
        write("beside/__init__.py", "x = 2"),
        {"beside.py": "x = 1"},
    ),
    "file that hides an installed package": Dependency(
        "import click; print(hasattr(click, 'command'))", write("click.py")
    ),
    "file that hides a package's own import": Dependency(
        "import sympy; print(sympy.mpmath.mp.dps if hasattr(sympy, 'mpmath') else 0)",
        write("mpmath.py", "raise ImportError"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DEPENDENCIES)
def test_a_snippet_runs_again_when_an_input_changes(
    project: Project, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    code, change, files = DEPENDENCIES[name]
    monkeypatch.setenv("XDG_CACHE_HOME", str(project.path("cache")))
    folder = project.path("snippets")
    for file, text in {"a.py": f"# %% a\n{code.replace('; ', chr(10))}\n", **files}.items():
        write(file, text)(folder)
    if "link" in name:
        (folder / "link").symlink_to("../d")
    first = outcomes(project)
    assert outcomes(project, may_run=False) == first

    change(folder)

    now = outcomes(project)
    assert now != first
    shutil.rmtree(project.path(".precis"))
    assert outcomes(project) == now  # without a cache: the same


def outcomes(project: Project, may_run: bool = True) -> tuple[tuple[Outcome, ...], str]:
    """Return a snippet's outcomes from new records."""
    done: list[int] = []
    records = Records(project.folder, progress=lambda one, _: done.append(one))
    (found,) = records.get([load(project.path("snippets/a.py"))])
    assert may_run or not done, "it ran again"
    assert not found.run.untracked
    return found.run.outcomes, found.run.fault.message if found.run.fault else ""


READING = HERE.replace("; ", "\n") + "print((here / 'd').read_text())\n#> 1\n"


def test_files_of_a_linked_folder_are_recorded_by_their_real_paths(project: Project) -> None:
    project.path("shared").mkdir()
    project.path("snippets").symlink_to("shared")
    project.write(snippets__a_py=f"# %% a\n{READING}", snippets__d="1")
    assert project.run("precis", "verify").returncode == 0

    project.write(snippets__d="2")

    assert "  + 2\n" in project.run("precis", "verify").stderr


def interpreter(folder: Path) -> Path:
    """Create a virtual environment with our packages after its own; return its Python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "ours.pth").write_text(f"{sysconfig.get_path('purelib')}\n{ENGINE}\n")
    return folder / "bin/python"


def verify(python: Path, root: Path) -> subprocess.CompletedProcess[str]:
    command = [str(python), "-m", "precis", "verify"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True)


def install(site: Path, name: str, version: str, module: str, text: str) -> None:
    """Install a distribution of one module into an environment, replacing other versions."""
    for old in site.glob(f"{name}-*.dist-info"):
        shutil.rmtree(old)
    info = site / f"{name}-{version}.dist-info"
    info.mkdir()
    info.joinpath("METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    )
    info.joinpath("top_level.txt").write_text(f"{module}\n")
    (site / f"{module}.py").write_text(text)


def value(number: int) -> str:
    return f"value = {number}"


PACKAGES: dict[str, tuple[Change, Change, str]] = {
    "other": (  # a distribution whose name differs from its module
        lambda site: install(site, "dist_x", "1.0", "other", value(1)),
        lambda site: install(site, "dist_x", "2.0", "other", value(22)),
        "import other\nprint(other.value)\n#> 1\n",
    ),
    "loose": (  # a module without a distribution
        lambda site: (site / "loose.py").write_text(value(1)),
        lambda site: (site / "loose.py").write_text(value(22)),
        "import loose\nprint(loose.value)\n#> 1\n",
    ),
    "dev": (  # a package in development
        lambda site: [
            (site / "dev.pth").write_text(str(site / "../../src")),
            (site / "../../src").mkdir(),
            (site / "../../src/dev.py").write_text(value(1)),
        ],
        lambda site: (site / "../../src/dev.py").write_text(value(22)),
        "import dev\nprint(dev.value)\n#> 1\n",
    ),
    "absent": (  # a package that was not installed
        lambda site: None,
        lambda site: install(site, "dist_y", "1.0", "absent", value(22)),
        "try:\n    import absent\n    print(2)\nexcept ImportError:\n    print(1)\n#> 1\n",
    ),
}


def test_a_snippet_runs_again_when_a_package_or_a_project_file_changes(
    project: Project,
) -> None:
    """Use a virtual environment whose folder contains the project."""
    python = interpreter(project.path("env"))
    (site,) = project.path("env").glob("lib/python*/site-packages")
    inner = Project(project.path("env/src/book")).write(snippets__d="1")
    changes: dict[str, Callable[[], object]] = {}
    for name, (before, change, code) in PACKAGES.items():
        before(site)
        inner.write(**{f"snippets__{name}s_py": f"# %% a\n{code}"})
        changes[name] = functools.partial(change, site)
    inner.write(snippets__files_py=f"# %% a\n{READING}")
    changes["file"] = functools.partial(inner.write, snippets__d="2")
    run = verify(python, inner.folder)
    assert run.returncode == 0, run.stderr

    for count, change in enumerate(changes.values(), 1):
        change()

        said = verify(python, inner.folder).stderr
        changed = [name for name in changes if f"snippets/{name}s.py:" in said]
        assert changed == list(changes)[:count], said


MACHINES: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "version of Python": lambda m: m.setattr("platform.python_version", lambda: "3.99.0"),
    "machine": lambda m: m.setattr("platform.machine", lambda: "another"),
    "processor": lambda m: m.setattr(record, "_processor", lambda: "another"),
    "kernels of OpenBLAS": lambda m: m.setenv("OPENBLAS_CORETYPE", "Haswell"),
    "engine": lambda m: m.setattr(record, "engine_digest", lambda: "another"),
}


@pytest.mark.parametrize("name", MACHINES)
def test_a_snippet_runs_again_on_another_machine(
    project: Project, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    project.write(snippets__a_py="# %% a\nprint(1)\n")
    outcomes(project)
    MACHINES[name](monkeypatch)

    with pytest.raises(AssertionError, match="it ran again"):
        outcomes(project, may_run=False)


ENVIRONMENT = """
    # %% a
    import getpass, locale, os, shutil, sys, time, warnings
    print(sorted(os.environ), shutil.get_terminal_size().columns, time.tzname[0])
    print(locale.setlocale(locale.LC_ALL, ""), sys.flags.optimize, sys.path[0], sys.warnoptions)
    print(hash("a"), [key for key in os.environ if key.startswith("PYTHON")])
    assert os.environ["TERM"] == "dumb"
    warnings.warn("shown", DeprecationWarning, stacklevel=1)
    """


def test_the_caller_s_environment_does_not_reach_a_snippet(project: Project) -> None:
    project.write(snippets__a_py=ENVIRONMENT)
    code = (
        "from pathlib import Path; from precis.run.record import Records; "
        "from precis.source.parse import load; "
        "print(Records(Path.cwd()).get([load(Path('snippets/a.py'))])[0].run.outcomes)"
    )
    theirs = {
        "COLUMNS": "40", "FORCE_COLOR": "1", "LANG": "fr_FR.UTF-8", "MKL_NUM_THREADS": "7",
        "PYTHONHASHSEED": "7", "PYTHONOPTIMIZE": "1", "PYTHONPATH": f"/nowhere{os.pathsep}{ENGINE}",
        "PYTHONWARNINGS": "ignore", "TERM": "xterm", "TZ": "Europe/Paris", "PRECIS_TEST": "1",
    }  # fmt: skip

    printed = []
    for environment in ({}, theirs):
        shutil.rmtree(project.path(".precis"), ignore_errors=True)
        run = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=True,
        )
        printed.append(run.stdout)

    assert printed[0] == printed[1]
    assert "PRECIS_TEST" not in printed[0]
    assert "80 UTC" in printed[0]
    assert "'C.UTF-8 0 " in printed[0]
    assert "DeprecationWarning: shown" in printed[0]


def test_asserts_run_even_if_the_parent_skips_them(project: Project) -> None:
    project.write(snippets__a_py="# %% a\nassert 1 == 2\n")

    run = subprocess.run(
        [sys.executable, "-O", "-m", "precis", "verify"], capture_output=True, text=True
    )

    assert run.returncode == 1
    assert "snippets/a.py:2:1: AssertionError" in run.stderr


STARTS = {
    "subprocess": "import subprocess; told = subprocess.run(['true'])",
    "os.system": "import os; told = os.system('true')",
    "os.posix_spawn": "import os; told = os.waitpid(os.posix_spawn('/bin/true', ['true'], {}), 0)",
    "multiprocessing": "import multiprocessing; import time\n"
    "child = multiprocessing.get_context('spawn').Process(target=time.time)\n"
    "child.start(); child.join()",
}


@pytest.mark.parametrize("what", STARTS)
def test_a_run_that_starts_programs_is_not_cached_and_the_report_says_so(
    project: Project, what: str
) -> None:
    code = STARTS[what].replace("; ", "\n")
    guard = 'if __name__ == "__main__":\n' if what == "multiprocessing" else ""
    code = textwrap.indent(code, "    " if guard else "")
    project.write(snippets__a_py=f"# %% a\n{guard}{code}\n", snippets__b_py="# %% a\nx = 1\n")

    for _ in range(2):
        run = project.run("precis", "verify")

        assert run.returncode == 0, run.stderr
        assert run.stdout.splitlines()[1:] == [
            f"snippets/a.py runs in each build: it uses {what}, whose reads are not tracked"
        ]


def test_a_file_opened_for_writing_is_no_input(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = project.path("cache")
    cache.mkdir()
    project.write(snippets__a_py=f"# %% a\n{logging_runs(cache, monkeypatch)}\n")

    first, again = outcomes(project), outcomes(project, may_run=False)

    assert first == again
    assert project.read("cache/ran") == "."


def test_a_run_is_repeated_when_a_file_changes_meanwhile(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(project.folder))
    project.write(
        snippets__a_py="""
            # %% a
            import time
            from pathlib import Path
            word = Path(__file__).with_name("data.txt").read_text()
            Path("read").touch()
            while word == "old" and not Path("changed").exists():
                time.sleep(0.01)
            print(word)
            """,
        snippets__data_txt="old",
    )
    records = Records(project.folder)
    snippet = load(project.path("snippets/a.py"))

    records.start([snippet])
    while not (has_read := list(project.folder.glob("precis-*/work/read"))):
        time.sleep(0.01)
    project.write(snippets__data_txt="new")
    has_read[0].with_name("changed").touch()

    (made,) = records.get([snippet])
    assert made.run.outcomes[-1].printed == ("new",)


def test_a_run_whose_file_keeps_changing_ends_and_is_not_cached(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write(
        snippets__a_py='# %% a\nprint(open(__file__[:-4] + "log").read()[:1])\n',
        snippets__log="",
    )
    project.path("snippets/log").write_text("x")
    states = iter(range(100))
    monkeypatch.setattr(
        "precis.run.parent.inputs.first_change", lambda *_: f"file:snippets/log {next(states)}"
    )

    (made,) = Records(project.folder).get([load(project.path("snippets/a.py"))])

    assert made.run.outcomes[-1].printed == ("x",)
    assert "which changes during the run" in made.run.untracked
    assert next(states) == 3


def test_the_other_machine_has_another_path_time_zone_width_and_language(project: Project) -> None:
    project.write(
        snippets__a_py="# %% a\nimport os, time\nprint(time.tzname, os.environ['LANG'])\n"
    )
    records, snippet = Records(project.folder), load(project.path("snippets/a.py"))

    (here,), (elsewhere,) = records.get([snippet]), records.get([snippet], OTHER_MACHINE)

    assert here.run.outcomes[-1] != elsewhere.run.outcomes[-1]


AUDITED = """
    # %% folder
    from pathlib import Path
    here = Path(__file__).parent
    print(len(list(here.glob("data/*.csv"))))
    #> 1

    # %% file
    print((here / "data/a.csv").read_text())
    #> 1

    # %% program
    import subprocess, sys
    ran = subprocess.run([sys.executable, here / "helper.py"], capture_output=True, text=True)
    print(ran.stdout.strip())
    #> helper one

    # %% optional
    try:
        import extra
        print("with")
    except ImportError:
        print("without")
    #> without
    """


def test_audit_and_verify_agree_after_each_change(project: Project) -> None:
    cells = ("folder", "file", "program", "optional")
    project.write(
        mkdocs_yml="site_name: t\ntheme: mkdocs\nplugins: [precis]\n",
        docs__index_md="# T\n\n" + "".join(f"```snippet\na.py:{cell}\n```\n\n" for cell in cells),
        snippets__a_py=AUDITED,
        snippets__helper_py="# %% a\nprint('helper one')\n#> helper one\n",
    )
    folder = project.path("snippets")
    write("data/a.csv", "1")(folder)
    project.write(docs__b_md="# B\n\n```snippet\nhelper.py:a\n```\n")
    built = project.run("mkdocs", "build")
    assert built.returncode == 0, built.stderr
    changes: list[tuple[str, str]] = [
        ("data/b.csv", ""), ("data/a.csv", "2"), ("extra.py", "# %% a\nx = 1\n"),
        ("helper.py", "# %% a\nprint('helper two')\n#> helper two\n"),
    ]  # fmt: skip

    for name, text in changes:
        path = folder / name
        before = path.read_bytes() if path.exists() else None
        write(name, text)(folder)
        codes = [
            project.run("precis", *command).returncode
            for command in (["verify", "snippets/a.py"], ["audit", "site"])
        ]
        assert codes == [1, 1], name
        path.unlink() if before is None else path.write_bytes(before)

    assert project.run("precis", "verify").returncode == 0
    assert project.run("precis", "audit", "site").returncode == 0
