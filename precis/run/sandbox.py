"""Restrict what a snippet may do on the machine that verifies it.

Audit hooks refuse network access and writes outside the scratch folder; system limits bound memory,
time and file sizes. This turns accidents into errors, but does not stop an attacker: audit events
cover neither C code nor other programs.
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

from precis.run.observe import observation_paused

PROCESSES = 64
"""The number of processes that a snippet may start."""

MEMORY = 8 * 2**30
"""Bytes of memory that the processes of a snippet may use together; torch alone uses 0.3 GiB.

Resident memory, not address space: with a CUDA device, torch maps tens of GiB of addresses.
"""

FILE_SIZE = 100_000_000
"""The largest size of a file that a snippet writes, in bytes."""

_LOOKUPS = {
    "socket.getaddrinfo",
    "socket.gethostbyaddr",
    "socket.gethostbyname",
    "socket.getnameinfo",
}
"""The audit events of name lookups."""

_SENDS = {"socket.connect", "socket.sendmsg", "socket.sendto"}
"""The audit events of sockets that send; the first argument is the socket."""

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
"""The audit events of changes to files, and the indices of their path arguments."""

_RELATIVE = _CHANGES.keys() - {"os.truncate", "shutil.rmtree"}
"""The events whose last argument is the file descriptor of a folder, or -1."""

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def limit_resources(seconds: float) -> None:
    """Set the system's limits on processor time and file size, where it has them.

    `seconds` is the time limit of the run: a process that outlives its parent ends by itself.
    """
    with contextlib.suppress(ImportError):  # Windows has no such limits
        import resource

        processor_time = math.ceil(seconds) * max(2, os.cpu_count() or 1) + 10
        limits = {
            resource.RLIMIT_CORE: 0,
            resource.RLIMIT_CPU: processor_time,
            resource.RLIMIT_FSIZE: FILE_SIZE,
        }
        for kind, limit in limits.items():
            with contextlib.suppress(OSError, ValueError):  # a lower one is already set
                resource.setrlimit(kind, (limit, limit))


def restrict_access(path: str, scratch: str) -> None:
    """Install an audit hook that raises PermissionError in the snippet for forbidden actions.

    These are network access, forking itself, more than PROCESSES processes, signals to its parent,
    and writing outside its scratch folder and the caches of libraries.
    """
    temporary = os.path.join(scratch, "tmp")
    os.mkdir(temporary)
    os.environ.update(TMPDIR=temporary, TEMP=temporary, TMP=temporary)
    tempfile.tempdir = temporary
    sys.dont_write_bytecode = True  # else imports would write beside the project's modules
    started = os.open(os.path.join(scratch, "started"), os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    folders = (scratch, *_library_caches(), "/dev")
    writable = tuple(f"{os.path.realpath(folder)}{os.sep}" for folder in folders)
    parent = os.getppid()

    def check_writes(*files: object) -> None:
        for file in files:
            if not isinstance(file, str | bytes | os.PathLike):
                continue  # a descriptor: its file was checked when opened
            with observation_paused():
                real = os.path.realpath(os.fsdecode(file))
            if not real.startswith(writable):
                raise PermissionError(f"a snippet may write in its own folder only, not {file!r}")

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            file, _, flags = arguments
            if isinstance(flags, int) and flags & _WRITING:
                check_writes(file)
        elif event == "sqlite3.connect":
            if not _is_in_memory(arguments[0]):
                check_writes(arguments[0])
        elif event in _CHANGES:
            is_relative = event in _RELATIVE and arguments[-1] >= 0
            if not is_relative:  # `dir_fd` was checked when it was opened
                check_writes(*(arguments[n] for n in _CHANGES[event]))
        elif event in _STARTS:
            if event == "os.fork" and sys._getframe(1).f_code.co_filename == path:
                raise PermissionError("a snippet must not fork itself: use subprocess")
            os.write(started, b".")  # one file, shared with forked processes
            if os.fstat(started).st_size > PROCESSES:
                raise PermissionError(f"a snippet may start {PROCESSES} processes at most")
        elif event in _SIGNALS and arguments[0] in (-1, 1, parent):
            raise PermissionError("a snippet may send signals to its own processes only")
        elif event in _LOOKUPS or (event in _SENDS and not _is_local(arguments[0])):
            raise PermissionError("a snippet has no network access")

    sys.addaudithook(hook)


def _is_in_memory(database: object) -> bool:
    """Return whether SQLite opens a name in memory or as a temporary file."""
    if not isinstance(database, str | bytes):
        return False
    name = os.fsdecode(database)
    return name in ("", ":memory:") or name.startswith("file::memory:")


def _is_local(connection: object) -> bool:
    """Return whether a socket connects processes of this machine, as torch's data loaders use."""
    return getattr(connection, "family", None) == getattr(socket, "AF_UNIX", object())


def memory_in_use(process: int) -> int:
    """Return the bytes of memory that a process and its descendants use; 0 if unknown."""
    total = 0
    with contextlib.suppress(OSError, ValueError):  # the process ended, or there is no /proc
        status = Path(f"/proc/{process}/status").read_text(encoding="ascii", errors="replace")
        for line in status.splitlines():
            if line.startswith(("RssAnon:", "RssShmem:")):
                total += int(line.split()[1]) * 1024
        for children in Path(f"/proc/{process}/task").glob("*/children"):
            total += sum(memory_in_use(int(child)) for child in children.read_text().split())
    return total


def _library_caches() -> list[str]:
    """Return the folders where libraries cache fonts, kernels and the like."""
    home = Path.home()
    named = [os.environ[name] for name in ("XDG_CACHE_HOME", "LOCALAPPDATA") if name in os.environ]
    return [*named, *(str(home / name) for name in (".cache", ".matplotlib", "Library/Caches"))]
