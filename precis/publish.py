"""Put a whole site in the place of the old one in one step, whenever the process may be killed."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import sys
from pathlib import Path

_HERE = -100
"""AT_FDCWD: paths are relative to the working directory."""

_EXCHANGE = 2
"""RENAME_EXCHANGE on Linux, RENAME_SWAP on macOS."""


def aside(site: Path) -> Path:
    """Where this process makes a site, beside the one that is published."""
    return site.with_name(f".{site.name}.{os.getpid()}")


def publish(made: Path, site: Path) -> None:
    """Let the site that was made be the published one; the old one goes."""
    with contextlib.suppress(OSError):  # another folder stands there
        made.rename(site)
        return
    if not _exchanged(made, site):  # a system without it has an instant with no site
        old = made.with_suffix(".old")
        site.rename(old)
        made.rename(site)
        made = old
    shutil.rmtree(made)


def clear(site: Path) -> None:
    """Take away what builds that were killed have left beside a site."""
    for left in site.parent.glob(f".{site.name}.*"):
        pid = left.name.removeprefix(f".{site.name}.").partition(".")[0]
        if not pid.isdigit() or _alive(int(pid)):
            continue
        if left.suffix == ".old" and not site.exists():
            left.rename(site)  # killed in the instant with no site
        else:
            shutil.rmtree(left, ignore_errors=True)


def _exchanged(a: Path, b: Path) -> bool:
    """Whether the system gave each of two folders the other's name, in one step."""
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
    except PermissionError:
        return True
    return True
