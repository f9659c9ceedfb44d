"""An on-disk cache: a value is valid while the fingerprint of its inputs is unchanged.

Each value is a JSON file beside the records. Truncated, foreign or outdated files count as a miss.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from precis.base.files import digest, engine_digest, file_digest, write_cache


@dataclass(frozen=True)
class Cache:
    """The cached values of a project."""

    folder: Path

    def get(self, name: str, fingerprint: str) -> dict[str, Any] | None:
        """Return the value of a name; None on a miss or another fingerprint."""
        file = self._file(name)
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            value: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            if value["fingerprint"] == fingerprint:
                os.utime(file)  # `Records` deletes files that were not used for a month
                return value
        return None

    def put(self, name: str, fingerprint: str, **value: object) -> None:
        """Store a value under a name."""
        content = json.dumps({"fingerprint": fingerprint, **value})
        write_cache(self._file(name), content.encode())

    def _file(self, name: str) -> Path:
        return self.folder / f"{digest(name.encode())}.cache.json"


def fingerprint(*inputs: object) -> str:
    """Return a hash of a value's inputs, the engine and the installed packages."""
    return digest(repr((inputs, _environment_digest())).encode())


def file_digests(paths: Iterable[Path]) -> dict[str, str]:
    """Return the SHA-256 of each file; "" for a missing file."""
    return {str(path): file_digest(path) for path in paths}


@functools.cache
def _environment_digest() -> str:
    """Return a hash of the engine and the installed packages: a value may depend on any."""
    installed = {path.name for folder in sys.path for path in Path(folder).glob("*.dist-info")}
    return digest(repr((engine_digest(), sorted(installed))).encode())
