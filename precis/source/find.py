"""Find the Python files of a folder that hold `#>` lines: snippets without a site."""

from __future__ import annotations

import io
import os
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

_LOOKS_LIKE = re.compile(rb"^#>", re.M)
_NOT_SEARCHED = {"__pycache__", "node_modules", "site-packages"}


def is_snippet(path: Path) -> bool:
    """Return whether a Python file has an expectation; the lines of a string are none."""
    try:
        content = path.read_bytes()
        if not _LOOKS_LIKE.search(content):
            return False
        return any(
            token.type == tokenize.COMMENT and token.start[1] == 0 and token.string.startswith("#>")
            for token in tokenize.tokenize(io.BytesIO(content).readline)
        )
    except (tokenize.TokenError, SyntaxError, ValueError):
        return True  # its own error is reported, with its line
    except OSError:
        return False


def find_snippets(folder: Path) -> Iterator[Path]:
    """Yield the snippets below a folder, sorted; hidden folders and environments are skipped."""
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if _is_searched(Path(parent, name)))
        files = (Path(parent, name) for name in sorted(names) if name.endswith(".py"))
        yield from filter(is_snippet, files)


def _is_searched(folder: Path) -> bool:
    hidden = folder.name.startswith(".") or folder.name in _NOT_SEARCHED
    return not hidden and not (folder / "pyvenv.cfg").exists()
