"""Read an mkdocs.yml as MkDocs does, without MkDocs, and without running what it names."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from precis.base.finding import Finding, Malformed, display_path


def load_settings(path: Path) -> dict[str, Any]:
    """Return the settings of a file, and of those that it inherits from. Raises Malformed."""
    settings: dict[str, Any]
    try:
        settings = yaml.load(path.read_text(encoding="utf-8-sig"), _Loader) or {}
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        problem = getattr(error, "problem", None) or error
        message = f"MkDocs cannot read this file: {problem}"
        raise Malformed(Finding(display_path(path), line, column, message)) from error
    if not isinstance(settings, dict):
        raise Malformed(Finding(display_path(path), 1, 1, "MkDocs cannot read this file: no keys"))
    if parent := settings.pop("INHERIT", None):
        settings = _merged(load_settings(path.parent / str(parent)), settings)
    return settings


def _merged(below: Any, above: Any) -> Any:
    """Return two settings as one: mappings are merged, and of all else the second one holds."""
    if not (isinstance(below, Mapping) and isinstance(above, Mapping)):
        return above
    return {**below, **{key: _merged(below.get(key), value) for key, value in above.items()}}


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """YAML with the tags of MkDocs."""


def _environment(loader: _Loader, node: yaml.Node) -> Any:
    """Return the first variable that is set; of a list, the last item is the default."""
    names, default = [node], None
    if isinstance(node, yaml.SequenceNode):
        *names, last = node.value
        default = loader.construct_object(last)
    for name in names:
        if (value := os.environ.get(name.value)) is not None:
            return yaml.safe_load(value)
    return default


_Loader.add_constructor("!ENV", _environment)
for _tag in ("!relative", "tag:yaml.org,2002:python/"):
    _Loader.add_multi_constructor(_tag, lambda *_: None)


def find_place(path: Path, *keys: str) -> tuple[int, int]:
    """Return the line and column of a key below another one; of the start where there is none."""
    with contextlib.suppress(yaml.YAMLError, OSError, UnicodeDecodeError):
        node = yaml.compose(path.read_text(encoding="utf-8-sig"), _Loader)
        place = 1, 1
        for key in keys:
            match = next(_pairs(node, key), None)
            if match is None:
                return place
            place, node = (match[0].start_mark.line + 1, match[0].start_mark.column + 1), match[1]
        return place
    return 1, 1


def _pairs(node: yaml.Node | None, key: str) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    """Yield the keys of this name at any depth, each with its value."""
    if isinstance(node, yaml.MappingNode):
        yield from (pair for pair in node.value if pair[0].value == key)
        for _, value in node.value:
            yield from _pairs(value, key)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _pairs(value, key)
