"""The engine as another project has it: a wheel, unpacked, in environments made of what is here."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterable
from contextlib import suppress
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]

BUILD = """
import sys
from flit_core import buildapi
buildapi.build_wheel(sys.argv[1])
buildapi.build_sdist(sys.argv[1])
"""


def build(source: Path, target: Path) -> tuple[Path, Path]:
    """Build the wheel and the sdist of a source tree."""
    target.mkdir(parents=True)
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
    command = [sys.executable, "-c", BUILD, str(target)]
    subprocess.run(command, cwd=source, env=environment, check=True)
    (wheel,), (sdist,) = target.glob("*.whl"), target.glob("*.tar.gz")
    return wheel, sdist


class Environment:
    """A virtual environment with the engine and only those packages that its extras ask for."""

    def __init__(self, folder: Path, wheel: Path, *extras: str) -> None:
        self.folder = folder
        venv.create(folder, symlinks=os.name != "nt")
        programs = folder / ("Scripts" if os.name == "nt" else "bin")
        self.python = programs / ("python.exe" if os.name == "nt" else "python")
        (library,) = [path for path in folder.rglob("site-packages") if path.is_dir()]
        with zipfile.ZipFile(wheel) as files:
            files.extractall(library)
        engine = Distribution.at(next(library.glob("precis-*.dist-info")))
        self.library = library
        self._link(_needed(engine, extras))
        self.add("pytest")

    def add(self, name: str) -> None:
        """Add another distribution, and what it needs."""
        self._link({name} | _needed(distribution(name)))

    def _link(self, names: Iterable[str]) -> None:
        for name in names:
            for file in distribution(name).files or ():
                target = self.library / file.parts[0]
                if file.parts[0] not in ("..", "__pycache__") and not target.exists():
                    source = Path(str(distribution(name).locate_file(file.parts[0])))
                    target.symlink_to(source.resolve())

    def run(self, folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
        """Run `python -m …` in a folder."""
        shown = ("PATH", "HOME", "SYSTEMROOT", "TMPDIR", "TEMP")
        environment = {name: os.environ[name] for name in shown if name in os.environ}
        return subprocess.run(
            [self.python, "-m", *command],
            cwd=folder,
            capture_output=True,
            text=True,
            env={**environment, "NO_MKDOCS_2_WARNING": "1", "PYTHONIOENCODING": "utf-8"},
        )


def _needed(engine: Distribution, extras: Iterable[str] = ()) -> set[str]:
    """Return the names of the distributions that one asks for with its extras, and of theirs."""
    names = {engine.name}
    waiting = [(engine, frozenset(extras))]
    done = set()
    while waiting:
        asking, extras = waiting.pop()
        done.add((asking.name, extras))
        for requirement in map(Requirement, asking.requires or ()):
            conditions = [{"extra": extra} for extra in extras] or [{"extra": ""}]
            if requirement.marker and not any(map(requirement.marker.evaluate, conditions)):
                continue
            with suppress(PackageNotFoundError):  # not needed on this system
                own = requirement.name == engine.name
                found = engine if own else distribution(requirement.name)
                names.add(found.name)
                if (found.name, asked := frozenset(requirement.extras)) not in done:
                    waiting.append((found, asked))
    return names - {"precis"}
