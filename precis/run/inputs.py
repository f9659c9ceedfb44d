"""The inputs of a run: files, folders, modules and packages, each with its state at first use.

The key of an input is `kind:name`; its state is a short text. A record is valid while the states of
all its inputs are unchanged. Paths inside the project are relative to its root.

| kind | name | state |
|---|---|---|
| `file` | a path | the SHA-256 of its content, or "" |
| `folder` | a path | the SHA-256 of its sorted entries, or "" |
| `entry` | a path | "folder", "file" and its size, or "" |
| `module` | folder/name | the entries of the folder that `import name` could load |
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


def key(kind: str, path: str, root: str) -> str:
    """Return the key of an input with a real path."""
    is_inside = path == root or path.startswith(root + os.sep)
    name = os.path.relpath(path, root) if is_inside else path
    return f"{kind}:{name.replace(os.sep, '/')}"


def state(key: str, root: str) -> str:
    """Return the current state of an input."""
    kind, _, name = key.partition(":")
    return _STATES[kind](os.path.join(root, name) if kind in _PATHS else name)


def first_change(inputs: Mapping[str, str], root: str) -> str:
    """Return the key of the first input whose state has changed; "" if none has."""
    return next((key for key, recorded in inputs.items() if state(key, root) != recorded), "")


def files_read(inputs: Mapping[str, str]) -> list[str]:
    """Return the paths of the existing files that a run read, sorted."""
    pairs = ((key.partition(":"), state) for key, state in inputs.items())
    return sorted(name for (kind, _, name), state in pairs if kind == "file" and state)


def package_inputs(packages: Iterable[str]) -> dict[str, str]:
    """Return the inputs for imported top-level packages: their distributions or their files."""
    keys: list[str] = []
    for package in packages:
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
        status = os.stat(path)
    except (OSError, ValueError):
        return ""
    return "folder" if stat.S_ISDIR(status.st_mode) else f"file {status.st_size}"


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
