"""The packages of the engine form layers: each imports only lower ones."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import precis

FLOORS = ["base", "source", "run", "compare", "book", "text", "page", "export", "sites", "cli"]
"""The packages, from the lowest to the highest."""

ROOT = Path(precis.__file__).parent


def imported(path: Path) -> Iterator[str]:
    """Yield the packages of the engine that a module imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("precis."):
            yield str(node.module).split(".")[1]


@pytest.mark.parametrize("floor", FLOORS)
def test_a_package_imports_what_stands_below_it(floor: str) -> None:
    above = FLOORS[FLOORS.index(floor) + 1 :]

    ups = [
        f"{path.relative_to(ROOT)} imports precis.{package}"
        for path in sorted((ROOT / floor).glob("*.py"))
        for package in imported(path)
        if package in above
    ]

    assert ups == []


def test_every_module_is_on_a_floor() -> None:
    assert sorted(path.parent.name for path in ROOT.glob("*/__init__.py")) == sorted(FLOORS)
    assert {path.name for path in ROOT.glob("*.py")} == {"__init__.py", "__main__.py"}
