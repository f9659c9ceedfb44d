"""Find installed packages, their versions and files, without importing them.

Results are cached until a package is installed or removed.
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
    """Return the real paths of the site-packages folders."""
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
    """Return whether a class or function comes from the standard library or a package."""
    files = {getattr(sys.modules.get(thing.__module__), "__file__", None)}
    if isinstance(thing, types.FunctionType):
        files.add(thing.__code__.co_filename)  # a decorator may name another module
    return all(not file or is_installed(os.path.realpath(file)) for file in files)


def version(distribution: str) -> str:
    """Return the version of an installed distribution; "" if it is not installed."""
    return _version(distribution, fingerprint())


def distributions(package: str) -> tuple[str, ...]:
    """Return the distributions that provide a top-level package, by name."""
    return _providers(fingerprint()).get(package, ())


def package_version(package: str) -> str:
    """Return the version of the distribution that provides a top-level package; "" if none."""
    return next(map(version, distributions(package)), "")


def is_importable(package: str) -> bool:
    """Return whether a top-level package is installed."""
    return _is_importable(package, fingerprint())


def source_files(package: str) -> tuple[str, ...]:
    """Return the files of an installed top-level package, sorted."""
    spec = PathFinder.find_spec(package, list(site_folders()))
    if spec is None:
        return ()
    files = {spec.origin} if spec.origin else set()
    for folder in spec.submodule_search_locations or ():
        for parent, _, names in os.walk(folder):
            files |= {os.path.join(parent, name) for name in names if not name.endswith(".pyc")}
    return tuple(sorted(files))


def fingerprint() -> tuple[int, ...]:
    """Return a value that changes when a package is installed or removed."""
    return tuple(_modified(folder) for folder in site_folders())


def _modified(folder: str) -> int:
    with contextlib.suppress(OSError):
        return os.stat(folder).st_mtime_ns
    return 0


@functools.lru_cache(maxsize=4096)
def _version(distribution: str, _fingerprint: tuple[int, ...]) -> str:
    from importlib.metadata import Distribution

    matches: Iterable[Distribution] = Distribution.discover(
        name=distribution, path=list(site_folders())
    )
    return next((match.version for match in matches), "")


@functools.lru_cache(maxsize=1)
def _providers(_fingerprint: tuple[int, ...]) -> dict[str, tuple[str, ...]]:
    from importlib.metadata import packages_distributions

    return {
        package: tuple(sorted(set(names))) for package, names in packages_distributions().items()
    }


@functools.lru_cache(maxsize=4096)
def _is_importable(package: str, _fingerprint: tuple[int, ...]) -> bool:
    return PathFinder.find_spec(package, list(site_folders())) is not None
