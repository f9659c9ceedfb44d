"""Record the inputs of a snippet while it runs.

Audit events report opened files, listed folders, imported modules and started programs; `os.stat`
raises none, so it is wrapped. The child process and its forks write each input, with its state, to
a file. Reads by other programs and by C libraries are not observed.
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
"""The audit events of starting a program, and the name in messages of what starts it."""

_UNTRACKED = "untracked"
"""The key of a line with the reason why the inputs are incomplete."""

_VOLATILE = tuple(f"{os.sep}{name}{os.sep}" for name in ("dev", "proc", "sys"))

_paused = threading.local()


@contextlib.contextmanager
def observation_paused() -> Iterator[None]:
    """Record no inputs of this thread inside the block: they are the engine's."""
    before, _paused.value = getattr(_paused, "value", False), True
    try:
        yield
    finally:
        _paused.value = before


class ImportListener:
    """A finder for `sys.meta_path` that finds nothing and reports each search."""

    def __init__(self, report: Callable[[str, Sequence[str] | None], None]) -> None:
        self.report = report
        """Called with a module's full name and its package's `__path__`."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Report the search; Python calls this if the finders before it found nothing."""
        self.report(name, path)
        return None


class MissingImports:
    """The modules that no finder has found since this object was created."""

    def __init__(self) -> None:
        self.packages: list[str] = []
        self.listener = ImportListener(lambda name, _: self.packages.append(name))
        sys.meta_path.append(self.listener)


