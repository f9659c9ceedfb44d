"""Limit what a snippet may do on the machine that verifies it.

Python's audit events refuse what would leave the machine or change it; limits of the system end
what would fill it. This makes messages of accidents. It is no prison for an attacker: what C
code or another program does is not seen.
"""

from __future__ import annotations

import contextlib
import math
import os
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any

from precis.run.observe import unnoted

PROCESSES = 64
"""How many processes a snippet may start."""

MEMORY = 8 * 2**30
"""Bytes of memory that a snippet may use, its processes together; torch alone takes 0.3 of 8 GiB.

Memory in use, not addresses: a torch that has seen a CUDA device maps tens of GiB of those.
"""

FILE_SIZE = 100_000_000
"""Bytes that a file which it writes may have."""

_LOOKUPS = {
    "socket.getaddrinfo",
    "socket.gethostbyaddr",
    "socket.gethostbyname",
    "socket.getnameinfo",
}
"""The audit events of a name server."""

_SENDS = {"socket.connect", "socket.sendmsg", "socket.sendto"}
"""The audit events of sockets that reach another; the first argument is the socket."""

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
}
"""The audit events of what changes files, and which of their arguments are paths."""

_RELATIVE = _CHANGES.keys() - {"os.truncate", "shutil.rmtree"}
"""Those whose last argument is the number of an open folder, or -1."""

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def limit(seconds: float) -> None:
    """Let the system refuse what would fill the machine, where it can.

    `seconds` are those that the run may take: a process that outlives its parent ends by itself.
    """
    with contextlib.suppress(ImportError):  # Windows has no such limits
        import resource

        computing = math.ceil(seconds) * max(2, os.cpu_count() or 1) + 10
        limits = {
            resource.RLIMIT_CORE: 0,
            resource.RLIMIT_CPU: computing,
            resource.RLIMIT_FSIZE: FILE_SIZE,
        }
        for kind, most in limits.items():
            with contextlib.suppress(OSError, ValueError):  # a lower one is there already
                resource.setrlimit(kind, (most, most))


def confine(path: str, scratch: str) -> None:
    """Refuse from now on what a snippet must not do.

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
    parent = os.getppid()

    def may_write(file: object) -> bool:
        if not isinstance(file, str | bytes | os.PathLike):
            return True  # a descriptor, which was opened before
        with unnoted():
            real = os.path.realpath(os.fsdecode(file))
        return real.startswith((*(f"{folder}{os.sep}" for folder in free), f"{devices}/"))

    def refuse_elsewhere(*files: object) -> None:
        for file in files:
            if not may_write(file):
                raise PermissionError(f"a snippet writes in its own folder only, not {file!r}")

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            file, _, flags = arguments
            if isinstance(flags, int) and flags & _WRITING:
                refuse_elsewhere(file)
        elif event == "sqlite3.connect":
            if not _in_memory(arguments[0]):
                refuse_elsewhere(arguments[0])
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
        elif event in _LOOKUPS or (event in _SENDS and not _is_local(arguments[0])):
            raise PermissionError("a snippet has no network")

    sys.addaudithook(hook)


def _in_memory(database: object) -> bool:
    """Return whether SQLite keeps a database of that name in memory or in a file of its own."""
    name = os.fsdecode(database) if isinstance(database, str | bytes) else ""
    return isinstance(database, str | bytes) and (
        name in ("", ":memory:") or name.startswith("file::memory:")
    )


def _is_local(connection: object) -> bool:
    """Return whether a socket joins processes of this machine, as torch's data loaders do."""
    return getattr(connection, "family", None) == getattr(socket, "AF_UNIX", object())


def resident(process: int) -> int:
    """Return the bytes of memory that a process and its descendants use; 0 where unknown."""
    used = 0
    with contextlib.suppress(OSError, ValueError, StopIteration):  # it ended, or there is no /proc
        status = Path(f"/proc/{process}/status").read_text(encoding="ascii", errors="replace")
        for line in status.splitlines():
            if line.startswith(("RssAnon:", "RssShmem:")):
                used += int(line.split()[1]) * 1024
        for children in Path(f"/proc/{process}/task").glob("*/children"):
            used += sum(resident(int(child)) for child in children.read_text().split())
    return used


def _caches() -> list[str]:
    """Return where libraries keep what they would otherwise make again: fonts, kernels."""
    home = Path.home()
    named = [os.environ[name] for name in ("XDG_CACHE_HOME", "LOCALAPPDATA") if name in os.environ]
    return [*named, *(str(home / name) for name in (".cache", ".matplotlib", "Library/Caches"))]
