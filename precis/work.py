"""What happens inside the fresh process: execute a snippet's statements and report each.

Nothing but this module runs beside the snippet. It answers on a connection, in
order: `Warned` and then an int (where stdout ends) for each statement, `Drawn`
for a cell with figures, and `Ended`.
"""

from __future__ import annotations

import ast
import atexit
import codeop
import contextlib
import ctypes
import io
import os
import re
import sys
import traceback
import types
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from precis import device
from precis.confine import confine, limit
from precis.snippet import first_line

STREAMS = ("stdout", "stderr")
"""File descriptors 1 and 2, and the files in the scratch folder that take their place."""

_TORCH_WARNING = re.compile(r"^\[W\d{3,4} .*$", re.M)
"""How torch's C++ side writes a warning that it does not hand to Python."""

_COLOURS = {f"#0c010{n}": f"var(--precis-figure-{n}, {colour})" for n, colour in enumerate(
    ("#1f6feb", "#c2410c", "#15803d", "#9333ea", "#b45309", "#0e7490"))
} | {"#010203": "currentColor", "#010204": "var(--precis-figure-grid, #8884)"}  # fmt: skip
"""The marks of `matplotlibrc` and the CSS that replaces them in a figure."""


@dataclass(frozen=True)
class Task:
    """What the process must do."""

    path: str
    text: str
    cells: tuple[tuple[str, tuple[int, ...]], ...]
    """Each cell's name and the first lines of its statements."""

    scratch: str
    """A folder for this run alone, with the files `stdout` and `stderr`."""

    root: str
    """The project: files read below it are reported."""

    device: str = ""
    """The device on which the program's tensors are made; as the program says, without one."""

    digits: int = 0
    """How many decimals tensors are printed with; as torch does by itself with 0."""

    threads: int = 1
    """How many torch may compute with."""


@dataclass(frozen=True)
class Warned:
    """A warning that the statement in progress let out."""

    text: str


@dataclass(frozen=True)
class Drawn:
    """The figures that a cell left open, as SVG."""

    cell: str
    figures: tuple[str, ...]


@dataclass(frozen=True)
class Ended:
    """The last message: the files read and, if an exception ended the run, what and where."""

    reads: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    """The top-level modules that were imported, but for the standard library's."""

    error: str = ""
    detail: str = ""
    line: int | None = None
    drawing: bool = False
    """Whether it is a figure that failed, after the last statement of its cell."""


def execute(task: Task, answer: Connection) -> None:
    """Run the task; the process is of no use afterwards."""
    atexit.unregister(os._exit)  # of the server (precis.leave): what a snippet forks ends in order
    flush = _redirect(task)
    limit(memory=not task.device)
    reads = confine(task.path, task.root, task.scratch)
    main = types.ModuleType("__main__")
    main.__dict__.update(__file__=task.path, __builtins__=__builtins__)
    sys.modules["__main__"] = main
    sys.argv = [task.path]
    sys.path.insert(0, os.path.dirname(task.path))
    _settle_matplotlib()
    compile_statement = codeop.Compile()  # remembers `from __future__ import`
    stderr = Path(task.scratch, "stderr")
    seen = 0
    try:
        tree = ast.parse(task.text)
        main.__doc__ = ast.get_docstring(tree, clean=False)
        nodes = {first_line(node): node for node in tree.body}
        with _place(task), warnings.catch_warnings(record=True) as caught:
            for name, lines in task.cells:
                for line in lines:
                    _settle_torch(task.threads)
                    # typeshed knows only the text form of what `compile` takes
                    module: Any = ast.Module([nodes[line]], [])
                    code = compile_statement(module, task.path, "exec")
                    exec(code, main.__dict__)
                    flush()
                    for warning in caught:
                        answer.send(Warned(_worded(warning)))
                    caught.clear()
                    said = stderr.read_text(encoding="utf-8", errors="replace")
                    for text in _TORCH_WARNING.findall(said[seen:]):
                        answer.send(Warned(text))
                    seen = len(said)
                    answer.send(os.lseek(1, 0, os.SEEK_END))
                try:
                    figures = tuple(_figures(name, Path(task.path).stem))
                except Exception as error:
                    what, detail, _ = _told(error, task.path)
                    answer.send(Ended(error=what, detail=detail, line=lines[-1], drawing=True))
                    return
                if figures:
                    answer.send(Drawn(name, figures))
    except SystemExit as error:
        answer.send(Ended(error=f"ended itself: sys.exit({error.code!r})"))
    except BaseException as error:
        flush()
        what, detail, line_of_fault = _told(error, task.path)
        answer.send(Ended(error=what, detail=detail, line=line_of_fault))
    else:
        answer.send(Ended(tuple(sorted(reads())), _packages()))