class Observer:
    """Writes inputs to the file `inputs` in a run's scratch folder."""

    def __init__(self, root: str, scratch: str) -> None:
        self._root = root
        self._ancestors = _ancestors(root, scratch, *installed.site_folders())
        engine = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        self._ignored = tuple(f"{os.path.realpath(each)}{os.sep}" for each in (scratch, engine))
        self._recorded: set[tuple[str, str]] = set()
        self._real_paths: dict[str, str] = {}
        flags = os.O_CREAT | os.O_WRONLY | os.O_APPEND
        self._file = os.open(os.path.join(scratch, "inputs"), flags, 0o600)

    def start(self, missing: MissingImports) -> None:
        """Record the failed imports so far, then install the hooks."""
        for package in missing.packages:
            self._record_missing(package)
        missing.listener.report = lambda name, _: self._handle(self._record_missing, name)
        searches = ImportListener(lambda name, path: self._handle(self._record_search, name, path))
        sys.meta_path.insert(0, searches)
        for package in imported_packages():
            self._record_search(package, None)
        self._wrap_os()
        self._wrap_fork_exec()
        sys.addaudithook(self._hook)

    def _mark_untracked(self, name: str) -> None:
        """Record the name of something that started a program."""
        reason = f"{name}, whose reads are not tracked"
        os.write(self._file, f"{json.dumps([_UNTRACKED, reason])}\n".encode())

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        self._handle(self._record_event, event, arguments)

    def _handle(self, handler: Callable[..., None], *arguments: Any) -> None:
        """Call a handler, without recording the inputs of the handler itself."""
        if not getattr(_paused, "value", False):
            with observation_paused():
                handler(*arguments)

    def _record_event(self, event: str, arguments: tuple[Any, ...]) -> None:
        path = arguments[0] if arguments else None
        if event in ("open", "ctypes.dlopen", "sqlite3.connect"):
            flags = arguments[2] if event == "open" else os.O_RDONLY
            writes_only = isinstance(flags, int) and bool(flags & os.O_WRONLY)
            if isinstance(path, str | bytes) and not writes_only:
                self._record_open(os.fsdecode(path))
        elif event in ("os.listdir", "os.scandir"):
            caller = sys._getframe(3).f_code.co_filename  # of the function that raised the event
            if caller.startswith("<frozen importlib"):
                return  # `_record_search` records the search
            self._record("folder", _path(path or "."))
        elif event == "import":
            if isinstance(arguments[1], str):  # an extension module's file
                self._record_open(arguments[1])
        elif event in _STARTS:
            self._mark_untracked(_STARTS[event])

    def _record_open(self, path: str) -> None:
        if path.endswith(".pyc") and os.path.basename(os.path.dirname(path)) == "__pycache__":
            source = source_from_cache(path)
            if installed.is_installed(self._real(source)):
                return
            if os.path.exists(source):  # a cached module may be older than an edit
                raise FileNotFoundError(f"a snippet's modules are read from their source: {path}")
        self._record("file", path)

    def _record_missing(self, module: str) -> None:
        # the submodules of a package change with its files or its version
        if "." not in module and module not in sys.stdlib_module_names:
            self._write(f"import:{module}", f"import:{module}")

    def _record_search(self, module: str, path: Sequence[str] | None) -> None:
        """Record each folder in which a module is searched, except installed packages."""
        for folder in sys.path if path is None else path:
            if isinstance(folder, str) and os.path.isdir(folder):
                self._record("module", os.path.join(folder, module.rpartition(".")[2]))

    def _record(self, kind: str, path: str) -> None:
        path = os.path.abspath(path)
        if (kind, path) in self._recorded:
            return
        self._recorded.add((kind, path))
        real = os.path.join(self._real(os.path.dirname(path)), os.path.basename(path))
        if kind != "module" and os.path.islink(real):
            real = os.path.realpath(real)
        if self._is_input(kind, real):
            # inside the project, keep links in the path: their targets may change
            name = path if path.startswith(f"{self._root}{os.sep}") else real
            self._write(inputs.key(kind, name, self._root), f"{kind}:{name}")

    def _real(self, path: str) -> str:
        if path not in self._real_paths:  # a process uses few folders, many times
            self._real_paths[path] = os.path.realpath(path)
        return self._real_paths[path]

    def _is_input(self, kind: str, real: str) -> bool:
        inside = f"{real}{os.sep}"
        if installed.is_installed(inside) or inside.startswith((*self._ignored, *_VOLATILE)):
            return False
        return kind != "entry" or real not in self._ancestors

    def _write(self, key: str, absolute_key: str) -> None:
        line = json.dumps([key, inputs.state(absolute_key, self._root)])
        os.write(self._file, f"{line}\n".encode())

    def _wrap_os(self) -> None:
        for name in ("stat", "lstat", "access"):
            self._wrap(name, "entry", lambda options: True)
        # the audit event of `open` lacks `dir_fd`
        self._wrap("open", "file", lambda options: options.get("dir_fd") is not None)

    def _wrap(self, name: str, kind: str, is_input: Callable[[dict[str, Any]], bool]) -> None:
        """Make a function of `os` record its path argument if its options satisfy a condition."""
        original = getattr(os, name)

        @functools.wraps(original)
        def recording(path: Any, *arguments: Any, **options: Any) -> Any:
            if isinstance(path, str | bytes | os.PathLike) and is_input(options):
                start = _path(options.get("dir_fd") or ".")
                self._handle(self._record, kind, os.path.join(start, os.fsdecode(path)))
            return original(path, *arguments, **options)

        for group in (os.supports_follow_symlinks, os.supports_dir_fd, os.supports_fd):
            if original in group:
                group.add(recording)
        setattr(os, name, recording)

    def _wrap_fork_exec(self) -> None:
        """Record the processes that `multiprocessing` spawns, which raise no audit event."""
        with contextlib.suppress(ImportError):  # POSIX only
            import _posixsubprocess

            original: Any = _posixsubprocess.fork_exec

            def recording(command: Sequence[str | bytes], *arguments: Any) -> Any:
                if not any("resource_tracker" in os.fsdecode(part) for part in command):
                    self._mark_untracked("multiprocessing")
                return original(command, *arguments)

            _posixsubprocess.fork_exec = recording  # type: ignore[assignment]


def _path(path: object) -> str:
    """Return a path argument of `os` as text; it may be the file descriptor of a folder."""
    if isinstance(path, int):
        return os.readlink(f"/proc/self/fd/{path}") if os.path.isdir("/proc/self/fd") else "."
    return os.fsdecode(path) if isinstance(path, str | bytes | os.PathLike) else "."


def imported_packages() -> list[str]:
    """Return the top-level packages in `sys.modules`, without the standard library and ours."""
    names = {name.partition(".")[0] for name, module in list(sys.modules.items()) if module}
    ours = {"__main__", "__mp_main__", __name__.partition(".")[0]}
    packages = names - sys.stdlib_module_names - ours
    return sorted(name for name in packages if not name.startswith("__editable__"))


def _ancestors(*folders: str) -> set[str]:
    """Return folders and their parents, which exist in every run."""
    ancestors: set[str] = set()
    for folder in folders:
        while folder not in ancestors:
            ancestors.add(folder)
            folder = os.path.dirname(folder)
    return ancestors


def read_inputs(path: str) -> tuple[dict[str, str], str]:
    """Return the first state of each input in a file, and the first reason for untracked reads."""
    states: dict[str, str] = {}
    untracked = ""
    with open(path, encoding="utf-8") as file:
        for line in file:
            key, state = json.loads(line)
            if key == _UNTRACKED:
                untracked = untracked or state
            else:
                states.setdefault(key, state)
    return states, untracked
