"""Note what a snippet uses, at the moment when it uses it.

Python's audit events tell which files are opened, which folders are listed, which modules are
imported and which programs are started; `os.stat` has no event, so it is replaced. Each input is
written with its state to a file, by the snippet's process and by those that it forks. What other
programs and C libraries read is not seen.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from importlib.machinery import ModuleSpec
from importlib.util import source_from_cache
from types import ModuleType
from typing import Any

from precis.base import installed
from precis.run import inputs

_STARTS = {
    "os.exec": "os.exec",
    "os.posix_spawn": "os.posix_spawn",
    "os.system": "os.system",
    "os.spawn": "os.spawn",
    "subprocess.Popen": "subprocess",
}
"""The audit events of programs whose reads are not seen, and what starts them."""

_UNSEEN = "{}, and what another program reads is not seen"

_UNFOLLOWED = "unfollowed"
"""The key of a line that says what ran unseen."""

_VOLATILE = tuple(f"{os.sep}{name}{os.sep}" for name in ("dev", "proc", "sys"))


_unnoted = threading.local()


@contextlib.contextmanager
def unnoted() -> Iterator[None]:
    """Note nothing that this thread uses in the block: it is the engine's."""
    before, _unnoted.now = getattr(_unnoted, "now", False), True
    try:
        yield
    finally:
        _unnoted.now = before


class ImportWatch:
    """A finder of `sys.meta_path` that finds nothing, and notes what is looked for."""

    def __init__(self, note: Callable[[str, Sequence[str] | None], None]) -> None:
        self.note = note
        """Called with a module's full name and the path of the package that it belongs to."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Called by Python, if the finders before this one found nothing."""
        self.note(name, path)
        return None


class MissingImports:
    """The modules that no finder found, from the moment at which this is made."""

    def __init__(self) -> None:
        self.packages: list[str] = []
        self.watch = ImportWatch(lambda name, _: self.packages.append(name))
        sys.meta_path.append(self.watch)


