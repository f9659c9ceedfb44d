"""Copy snippets and their inputs to another path, to run them as on another machine."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from precis.source.parse import load
from precis.source.snippet import Snippet


def copy_snippets(snippets: Iterable[Snippet], root: Path, target: Path) -> list[Snippet]:
    """Copy snippets from a root to a target folder, and return the parsed copies."""
    copies = []
    for snippet in snippets:
        path = target / snippet.path.resolve().relative_to(root)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(snippet.text, encoding="utf-8")
        copies.append(load(path))
    return copies


def copy_inputs(inputs: Mapping[str, str], root: Path, target: Path) -> None:
    """Copy the inputs of a run that lie below a root; folders without their content."""
    for name in sorted(set(_paths(inputs, root))):
        source, copy = root / name, target / name
        if copy.exists():
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            copy.mkdir(exist_ok=True)
        elif source.is_file():
            shutil.copyfile(source, copy)


def _paths(inputs: Mapping[str, str], root: Path) -> Iterator[str]:
    for key, state in inputs.items():
        kind, _, name = key.partition(":")
        if not state or Path(name).is_absolute():
            continue
        if kind in ("file", "entry", "folder"):
            yield name
        if kind == "folder":
            yield from (f"{name}/{entry.name}" for entry in (root / name).iterdir())
        if kind == "module":
            yield from (f"{Path(name).parent.as_posix()}/{entry}" for entry in state.split())
