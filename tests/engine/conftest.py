"""Fixtures: real snippets and small sites in temporary folders."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from installed import ROOT, build
from project import Project

from precis.run import parent as run
from precis.run.record import Record
from precis.source.parse import parse as parse_text
from precis.source.snippet import Snippet


@pytest.fixture
def parse(tmp_path: Path) -> Callable[[str], Snippet]:
    """Parse an indented text as the file `a.py`."""

    def parsed(text: str) -> Snippet:
        return parse_text(textwrap.dedent(text).lstrip("\n"), tmp_path / "a.py")

    return parsed


@pytest.fixture
def ran(parse: Callable[[str], Snippet], tmp_path: Path) -> Callable[..., run.Run]:
    """Run an indented text as the file `a.py`."""

    def outcome(text: str, timeout: float = 20) -> run.Run:
        parsed = parse(text)
        parsed.path.write_text(parsed.text, encoding="utf-8")
        return run.run(parsed, tmp_path, timeout=timeout)

    return outcome


@pytest.fixture
def record() -> Callable[[run.Run], Record]:
    """Make a record of a run on the CPU."""
    return lambda made: Record(made, "cpu", None)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this source tree."""
    return build(ROOT, tmp_path_factory.mktemp("package") / "built")[0]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path)
