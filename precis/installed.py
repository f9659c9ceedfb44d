"""Whether code comes from an installed package: then its version says what it does."""

from __future__ import annotations

import sys
import sysconfig
import types
from pathlib import Path

_FOLDERS = {sysconfig.get_path(scheme) for scheme in ("purelib", "platlib", "stdlib")}


def is_installed(thing: type | types.FunctionType) -> bool:
    """Return whether a class or a function was written in no file of the project."""
    if isinstance(thing, types.FunctionType):
        files = {thing.__code__.co_filename, _file(thing)}  # a decorator may name another module
    else:
        files = {_file(thing)}
    return all(not file or any(map(Path(file).is_relative_to, _FOLDERS)) for file in files)


def _file(thing: type | types.FunctionType) -> str | None:
    """Return the file of the module that a class or a function names; None for a built-in."""
    return getattr(sys.modules.get(thing.__module__), "__file__", None)
