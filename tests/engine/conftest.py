"""Real snippets and real small sites, made in temporary folders."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from project import Project

from precis.run import parent as run
from precis.run.record import Record
from precis.source import snippet


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
    return lambda made: Record(made, "cpu", None)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path)
