"""Keep what takes long to make, for as long as all that it was made of is what it was.

One file a thing, beside the records: its name says what it is, and it holds the state of what it
was made of. A file that is cut short, foreign or of an older form is nothing kept.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from precis.base.files import digest, engine_digest, file_digest, write_cache


def state(*parts: object) -> str:
    """A hash of what something is made of, and of what makes it."""
    return digest(repr((parts, _environment_digest())).encode())


def find(cache: Path, name: str, now: str) -> dict[str, Any] | None:
    """What is kept under a name, if it was made of this state."""
    file = _file(cache, name)
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        known: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if known["state"] == now:
            os.utime(file)  # in use: what nothing asks for is dropped with the records
            return known
    return None


def keep(cache: Path, name: str, now: str, **content: object) -> None:
    """Keep something under a name."""
    write_cache(_file(cache, name), json.dumps({"state": now, **content}).encode())


def file_digests(paths: Iterable[Path]) -> dict[str, str]:
    """The SHA-256 of each file; "" where there is none."""
    return {str(path): file_digest(path) for path in paths}


def _file(cache: Path, name: str) -> Path:
    return cache / f"{digest(name.encode())}.kept.json"


@functools.cache
def _environment_digest() -> str:
    """The engine and the packages that are installed, any of which may make what is kept."""
    installed = {path.name for folder in sys.path for path in Path(folder).glob("*.dist-info")}
    return digest(repr((engine_digest(), sorted(installed))).encode())