def _redirect(task: Task) -> Callable[[], None]:
    """Send file descriptors 1 and 2 to files, Python's and C's streams with them."""
    if hasattr(os, "setsid"):
        os.setsid()  # a group of its own, so that all that it starts can be ended with it
    for descriptor, name in enumerate(STREAMS, 1):
        with open(Path(task.scratch, name), "ab") as file:
            os.dup2(file.fileno(), descriptor)
        stream = io.TextIOWrapper(os.fdopen(descriptor, "wb", closefd=False), "utf-8")
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    work = Path(task.scratch, "work")
    work.mkdir()
    os.chdir(work)
    c_library = ctypes.CDLL(None) if os.name == "posix" else ctypes.CDLL("ucrtbase")
    ours = (sys.stdout, sys.stderr)

    def flush() -> None:
        for stream in (*ours, sys.stdout, sys.stderr):
            with contextlib.suppress(ValueError, AttributeError):
                stream.flush()
        c_library.fflush(None)

    return flush


def _place(task: Task) -> contextlib.AbstractContextManager[None]:
    """Where the task's tensors are made, and how they are printed."""
    if task.digits:
        import torch

        torch.set_printoptions(precision=task.digits)  # type: ignore[no-untyped-call]
    return device.settled(task.device) if task.device else contextlib.nullcontext()


def _packages() -> tuple[str, ...]:
    names = {name.partition(".")[0] for name in list(sys.modules)}
    return tuple(sorted(names - sys.stdlib_module_names - {"__main__", "__mp_main__", "precis"}))


def _settle_torch(threads: int) -> None:
    """So many threads, and every warning each time: nothing depends on the machine."""
    torch = sys.modules.get("torch")
    if torch is not None and not getattr(torch, "_precis_settled", False):
        torch.set_num_threads(threads)
        torch.set_warn_always(True)
        torch._precis_settled = True  # type: ignore[attr-defined]


def _settle_matplotlib() -> None:
    rc = str(Path(__file__).with_name("matplotlibrc"))
    os.environ.update(MPLBACKEND="svg", MATPLOTLIBRC=rc)
    if "matplotlib" in sys.modules:
        import matplotlib

        matplotlib.use("svg")
        matplotlib.rc_file(rc)


def _figures(cell: str, file: str) -> Iterator[str]:
    """The open Matplotlib figures as SVG that takes its colours from the page; closes them."""
    if "matplotlib.pyplot" not in sys.modules:
        return
    from matplotlib import pyplot

    for number in pyplot.get_fignums():
        drawn = io.StringIO()
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a missing glyph is an error, not a box
            pyplot.figure(number).savefig(drawn, format="svg", metadata={"Date": None})
        pyplot.close(number)
        svg = drawn.getvalue()
        svg = svg[svg.index("<svg") :]
        svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
        for mark, css in _COLOURS.items():
            svg = re.sub(mark, css, svg, flags=re.I)
        prefix = f"{file}-{cell}-{number}-"  # ids of two figures on one page must differ
        svg = re.sub(r'\bid="([^"]+)"', rf'id="{prefix}\1"', svg)
        svg = re.sub(r'(xlink:href="#|url\(#)', rf"\g<1>{prefix}", svg)
        yield svg.strip()


def _worded(warning: warnings.WarningMessage) -> str:
    head, _, _ = str(warning.message).partition("\n")
    return f"{warning.category.__name__}: {head}"


def _told(error: BaseException, path: str) -> tuple[str, str, int | None]:
    """What happened, the traceback through the snippet's own lines, and the innermost line."""
    summary = traceback.TracebackException.from_exception(error)
    own = [frame for frame in summary.stack if frame.filename == path]
    line = own[-1].lineno if own else None
    what = "".join(summary.format_exception_only()).strip().splitlines()[0]
    if isinstance(error, SyntaxError):  # whose first line is a place, not a message
        what = f"{type(error).__name__}: {error.msg}"
    return what, "".join(traceback.StackSummary.from_list(own).format()).rstrip(), line