class Observer:
    """Notes inputs into the file `inputs` of a run's scratch folder."""

    def __init__(self, root: str, scratch: str) -> None:
        self._root = root
        self._ancestors = _ancestors(root, scratch, *installed.site_folders())
        ours = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        self._uncovered = tuple(f"{os.path.realpath(each)}{os.sep}" for each in (scratch, ours))
        self._noted: set[tuple[str, str]] = set()
        self._reals: dict[str, str] = {}
        flags = os.O_CREAT | os.O_WRONLY | os.O_APPEND
        self._file = os.open(os.path.join(scratch, "inputs"), flags, 0o600)

    def start(self, missing: MissingImports) -> None:
        """Note all that happens from now on, and what failed to import before."""
        for package in missing.packages:
            self._missing(package)
        missing.watch.note = lambda name, _: self._quietly(self._missing, name)
        searches = ImportWatch(lambda name, path: self._quietly(self._lookup, name, path))
        sys.meta_path.insert(0, searches)
        for package in imported_packages():
            self._lookup(package, None)
        self._replace_stat()
        self._replace_fork_exec()
        sys.addaudithook(self._hook)

    def unfollowed(self, what: str) -> None:
        """Note that something ran whose reads are not seen."""
        os.write(self._file, f"{json.dumps([_UNFOLLOWED, what])}\n".encode())

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        self._quietly(self._heard, event, arguments)

    def _quietly(self, note: Callable[..., None], *arguments: Any) -> None:
        """Note something, without noting what that itself uses."""
        if not getattr(_unnoted, "now", False):
            with unnoted():
                note(*arguments)

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        subject = arguments[0] if arguments else None
        if event in ("open", "ctypes.dlopen", "sqlite3.connect"):
            flags = arguments[2] if event == "open" else os.O_RDONLY
            writes_only = isinstance(flags, int) and bool(flags & os.O_WRONLY)
            if isinstance(subject, str | bytes) and not writes_only:
                self._opened(os.fsdecode(subject))
        elif event in ("os.listdir", "os.scandir"):
            caller = sys._getframe(3).f_code.co_filename  # whoever raised the event
            if caller.startswith("<frozen importlib"):
                return  # `_lookup` notes what the search is for
            self._note("folder", _path(subject or "."))
        elif event == "import":
            if isinstance(arguments[1], str):  # an extension module's file
                self._opened(arguments[1])
        elif event in _STARTS:
            self.unfollowed(_UNSEEN.format(_STARTS[event]))

    def _opened(self, path: str) -> None:
        if path.endswith(".pyc") and os.path.basename(os.path.dirname(path)) == "__pycache__":
            source = source_from_cache(path)
            if installed.is_installed(self._real(source)):
                return
            if os.path.exists(source):  # which cannot be older than what was edited
                raise FileNotFoundError(f"a snippet's modules are read from their source: {path}")
        self._note("file", path)

    def _missing(self, module: str) -> None:
        # what a package contains is known by its files or its version
        if "." not in module and module not in sys.stdlib_module_names:
            self._write(f"import:{module}", f"import:{module}")

    def _lookup(self, module: str, path: Sequence[str] | None) -> None:
        """Note where a module may lie, now or later, except among what is installed."""
        for folder in sys.path if path is None else path:
            if isinstance(folder, str) and os.path.isdir(folder):
                self._note("module", os.path.join(folder, module.rpartition(".")[2]))

    def _note(self, kind: str, path: str) -> None:
        path = os.path.abspath(path)
        if (kind, path) in self._noted:
            return
        self._noted.add((kind, path))
        real = os.path.join(self._real(os.path.dirname(path)), os.path.basename(path))
        if kind != "module" and os.path.islink(real):
            real = os.path.realpath(real)
        if self._is_input(kind, real):
            # the way to it is part of the name: a link may lead elsewhere later
            shown = path if path.startswith(f"{self._root}{os.sep}") else real
            self._write(inputs.key(kind, shown, self._root), f"{kind}:{shown}")

    def _real(self, path: str) -> str:
        if path not in self._reals:  # a process asks for few folders, and many times
            self._reals[path] = os.path.realpath(path)
        return self._reals[path]

    def _is_input(self, kind: str, real: str) -> bool:
        inside = f"{real}{os.sep}"
        if installed.is_installed(inside) or inside.startswith((*self._uncovered, *_VOLATILE)):
            return False
        return kind != "entry" or real not in self._ancestors

    def _write(self, key: str, subject: str) -> None:
        line = json.dumps([key, inputs.state(subject, self._root)])
        os.write(self._file, f"{line}\n".encode())

    def _replace_stat(self) -> None:
        for name, kind in (("stat", "entry"), ("lstat", "entry"), ("access", "entry")):
            self._replace(name, kind, lambda options: True)
        # the event of `open` does not tell the folder from which a path starts
        self._replace("open", "file", lambda options: options.get("dir_fd") is not None)

    def _replace(self, name: str, kind: str, notes: Callable[[dict[str, Any]], bool]) -> None:
        """Let a function of `os` note its first argument, where its options call for that."""
        look = getattr(os, name)

        @functools.wraps(look)
        def noting(path: Any, *arguments: Any, **options: Any) -> Any:
            if isinstance(path, str | bytes | os.PathLike) and notes(options):
                start = _path(options.get("dir_fd") or ".")
                self._quietly(self._note, kind, os.path.join(start, os.fsdecode(path)))
            return look(path, *arguments, **options)

        for group in (os.supports_follow_symlinks, os.supports_dir_fd, os.supports_fd):
            if look in group:
                group.add(noting)
        setattr(os, name, noting)

    def _replace_fork_exec(self) -> None:
        """Note the processes that `multiprocessing` spawns, which raise no audit event."""
        with contextlib.suppress(ImportError):  # POSIX only
            import _posixsubprocess

            start: Any = _posixsubprocess.fork_exec

            def noting(command: Sequence[str | bytes], *arguments: Any) -> Any:
                if not any("resource_tracker" in os.fsdecode(part) for part in command):
                    self.unfollowed(_UNSEEN.format("multiprocessing"))
                return start(command, *arguments)

            _posixsubprocess.fork_exec = noting  # type: ignore[assignment]


def _path(subject: object) -> str:
    """Return the path that a function of `os` was given, also by the number of an open folder."""
    if isinstance(subject, int):
        return os.readlink(f"/proc/self/fd/{subject}") if os.path.isdir("/proc/self/fd") else "."
    return os.fsdecode(subject) if isinstance(subject, str | bytes | os.PathLike) else "."


def imported_packages() -> list[str]:
    """Return the top-level packages that this process has imported, not the standard library's."""
    names = {name.partition(".")[0] for name, module in list(sys.modules.items()) if module}
    ours = {"__main__", "__mp_main__", __name__.partition(".")[0]}
    packages = names - sys.stdlib_module_names - ours
    return sorted(name for name in packages if not name.startswith("__editable__"))


def _ancestors(*folders: str) -> set[str]:
    """Return folders and all that they lie in, which every run finds where it is."""
    found: set[str] = set()
    for folder in folders:
        while folder not in found:
            found.add(folder)
            folder = os.path.dirname(folder)
    return found


def read(path: str) -> tuple[dict[str, str], str]:
    """Return the inputs in a file, each in its first state, and what could not be followed."""
    found: dict[str, str] = {}
    unfollowed = ""
    with open(path, encoding="utf-8") as file:
        for line in file:
            key, state = json.loads(line)
            if key == _UNFOLLOWED:
                unfollowed = unfollowed or state
            else:
                found.setdefault(key, state)
    return found, unfollowed
