"""The packages installed for this interpreter: where they lie, and their versions.

Nothing is imported to answer. Answers are remembered until the installed packages change.
"""

from __future__ import annotations

import contextlib
import functools
import os
import site
import sys
import sysconfig
import types
from collections.abc import Iterable
from importlib.machinery import PathFinder


@functools.cache
def site_folders() -> tuple[str, ...]:
    """Return the folders into which packages are installed."""
    folders = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    folders += site.getsitepackages()
    if site.ENABLE_USER_SITE:
        folders.append(site.getusersitepackages())
    return tuple(dict.fromkeys(map(os.path.realpath, folders)))


@functools.cache
def _installed_folders() -> tuple[str, ...]:
    library = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib")]
    folders = (*map(os.path.realpath, library), *site_folders())
    return tuple(folder + os.sep for folder in folders)


def is_installed(path: str) -> bool:
    """Return whether a real path belongs to the standard library or an installed package."""
    return path.startswith(_installed_folders())


def is_code_installed(thing: type | types.FunctionType) -> bool:
    """Return whether a class or a function was written in no file of the project."""
    files = {getattr(sys.modules.get(thing.__module__), "__file__", None)}
    if isinstance(thing, types.FunctionType):
        files.add(thing.__code__.co_filename)  # a decorator may name another module
    return all(not file or is_installed(os.path.realpath(file)) for file in files)


def version(distribution: str) -> str:
    """Return the version of an installed distribution; "" if there is none."""
    return _version(distribution, state())


def distributions(package: str) -> tuple[str, ...]:
    """Return the distributions that provide a top-level package, by name."""
    return _providers(state()).get(package, ())


def version_of(package: str) -> str:
    """Return the version of the distribution that provides a top-level package; "" without one."""
    return next(map(version, distributions(package)), "")


def is_importable(package: str) -> bool:
    """Return whether a top-level package is installed."""
    return _is_importable(package, state())


def sources(package: str) -> tuple[str, ...]:
    """Return the files of an installed top-level package, sorted; none if it has no files."""
    spec = PathFinder.find_spec(package, list(site_folders()))
    if spec is None:
        return ()
    found = [spec.origin] if spec.origin else []
    for folder in spec.submodule_search_locations or ():
        for parent, _, names in os.walk(folder):
            found += [os.path.join(parent, name) for name in names if not name.endswith(".pyc")]
    return tuple(sorted(set(found)))


def state() -> tuple[int, ...]:
    """Return what an installation or removal of a package changes."""
    return tuple(_changed(folder) for folder in site_folders())


def _changed(folder: str) -> int:
    with contextlib.suppress(OSError):
        return os.stat(folder).st_mtime_ns
    return 0


@functools.lru_cache(maxsize=4096)
def _version(distribution: str, _installed: tuple[int, ...]) -> str:
    from importlib.metadata import Distribution

    found: Iterable[Distribution] = Distribution.discover(
        name=distribution, path=list(site_folders())
    )
    return next((each.version for each in found), "")


@functools.lru_cache(maxsize=1)
def _providers(_installed: tuple[int, ...]) -> dict[str, tuple[str, ...]]:
    from importlib.metadata import packages_distributions

    return {name: tuple(sorted(set(by))) for name, by in packages_distributions().items()}


@functools.lru_cache(maxsize=4096)
def _is_importable(package: str, _installed: tuple[int, ...]) -> bool:
    return PathFinder.find_spec(package, list(site_folders())) is not None
