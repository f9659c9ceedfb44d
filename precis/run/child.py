"""The child process: execute the statements of one snippet and report each.

It is forked by `precis.run.server`, or started for this snippet alone. It reads its task from a
scratch folder, and writes messages, one JSON list a line:

    ["started", pid]           the time limit starts
    ["warned", text]           the running statement raised a warning
    ["printed", size]          the statement ended; the size of the file `stdout`
    ["drawn", cell, [svg]]     the open figures of a cell
    ["finishing"]              all statements ran; threads and exit functions follow
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
"""The files in the scratch folder that replace file descriptors 1 and 2."""

_TORCH_WARNING = re.compile(r"^\[W\d{3,4} .*$", re.M)
"""A warning that torch's C++ code writes to stderr."""

_DEPRECATIONS = (DeprecationWarning, FutureWarning, PendingDeprecationWarning)
"""The warnings that are ignored when the code of a package raises them."""

Send = Callable[..., None]
"""Sends one message: its kind and its content."""


@dataclass(frozen=True)
class Task:
    """A snippet and the conditions of its run."""

    path: str
    """The snippet's real path."""

    text: str
    cells: tuple[tuple[str, tuple[int, ...]], ...]
    """The name of each cell and the first lines of its statements."""

    root: str
    """The project's real path."""

    seconds: float
    """The time limit."""

    device: str = ""
    """The device on which tensors are created; "" keeps torch's default."""

    digits: int = 0
    """Decimals of printed tensors; 0 keeps torch's default."""

    threads: int = 1
    """The number of threads of torch."""

    imports: tuple[str, ...] = ()
    """The modules named in `import` statements."""


@dataclass(frozen=True)
class Ended:
    """The end of a run."""

    packages: tuple[str, ...] = ()
    """The imported top-level packages, without the standard library."""

    error: str = ""
    """The error that ended it; "" for none."""

    detail: str = ""
    line: int | None = None
    drawing: bool = False
    """Whether drawing a figure failed, after the last statement of a cell."""


@dataclass(frozen=True)
class Preloaded:
    """The state of imports and warnings before the snippet."""

    missing: MissingImports
    filters: dict[str, list[Any]]
    """The warning filters that each preloaded module added, by its name."""

    standard: list[Any]
    """The warning filters of a new interpreter."""


def execute(scratch: str, send: Send, preloaded: Preloaded) -> None:
    """Run the task in a scratch folder; the process must exit afterwards."""
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
        failed_figure = _run_statements(task, main, scratch, send, flush)
    except SystemExit as error:
        ended = Ended(error=f"called sys.exit({error.code!r})")
    except BaseException as error:
        flush()
        message, detail, line = _describe_error(error, task.path)
        ended = Ended(error=message, detail=detail, line=line)
    else:
        ended = failed_figure or Ended(tuple(imported_packages()))
        if not ended.error:
            send("finishing")
            _finish()
    flush()
    send("ended", asdict(ended))


def _run_statements(
    task: Task, main: types.ModuleType, scratch: str, send: Send, flush: Callable[[], None]
) -> Ended | None:
    """Run all statements; return the end if drawing a figure fails."""
    compile_statement = (
        codeop.Compile()
    )  # applies each `from __future__ import` to later statements
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # the parser reports them
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
                # typeshed does not allow an AST
                module: Any = ast.Module([nodes[line]], [])
                exec(compile_statement(module, task.path, "exec"), main.__dict__)
                flush()
                for warning in caught:
                    if _concerns_snippet(warning):
                        send("warned", _first_line(warning))
                caught.clear()
                for text in _TORCH_WARNING.findall(stderr.read()):
                    send("warned", text)
                send("printed", os.lseek(1, 0, os.SEEK_END))
            try:
                svgs = list(figures.draw_figures(name, Path(task.path).stem))
            except Exception as error:
                message, detail, _ = _describe_error(error, task.path)
                return Ended(error=message, detail=detail, line=lines[-1], drawing=True)
            if svgs:
                send("drawn", name, svgs)
    return None


def _finish() -> None:
    """Wait for threads and call exit functions, as Python does after the last statement."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()


def _redirect(scratch: str) -> Callable[[], None]:
    """Redirect file descriptors 1 and 2 to files; return a function that flushes all streams."""
    devnull = os.open(os.devnull, os.O_RDONLY)
    os.dup2(devnull, 0)
    sys.stdin = io.TextIOWrapper(os.fdopen(0, "rb", closefd=False), "utf-8")
    for descriptor, name in enumerate(STREAMS, 1):
        with open(Path(scratch, name), "ab") as file:
            os.dup2(file.fileno(), descriptor)
        # unbuffered, so that output of Python and of programs stays in order
        raw = os.fdopen(descriptor, "wb", buffering=0, closefd=False)
        stream = io.TextIOWrapper(raw, "utf-8", write_through=True)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    work = Path(scratch, "work")
    work.mkdir()
    os.chdir(work)
    c_library = ctypes.CDLL(None) if os.name == "posix" else ctypes.CDLL("ucrtbase")
    original = (sys.stdout, sys.stderr)

    def flush() -> None:
        for stream in (*original, sys.stdout, sys.stderr):
            with contextlib.suppress(ValueError, AttributeError):
                stream.flush()
        c_library.fflush(None)

    return flush


def _reset_warnings(task: Task, preloaded: Preloaded) -> None:
    """Set the warning filters that the snippet's imports would set in a new interpreter."""
    warnings.filters[:] = preloaded.standard  # type: ignore[index]
    for module in task.imports:
        added = [f for f in preloaded.filters.get(module, ()) if f not in warnings.filters]
        warnings.filters[:0] = added  # type: ignore[index]
    warnings._filters_mutated()  # type: ignore[attr-defined]


def _on_device(task: Task) -> contextlib.AbstractContextManager[None]:
    """Create tensors on the task's device, and print them with its digits."""
    if task.digits:
        import torch

        torch.set_printoptions(precision=task.digits)  # type: ignore[no-untyped-call]
    return device.on_device(task.device) if task.device else contextlib.nullcontext()


def _configure_torch(task: Task) -> None:
    """Set torch's threads and warnings, and hide accelerators, once torch is imported."""
    torch = sys.modules.get("torch")
    if torch is not None and not getattr(torch, "_precis_configured", False):
        torch.set_num_threads(task.threads)
        torch.set_warn_always(True)
        if not task.device:
            device.hide_accelerators(torch)
        torch._precis_configured = True  # type: ignore[attr-defined]


def _concerns_snippet(warning: warnings.WarningMessage) -> bool:
    """Return whether a warning is not a deprecation inside a package."""
    in_package = installed.is_installed(os.path.realpath(warning.filename))
    return not (in_package and issubclass(warning.category, _DEPRECATIONS))


def _first_line(warning: warnings.WarningMessage) -> str:
    head, _, _ = str(warning.message).partition("\n")
    return f"{warning.category.__name__}: {head}"


def _describe_error(error: BaseException, path: str) -> tuple[str, str, int | None]:
    """Return the message, the traceback through the snippet's lines, and the innermost line."""
    summary = traceback.TracebackException.from_exception(error)
    frames = [frame for frame in summary.stack if frame.filename == path]
    line = frames[-1].lineno if frames else None
    message = "".join(summary.format_exception_only()).strip().splitlines()[0]
    if isinstance(error, SyntaxError):  # its first line is a place, not a message
        message = f"{type(error).__name__}: {error.msg}"
    return message, "".join(traceback.StackSummary.from_list(frames).format()).rstrip(), line
