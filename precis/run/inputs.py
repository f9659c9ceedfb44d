"""What a run depended on: each input with its state, taken when the run first used it.

An input is a kind and a name, written `kind:name`; its state is a short text. A record holds
while every input still has the state that the run met. Paths are relative to the project's
root where they lie below it.

| kind | name | state |
|---|---|---|
| `file` | a path | the SHA-256 of its content; "" without a file |
| `folder` | a path | the SHA-256 of its sorted entries; "" without a folder |
| `entry` | a path | "folder", "file" and its size, or "" |
| `module` | folder/name | the entries of the folder that an `import name` would take |
| `import` | a package | "installed" or "" |
| `distribution` | its name | its version |
| `package` | a package that no distribution owns | the SHA-256 of its files |
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Mapping

from precis.base import installed
from precis.base.files import digest, file_digest


def name(kind: str, path: str, root: str) -> str:
    """Name an input by a real path."""
    below = path == root or path.startswith(root + os.sep)
    shown = os.path.relpath(path, root) if below else path
    return f"{kind}:{shown.replace(os.sep, '/')}"


def state(key: str, root: str) -> str:
    """Return the state of an input now."""
    kind, _, subject = key.partition(":")
    return _STATES[kind](os.path.join(root, subject) if kind in _PATHS else subject)


def changed(inputs: Mapping[str, str], root: str) -> str:
    """Return the first input whose state is no longer that of the run; "" without one."""
    return next((key for key, before in inputs.items() if state(key, root) != before), "")


def files(inputs: Mapping[str, str]) -> list[str]:
    """Return the paths of the files that were read, relative to the root where below it."""
    return sorted(
        key.removeprefix("file:") for key, now in inputs.items() if now and key.startswith("file:")
    )


def of_packages(names: Iterable[str]) -> dict[str, str]:
    """Return the inputs that imported top-level packages are: what provides each."""
    keys: list[str] = []
    for package in names:
        owners = installed.distributions(package)
        keys += [f"distribution:{owner}" for owner in owners]
        if not owners and installed.is_importable(package):
            keys.append(f"package:{package}")
    return {key: state(key, "") for key in keys}


def _folder(path: str) -> str:
    try:
        with os.scandir(path) as entries:
            lines = [f"{entry.name}{'/' if entry.is_dir() else ''}" for entry in entries]
    except OSError:
        return ""
    return digest("\n".join(sorted(lines)).encode("utf-8", "surrogateescape"))


def _entry(path: str) -> str:
    try:
        known = os.stat(path)
    except (OSError, ValueError):
        return ""
    return "folder" if stat.S_ISDIR(known.st_mode) else f"file {known.st_size}"


def _module(path: str) -> str:
    folder, module = os.path.split(path)
    try:
        entries = os.listdir(folder)
    except OSError:
        return ""
    return " ".join(sorted(e for e in entries if e == module or e.startswith(f"{module}.")))


def _import(package: str) -> str:
    return "installed" if installed.is_importable(package) else ""


def _package(package: str) -> str:
    return digest("\n".join(map(file_digest, installed.source_files(package))).encode())


_STATES: dict[str, Callable[[str], str]] = {
    "file": file_digest,
    "folder": _folder,
    "entry": _entry,
    "module": _module,
    "import": _import,
    "distribution": installed.version,
    "package": _package,
}

_PATHS = ("file", "folder", "entry", "module")
