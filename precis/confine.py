"""What a snippet may do on the machine that verifies it, and which files it read.

Python's audit events refuse what would leave the machine or change it; limits of the system end
what would fill it. This makes messages of accidents. It is no prison for an attacker: what C
code or another program does is not seen.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

PROCESSES = 64
"""How many processes a snippet may start."""

MEMORY = 8 * 2**30
"""Bytes of addresses that a snippet on the CPU may have; torch alone takes 0.7 of 8 GiB."""

FILE_SIZE = 100_000_000
"""Bytes that a file which it writes may have."""

_NETWORK = {
    "socket.connect",
    "socket.getaddrinfo",
    "socket.gethostbyaddr",
    "socket.gethostbyname",
    "socket.getnameinfo",
    "socket.sendmsg",
    "socket.sendto",
}
"""The audit events of what would leave the machine."""

_STARTS = {"os.fork", "os.forkpty", "os.posix_spawn", "os.system", "subprocess.Popen"}
"""The audit events of new processes."""

_SIGNALS = {"os.kill", "os.killpg"}

_CHANGES = {
    "os.chmod": (0,),
    "os.link": (1,),
    "os.mkdir": (0,),
    "os.remove": (0,),
    "os.rename": (0, 1),
    "os.rmdir": (0,),
    "os.symlink": (1,),
    "os.truncate": (0,),
    "os.utime": (0,),
    "shutil.rmtree": (0,),
    "sqlite3.connect": (0,),
}
"""The audit events of what changes files, and which of their arguments are paths."""

_RELATIVE = _CHANGES.keys() - {"os.truncate", "shutil.rmtree", "sqlite3.connect"}
"""Those whose last argument is the number of an open folder, or -1."""

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def limit(*, memory: bool) -> None:
    """Let the system refuse what would fill the machine, where it can."""
    with contextlib.suppress(ImportError):  # Windows has no such limits
        import resource

        limits = {resource.RLIMIT_CORE: 0, resource.RLIMIT_FSIZE: FILE_SIZE}
        if memory:
            limits[resource.RLIMIT_AS] = MEMORY
        for kind, most in limits.items():
            with contextlib.suppress(OSError, ValueError):  # a lower one is there already
                resource.setrlimit(kind, (most, most))


def confine(path: str, root: str, scratch: str) -> Callable[[], set[str]]:
    """Watch this process from now on; gives what tells the files of the project that it read.

    Raises PermissionError inside the snippet where it uses the network, starts processes without
    end, forks itself, ends the process that watches it, or writes anywhere but in its folder and in
    the caches of libraries.
    """
    temporary = os.path.join(scratch, "tmp")
    os.mkdir(temporary)
    os.environ.update(TMPDIR=temporary, TEMP=temporary, TMP=temporary)
    tempfile.tempdir = temporary
    sys.dont_write_bytecode = True  # beside a module of the project's
    started = os.open(os.path.join(scratch, "started"), os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    free = tuple(map(os.path.realpath, (scratch, *_caches())))
    devices = os.path.realpath("/dev")
    opened: set[str] = set()
    parent = os.getppid()

    def may_write(file: object) -> bool:
        if not isinstance(file, str | bytes | os.PathLike):
            return True  # a descriptor, which was opened before
        real = os.path.realpath(os.fsdecode(file))
        return real.startswith((*(f"{folder}{os.sep}" for folder in free), f"{devices}/"))

    def refuse_elsewhere(*files: object) -> None:
        for file in files:
            if not may_write(file):
                raise PermissionError(f"a snippet writes in its own folder only, not {file!r}")

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            file, mode, flags = arguments
            if isinstance(flags, int) and flags & _WRITING:
                refuse_elsewhere(file)
            elif isinstance(file, str) and "r" in (mode or "r"):
                opened.add(os.path.abspath(file))
        elif event in _CHANGES:
            in_open_folder = event in _RELATIVE and arguments[-1] >= 0
            if not in_open_folder:  # which was opened by a path that was judged
                refuse_elsewhere(*(arguments[n] for n in _CHANGES[event]))
        elif event in _STARTS:
            if event == "os.fork" and sys._getframe(1).f_code.co_filename == path:
                raise PermissionError("a snippet does not fork itself: use subprocess")
            os.write(started, b".")  # one file for all that were forked
            if os.fstat(started).st_size > PROCESSES:
                raise PermissionError(f"a snippet may start {PROCESSES} processes, no more")
        elif event in _SIGNALS and arguments[0] in (-1, 1, parent):
            raise PermissionError("a snippet sends signals to its own processes only")
        elif event in _NETWORK:
            raise PermissionError("a snippet has no network")

    sys.addaudithook(hook)
    return lambda: {
        file
        for file in opened | _modules()
        if file != path and _is_of_the_project(file, root, scratch)
    }


def _caches() -> list[str]:
    """Where libraries keep what they would otherwise make again: fonts, compiled kernels."""
    home = Path.home()
    named = [os.environ[name] for name in ("XDG_CACHE_HOME", "LOCALAPPDATA") if name in os.environ]
    return [*named, *(str(home / name) for name in (".cache", ".matplotlib", "Library/Caches"))]


def _modules() -> set[str]:
    files = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    return {os.path.abspath(file) for file in files if file}


def _is_of_the_project(file: str, root: str, scratch: str) -> bool:
    ours = os.path.dirname(os.path.abspath(__file__)) + os.sep
    return (
        file.startswith(root + os.sep)
        and not file.startswith((sys.prefix + os.sep, scratch + os.sep, ours))
        and "__pycache__" not in file
    )
