"""Execute some cells of a snippet, for tools and tests that use what they define."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from precis.source.parse import load


def define(
    path: Path,
    cells: Collection[str],
    given: dict[str, Any] | None = None,
    part: Callable[[str], str] = str,
) -> dict[str, Any]:
    """Return the names that some cells define, in the order of the file.

    `given` are names that they use; `part` returns the text of a cell that is to be executed.
    """
    snippet = load(path)
    names: dict[str, Any] = {"__file__": str(path), **(given or {})}
    for cell in snippet.cells:
        if cell.name in cells:
            source = part("\n".join(snippet.lines[cell.line : cell.end]))
            exec(compile(source, f"{path.name}:{cell.name}", "exec"), names)
    return names
