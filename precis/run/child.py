"""Execute one snippet's statements in this process, and report each.

The process is a fresh one: forked by `precis.run.server`, or started for this snippet alone. It
finds its task in a scratch folder, and writes messages, one JSON list a line:

    ["started", pid]           the clock of the time limit starts
    ["warned", text]           a warning that the statement in progress let out
    ["printed", size]          the statement ended; the size of the file `stdout`
    ["drawn", cell, [svg]]     the figures that a cell left open
    ["finishing"]              all statements ran; threads and exit functions have their turn
    ["ended", {…}]             `Ended`
"""

from __future__ import annotations

import ast
import atexit
import codeop
import contextlib
import ctypes
import io
import json
import os
import re
import sys
import threading
import traceback
import types
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from precis.base import installed
from precis.run import device, figures, sandbox
from precis.run.observe import MissingImports, Observer, imported_packages
from precis.source.parse import first_line

STREAMS = ("stdout", "stderr")
"""File descriptors 1 and 2, and the files in the scratch folder that take their place."""

_TORCH_WARNING = re.compile(r"^\[W\d{3,4} .*$", re.M)
"""How torch's C++ side writes a warning that it does not hand to Python."""

_OF_AUTHORS = (DeprecationWarning, FutureWarning, PendingDeprecationWarning)
"""What a package's authors say to each other, where the package itself is the cause."""

Send = Callable[..., None]
"""Sends one message: its kind and what belongs to it."""


@dataclass(frozen=True)
class Task:
    """What the process must do."""

    path: str
    """The snippet's real path."""

    text: str
    cells: tuple[tuple[str, tuple[int, ...]], ...]
    """Each cell's name and the first lines of its statements."""

    root: str
    """The project's real path."""

    seconds: float
    """How long it may run."""

    device: str = ""
    """The device on which the program's tensors are made; as the program says, without one."""

    digits: int = 0
    """How many decimals tensors are printed with; 0 keeps torch's default."""

    threads: int = 1
    """How many torch may compute with."""

    imports: tuple[str, ...] = ()
    """The modules that the snippet names in `import` statements."""


@dataclass(frozen=True)
class Ended:
    """How a run came to its end."""

    packages: tuple[str, ...] = ()
    """The top-level modules that were imported, without the standard library's."""

    error: str = ""
    """The exception that ended it, if one did."""

    detail: str = ""
    line: int | None = None
    drawing: bool = False
    """Whether it is a figure that failed, after the last statement of its cell."""


@dataclass(frozen=True)
class Preloaded:
    """What this process imported before it knew its snippet."""

    missing: MissingImports
    filters: dict[str, list[Any]]
    """The filters of warnings that each module added, by its name."""

    standard: list[Any]
    """The filters of warnings of a fresh interpreter."""


def execute(scratch: str, send: Send, preloaded: Preloaded) -> None:
    """Run the task in a scratch folder; afterwards the process can only end."""
    send("started", os.getpid())
    content = json.loads(Path(scratch, "task.json").read_text(encoding="utf-8"))
    cells = tuple((name, tuple(lines)) for name, lines in content.pop("cells"))
    task = Task(cells=cells, **content)
    flush = _redirect(scratch)
    _reset_warnings(task, preloaded)
    os.environ.pop("PYTHONHASHSEED", None)
    main = types.ModuleType("__main__")
    main.__dict__.update(__file__=task.path, __builtins__=__builtins__)
    sys.modules["__main__"] = main
    sys.argv = [task.path]
    sys.path.insert(0, os.path.dirname(task.path))
    sandbox.limit_resources(task.seconds)
    sandbox.restrict_access(task.path, scratch)
    Observer(task.root, scratch).start(preloaded.missing)
    try:
        drawing_failed = _run_statements(task, main, scratch, send, flush)
    except SystemExit as error:
        ended = Ended(error=f"ended itself: sys.exit({error.code!r})")
    except BaseException as error:
        flush()
        what, detail, line = _described(error, task.path)
        ended = Ended(error=what, detail=detail, line=line)
    else:
        ended = drawing_failed or Ended(tuple(imported_packages()))
        if not ended.error:
            send("finishing")
            _finish()
    flush()
    send("ended", asdict(ended))


