"""Hash files, write them atomically, and prepare the cache folder."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import logging
import os
import stat
import tempfile
from pathlib import Path

from precis.base.finding import display_path

CACHE = ".precis"
"""The cache folder in a project's root: records and rendered pages."""


def digest(content: bytes) -> str:
    """Return the SHA-256 of bytes."""
    return hashlib.sha256(content).hexdigest()


def file_digest(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of a file; "" if it cannot be read."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return ""  # opening a pipe would block until another process writes
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError):
        return ""


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file in one step: readers see the old content or the new, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        with contextlib.suppress(FileNotFoundError):
            os.chmod(name, path.stat().st_mode)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def write_cache(path: Path, content: bytes) -> None:
    """Write a cache file; warn once and continue if the folder is not writable."""
    if is_writable(path.parent):
        with contextlib.suppress(OSError):  # a full disk only costs time
            write_atomically(path, content)


def is_writable(cache: Path) -> bool:
    """Create a cache folder and return whether it is writable; warn once if not."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        ignored = cache / ".gitignore"
        if not ignored.exists():
            ignored.write_text("*\n", encoding="utf-8")
    except OSError as error:
        _warn_unwritable(cache, error.strerror or str(error))
        return False
    return os.access(cache, os.W_OK)


@functools.cache
def _warn_unwritable(folder: Path, reason: str) -> None:
    message = (
        "precis: the cache folder %s is not writable (%s): each build runs every snippet again"
    )
    logging.getLogger("precis").warning(message, display_path(folder), reason)


@functools.cache
def engine_digest() -> str:
    """Return a hash of the engine's files."""
    package = Path(__file__).parents[1]
    paths = (
        path for path in sorted(package.rglob("*")) if path.is_file() and path.suffix != ".pyc"
    )
    return digest(b"".join(path.read_bytes() for path in paths))
