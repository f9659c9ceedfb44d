"""Publish a complete site: in one step where the system can, else file by file."""

from __future__ import annotations

import contextlib
import ctypes
import glob
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError

from precis.base.characters import nfc
from precis.base.finding import display_path

log = logging.getLogger("mkdocs.plugins.precis")

_HERE = -100
"""AT_FDCWD: paths are relative to the working directory."""

_EXCHANGE = 2
"""RENAME_EXCHANGE on Linux, RENAME_SWAP on macOS."""

_COPY = ".precis"
"""What the name of a copy within a site starts with; the number of its process follows."""


class Publication:
    """A site that is built beside the published one, and replaces it when it is complete."""

    def __init__(self, config: MkDocsConfig) -> None:
        """Let MkDocs build into a folder of this process. Raises PluginError."""
        self.config = config
        self.site = Path(os.path.realpath(config.site_dir))  # a symbolic link stays one
        if os.path.lexists(self.site) and not self.site.is_dir():
            folder = display_path(self.site)
            raise PluginError(f"precis: {folder} (option site_dir) is not a folder")
        clear(self.site)
        self.aside = aside(self.site)
        config.site_dir = str(self.aside)

    def end(self, *, complete: bool) -> None:
        """Publish a complete site; delete an incomplete one. Raises PluginError."""
        self.config.site_dir = str(self.site)  # where `mkdocs gh-deploy` looks for it
        if not self.aside.exists():
            return
        if not complete:
            shutil.rmtree(self.aside)
            return
        folder = display_path(self.site)
        try:
            replaced = publish(self.aside, self.site)
        except OSError as error:
            raise PluginError(f"precis: cannot publish to {folder}: {error}") from None
        if not replaced:
            log.info("%s cannot be replaced: published file by file", folder)


def aside(site: Path) -> Path:
    """Return where this process makes a site: beside the published one, if it may write there."""
    folder = next(parent for parent in site.parents if parent.exists())
    if os.access(folder, os.W_OK | os.X_OK):
        return site.with_name(f".{site.name}.{os.getpid()}")
    return Path(tempfile.mkdtemp(prefix=f".{site.name}."))


def publish(made: Path, site: Path) -> bool:
    """Replace the published site by a new one; return whether it was one step.

    A mount point cannot be replaced, nor a folder whose parent is not writable: these are filled
    file by file. Raises OSError if the site cannot be written either way.
    """
    try:
        _replace(made, site)
        return True
    except OSError:
        _fill(made, site)
        return False
    finally:
        shutil.rmtree(made, ignore_errors=True)


def clear(site: Path) -> None:
    """Delete the folders that killed builds left beside a site or in it."""
    for left, pid in [*_left(site.parent, f".{site.name}"), *_left(site, _COPY)]:
        if _alive(pid):
            continue
        if left.suffix == ".old" and not site.exists():
            left.rename(site)  # killed in the instant with no site
        else:
            shutil.rmtree(left, ignore_errors=True)


def _left(folder: Path, name: str) -> Iterator[tuple[Path, int]]:
    """Yield the folders that processes made, with the process's number."""
    for path in sorted(folder.glob(f"{glob.escape(name)}.*")):
        pid = path.name.removeprefix(f"{name}.").removesuffix(".old")
        if pid.isdigit():
            yield path, int(pid)


def _replace(made: Path, site: Path) -> None:
    """Rename the new site to the old one's name. After an OSError the old one is in its place."""
    with contextlib.suppress(OSError):  # another folder stands there
        made.rename(site)
        return
    if _exchanged(made, site):
        return
    old = made.with_name(f"{made.name}.old")
    site.rename(old)  # a system without an exchange has an instant with no site
    try:
        made.rename(site)
    except OSError:
        old.rename(site)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _fill(made: Path, site: Path) -> None:
    """Move the files of a new site into the old one's folder, and delete all others there.

    All are copied before the first is moved, so that a full disk changes nothing; pages are moved
    last, after the files they refer to. Hidden files at the top stay, as in MkDocs.
    """
    site.mkdir(parents=True, exist_ok=True)
    copy = site / f"{_COPY}.{os.getpid()}"
    try:
        with _first_error():
            shutil.copytree(made, copy)
        files = [path.relative_to(copy) for path in copy.rglob("*") if path.is_file()]
        for file in sorted(files, key=lambda file: (file.suffix == ".html", file)):
            _make_room(site, file)
            os.replace(copy / file, site / file)
    finally:
        shutil.rmtree(copy, ignore_errors=True)
    published = {_spelled(file) for file in files}
    for top in site.iterdir():
        if top.name.startswith(".") or top.name == "lost+found":
            continue
        for path in [*sorted(top.rglob("*"), reverse=True), top]:
            if path.is_dir() and not path.is_symlink():
                with contextlib.suppress(OSError):  # it holds files
                    path.rmdir()
            elif _spelled(path.relative_to(site)) not in published:
                path.unlink()


@contextlib.contextmanager
def _first_error() -> Iterator[None]:
    """Raise the first of the errors that `copytree` collects."""
    try:
        yield
    except shutil.Error as error:
        _, target, why = error.args[0][0]
        raise OSError(f"{target}: {why}") from None


def _make_room(site: Path, file: Path) -> None:
    """Delete a file where the new site has a folder, and the reverse."""
    for folder in [*file.parents][-2::-1]:
        if (site / folder).is_symlink() or (site / folder).is_file():
            (site / folder).unlink()
    (site / file).parent.mkdir(parents=True, exist_ok=True)
    if (site / file).is_dir() and not (site / file).is_symlink():
        shutil.rmtree(site / file)


def _spelled(file: Path) -> str:
    """Return a path, case-folded and in NFC, to compare names that a file system may merge."""
    return nfc(file.as_posix()).casefold()


def _exchanged(a: Path, b: Path) -> bool:
    """Exchange two folders in one system call; return whether the system can.

    With two renames, a request between them would find no site.
    """
    if os.name != "posix":
        return False
    library = ctypes.CDLL(None, use_errno=True)
    names = os.fsencode(a), os.fsencode(b)
    if sys.platform == "darwin" and hasattr(library, "renamex_np"):
        return bool(library.renamex_np(*names, _EXCHANGE) == 0)
    if hasattr(library, "renameat2"):
        return bool(library.renameat2(_HERE, names[0], _HERE, names[1], _EXCHANGE) == 0)
    return False


def _alive(pid: int) -> bool:
    if os.name != "posix":
        return pid == os.getpid()
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