def _run_statements(
    task: Task, main: types.ModuleType, scratch: str, send: Send, flush: Callable[[], None]
) -> Ended | None:
    """Run all statements; return the end where a figure could not be drawn."""
    compile_statement = codeop.Compile()  # remembers `from __future__ import`
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # which are found without running
        tree = ast.parse(task.text)
    main.__doc__ = ast.get_docstring(tree, clean=False)
    nodes = {first_line(node): node for node in tree.body}
    with (
        _on_device(task),
        warnings.catch_warnings(record=True) as caught,
        open(Path(scratch, "stderr"), encoding="utf-8", errors="replace") as stderr,
    ):
        for name, lines in task.cells:
            for line in lines:
                _configure_torch(task)
                # typeshed knows only the text form of what `compile` takes
                module: Any = ast.Module([nodes[line]], [])
                exec(compile_statement(module, task.path, "exec"), main.__dict__)
                flush()
                for warning in caught:
                    if _is_of_the_snippet(warning):
                        send("warned", _head(warning))
                caught.clear()
                for text in _TORCH_WARNING.findall(stderr.read()):
                    send("warned", text)
                send("printed", os.lseek(1, 0, os.SEEK_END))
            try:
                svgs = list(figures.draw_figures(name, Path(task.path).stem))
            except Exception as error:
                what, detail, _ = _described(error, task.path)
                return Ended(error=what, detail=detail, line=lines[-1], drawing=True)
            if svgs:
                send("drawn", name, svgs)
    return None


def _finish() -> None:
    """Do what Python does after the last statement: wait for threads, call exit functions."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()


def _redirect(scratch: str) -> Callable[[], None]:
    """Send file descriptors 1 and 2 to files, Python's and C's streams with them."""
    devnull = os.open(os.devnull, os.O_RDONLY)
    os.dup2(devnull, 0)
    sys.stdin = io.TextIOWrapper(os.fdopen(0, "rb", closefd=False), "utf-8")
    for descriptor, name in enumerate(STREAMS, 1):
        with open(Path(scratch, name), "ab") as file:
            os.dup2(file.fileno(), descriptor)
        # without a buffer of its own, Python's output and that of programs keep their order
        raw = os.fdopen(descriptor, "wb", buffering=0, closefd=False)
        stream = io.TextIOWrapper(raw, "utf-8", write_through=True)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    work = Path(scratch, "work")
    work.mkdir()
    os.chdir(work)
    c_library = ctypes.CDLL(None) if os.name == "posix" else ctypes.CDLL("ucrtbase")
    own = (sys.stdout, sys.stderr)

    def flush() -> None:
        for stream in (*own, sys.stdout, sys.stderr):
            with contextlib.suppress(ValueError, AttributeError):
                stream.flush()
        c_library.fflush(None)

    return flush


def _reset_warnings(task: Task, preloaded: Preloaded) -> None:
    """Filter warnings as a fresh interpreter does that imported what the snippet imports."""
    warnings.filters[:] = preloaded.standard  # type: ignore[index]
    for module in task.imports:
        added = [f for f in preloaded.filters.get(module, ()) if f not in warnings.filters]
        warnings.filters[:0] = added  # type: ignore[index]
    warnings._filters_mutated()  # type: ignore[attr-defined]


def _on_device(task: Task) -> contextlib.AbstractContextManager[None]:
    """Make tensors on the task's device, and print them with its digits."""
    if task.digits:
        import torch

        torch.set_printoptions(precision=task.digits)  # type: ignore[no-untyped-call]
    return device.on_device(task.device) if task.device else contextlib.nullcontext()


def _configure_torch(task: Task) -> None:
    """Make torch the same on every machine: threads, warnings, no accelerator but the task's."""
    torch = sys.modules.get("torch")
    if torch is not None and not getattr(torch, "_precis_configured", False):
        torch.set_num_threads(task.threads)
        torch.set_warn_always(True)
        if not task.device:
            device.hide_accelerators(torch)
        torch._precis_configured = True  # type: ignore[attr-defined]


def _is_of_the_snippet(warning: warnings.WarningMessage) -> bool:
    """Return whether the snippet can do something about a warning."""
    inside = installed.is_installed(os.path.realpath(warning.filename))
    return not (inside and issubclass(warning.category, _OF_AUTHORS))


def _head(warning: warnings.WarningMessage) -> str:
    head, _, _ = str(warning.message).partition("\n")
    return f"{warning.category.__name__}: {head}"


def _described(error: BaseException, path: str) -> tuple[str, str, int | None]:
    """What happened, the traceback through the snippet's own lines, and the innermost line."""
    summary = traceback.TracebackException.from_exception(error)
    own = [frame for frame in summary.stack if frame.filename == path]
    line = own[-1].lineno if own else None
    what = "".join(summary.format_exception_only()).strip().splitlines()[0]
    if isinstance(error, SyntaxError):  # whose first line is a place, not a message
        what = f"{type(error).__name__}: {error.msg}"
    return what, "".join(traceback.StackSummary.from_list(own).format()).rstrip(), line
