"""Real snippets and real small sites, made in temporary folders."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from precis import run, snippet
from precis.book import Book
from precis.record import Record, Records


@pytest.fixture
def parse(tmp_path: Path) -> Callable[[str], snippet.Snippet]:
    """Parse an indented text as the file `a.py`."""

    def parsed(text: str) -> snippet.Snippet:
        return snippet.parse(textwrap.dedent(text).lstrip("\n"), tmp_path / "a.py")

    return parsed


@pytest.fixture
def ran(parse: Callable[[str], snippet.Snippet], tmp_path: Path) -> Callable[..., run.Run]:
    """Run an indented text as `a.py`, in a fresh process."""

    def outcome(text: str, timeout: float = 20) -> run.Run:
        parsed = parse(text)
        parsed.path.write_text(parsed.text, encoding="utf-8")
        return run.run(parsed, tmp_path, timeout=timeout)

    return outcome


@pytest.fixture
def record() -> Callable[[run.Run], Record]:
    """A record of a run, as the CPU's."""
    return lambda made: Record(made, "cpu", None, {}, {})


class Project:
    """A folder with files of a project, and the commands that a contributor types in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, **files: str) -> Project:
        """Write files; in names, `__` stands for `/` and `_py`, `_md`, `_yml` for an ending."""
        for name, text in files.items():
            path = name.replace("__", "/")
            for ending in ("py", "md", "yml", "toml", "txt"):
                path = path.removesuffix(f"_{ending}") + (
                    f".{ending}" if path.endswith(f"_{ending}") else ""
                )
            file = self.folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        return self

    def path(self, name: str) -> Path:
        return self.folder / name

    def read(self, name: str) -> str:
        return self.path(name).read_text(encoding="utf-8")

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run `python -m …` in the folder."""
        return subprocess.run(
            [sys.executable, "-m", *command],
            cwd=self.folder,
            capture_output=True,
            text=True,
            env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        )

    def book(self) -> Book:
        return Book(self.folder / "snippets", Records(self.folder))

    def site(self) -> dict[str, bytes]:
        """Every file of the published site."""
        site = self.folder / "site"
        return {
            path.relative_to(site).as_posix(): path.read_bytes()
            for path in sorted(site.rglob("*"))
            if path.is_file()
        }


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path)
