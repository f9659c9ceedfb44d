"""Run a snippet, statement by statement, in a fresh process; keep what each printed.

The process is forked from a server that has imported what snippets import
(spawned where there is no fork). It writes to files that the parent reads, so
output of any kind is caught (print, sys.stdout, C) and a crash loses nothing.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
import types
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext, SpawnContext
from pathlib import Path
from typing import Any

from precis.snippet import Snippet
from precis.work import Ended, Task, Warned, execute

TIMEOUT = 60.0
"""Seconds that a snippet may take, unless said otherwise."""

OUTPUT_LIMIT = 2_000_000
"""Bytes that a snippet may print: a page cannot show more to anyone's use."""


@dataclass(frozen=True)
class Outcome:
    """What one statement did."""

    printed: tuple[str, ...]
    """The lines that it printed; blanks at the end of a line are taken off."""

    warnings: tuple[str, ...] = ()
    """The warnings that it let out."""

    open_line: bool = False
    """Whether it left its last line open (no newline at the end)."""


@dataclass(frozen=True)
class Fault:
    """Why a snippet did not come to its end."""

    line: int
    """Where: a line of the snippet."""

    what: str
    detail: str = ""
    """What it wrote to stderr, or the traceback, cut to the snippet's own lines."""


@dataclass(frozen=True)
class Run:
    """A snippet's outcomes, as far as it came."""

    outcomes: tuple[Outcome, ...]
    """One a statement, in order; fewer than there are statements after a fault."""

    figures: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """SVG figures by the name of the cell that left them open."""

    reads: tuple[str, ...] = ()
    """The project's files that it read, modules included."""

    fault: Fault | None = None


def run_all(snippets: Iterable[Snippet], root: Path, *, timeout: float = TIMEOUT) -> list[Run]:
    """Run several snippets side by side, as many at a time as there are processors."""
    snippets = list(snippets)
    context = _context(snippets)
    with ThreadPoolExecutor(max_workers=max(1, min(len(snippets), os.cpu_count() or 1))) as pool:
        return list(pool.map(lambda snippet: _run(snippet, root, timeout, context), snippets))


def run(snippet: Snippet, root: Path, *, timeout: float = TIMEOUT) -> Run:
    """Run one snippet. `root` is the project: what is read below it is remembered."""
    return run_all([snippet], root, timeout=timeout)[0]


def _run(
    snippet: Snippet, root: Path, timeout: float, context: ForkServerContext | SpawnContext
) -> Run:
    with tempfile.TemporaryDirectory(prefix="precis-", ignore_cleanup_errors=True) as scratch:
        task = Task(
            path=str(snippet.path.resolve()),
            text=snippet.text,
            cells=tuple(
                (cell.name, tuple(s.line for s in cell.statements)) for cell in snippet.cells
            ),
            scratch=scratch,
            root=str(root.resolve()),
        )
        Path(scratch, "stdout").touch()
        Path(scratch, "stderr").touch()
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=execute, args=(task, theirs), daemon=True)
        with _START, _without_main():
            process.start()
        theirs.close()
        try:
            return _follow(snippet, task, process, ours, time.monotonic() + timeout, timeout)
        finally:
            _kill(process)
            ours.close()


def _follow(
    snippet: Snippet,
    task: Task,
    process: Any,
    messages: Connection,
    deadline: float,
    timeout: float,
) -> Run:
    """Collect what the process says until it ends, dies, is too slow or too loud."""
    stdout, stderr = Path(task.scratch, "stdout"), Path(task.scratch, "stderr")
    ends: list[int] = []
    warned: dict[int, list[str]] = {}
    figures: dict[str, tuple[str, ...]] = {}
    reads: tuple[str, ...] = ()
    fault: tuple[str, str, int | None] | None = None  # what, detail, line
    while True:
        ready = wait([messages, process.sentinel], timeout=0.05)
        if messages in ready:
            try:
                match messages.recv():
                    case int() as end:
                        ends.append(end)
                    case Warned(text):
                        warned.setdefault(len(ends), []).append(text)
                    case (str() as name, tuple() as drawn):
                        figures |= {name: drawn} if drawn else {}
                    case Ended() as ended:
                        reads = ended.reads
                        if ended.error:
                            fault = (ended.error, ended.detail, ended.line)
                        break
            except (EOFError, OSError):
                fault = (_death(process), "", None)
                break
        elif ready:
            fault = (_death(process), "", None)
            break
        if stdout.stat().st_size + stderr.stat().st_size > OUTPUT_LIMIT:
            fault = (f"printed more than {OUTPUT_LIMIT // 1_000_000} MB", "", None)
            break
        if time.monotonic() > deadline:
            fault = (f"still running after {timeout:g} s", "", None)
            break

    statements = snippet.statements
    raw = stdout.read_bytes()[:OUTPUT_LIMIT]
    outcomes = []
    for index, (start, end) in enumerate(zip([0, *ends], ends, strict=False)):
        text = raw[start:end].decode("utf-8", errors="backslashreplace")
        outcomes.append(
            Outcome(
                tuple(line.rstrip() for line in text.removesuffix("\n").split("\n"))
                if text
                else (),
                tuple(warned.get(index, ())),
                bool(text) and not text.endswith("\n"),
            )
        )
    if fault is None:
        return Run(tuple(outcomes), figures, reads)
    what, detail, line = fault
    running = statements[min(len(ends), len(statements) - 1)] if statements else None
    if not detail:
        with stderr.open(encoding="utf-8", errors="backslashreplace") as file:
            detail = "\n".join(file.read(OUTPUT_LIMIT).splitlines()[-12:])
    return Run(
        tuple(outcomes),
        figures,
        reads,
        Fault(line or (running.line if running else 1), what, detail),
    )


def _death(process: Any) -> str:
    process.join(5)
    code = process.exitcode
    if code is None:
        return "closed its connection without ending"
    if code < 0:
        name = signal.Signals(-code).name
        memory = " (out of memory?)" if name == "SIGKILL" else ""
        return f"killed by {name}{memory}"
    return f"left its process at once, with exit code {code} (os._exit?)"


def _kill(process: Any) -> None:
    """End the process and what it started."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)  # it leads a group of its own
    if process.is_alive():
        process.kill()
    process.join()


_START = threading.Lock()  # `_without_main` changes what all threads see


@contextlib.contextmanager
def _without_main() -> Iterator[None]:
    """Hide the main module: a child would import it again (mkdocs, pytest) for nothing."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _context(snippets: list[Snippet]) -> ForkServerContext | SpawnContext:
    """Where fresh processes come from: a server that imports what these snippets import.

    The server lives as long as this process; what it preloads is decided by the
    first snippets run. Later ones that need more import it themselves.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    modules = sorted(set[str]().union(*(snippet.imports for snippet in snippets)))
    context.set_forkserver_preload(["precis.work", *modules, "precis.warm"])
    return context
