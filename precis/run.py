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
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext, SpawnContext
from pathlib import Path
from typing import Any

from precis.outcome import AS_SHOWN, TIMEOUT, Fault, Outcome, Run, Setting
from precis.snippet import Snippet
from precis.work import STREAMS, Drawn, Ended, Task, Warned, execute

OUTPUT_LIMIT = 2_000_000
"""Bytes that a snippet may print: a page cannot show more to anyone's use."""


_TOO_MUCH = f"printed more than {OUTPUT_LIMIT // 1_000_000} MB"


def begin(
    snippets: Iterable[Snippet],
    root: Path,
    *,
    timeout: float = TIMEOUT,
    setting: Setting = AS_SHOWN,
) -> list[Future[Run]]:
    """Run several snippets side by side, as many at a time as there are processors.

    `root` is the project: what is read below it is remembered.
    """
    snippets = list(snippets)
    context = _context(snippets, setting)
    pool = ThreadPoolExecutor(max_workers=max(1, min(len(snippets), os.cpu_count() or 1)))
    runs = [pool.submit(_run, s, root, timeout, setting, context) for s in snippets]
    pool.shutdown(wait=False)
    return runs


def warm(snippets: Iterable[Snippet]) -> None:
    """Start what these snippets will be forked from, and do not wait for it."""
    if isinstance(_context(list(snippets), AS_SHOWN), ForkServerContext):
        from multiprocessing import forkserver  # not on Windows

        forkserver.ensure_running()


def run(snippet: Snippet, root: Path, *, timeout: float = TIMEOUT) -> Run:
    """Run one snippet, and wait for it."""
    return begin([snippet], root, timeout=timeout)[0].result()


def _run(
    snippet: Snippet,
    root: Path,
    timeout: float,
    setting: Setting,
    context: ForkServerContext | SpawnContext,
) -> Run:
    uses_torch = "torch" in snippet.packages
    with tempfile.TemporaryDirectory(prefix="precis-", ignore_cleanup_errors=True) as scratch:
        task = Task(
            path=str(snippet.path.resolve()),
            text=snippet.text,
            cells=tuple(
                (cell.name, tuple(s.line for s in cell.statements)) for cell in snippet.cells
            ),
            scratch=scratch,
            root=str(root.resolve()),
            device=setting.device if uses_torch and setting.device != "cpu" else "",
            digits=setting.digits if uses_torch else 0,
            threads=setting.threads,
        )
        for name in STREAMS:
            Path(scratch, name).touch()
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=execute, args=(task, theirs))
        with _START, _without_main(), _hash_seed(setting.hash_seed):
            process.start()
        theirs.close()
        try:
            heard = _listen(process, ours, Path(scratch), timeout)
        finally:
            _kill(process)
            ours.close()
        return _run_of(snippet, heard, Path(scratch))


@dataclass
class _Heard:
    """What the process said so far."""

    ends: list[int] = field(default_factory=list)
    """Where stdout ended after each statement, in bytes."""

    warned: dict[int, list[str]] = field(default_factory=dict)
    """Warnings by the statement's position."""

    figures: dict[str, tuple[str, ...]] = field(default_factory=dict)
    ended: Ended | None = None


def _listen(process: Any, messages: Connection, scratch: Path, timeout: float) -> _Heard:
    """Hear the process out until it ends, dies, is too slow or too loud."""
    heard = _Heard()
    deadline = time.monotonic() + timeout
    while heard.ended is None:
        ready = wait([messages, process.sentinel], timeout=0.05)
        if messages in ready:
            try:
                message = messages.recv()
            except (EOFError, OSError):
                message = Ended(error=_death(process))
            match message:
                case int() as end if end > OUTPUT_LIMIT:
                    heard.ended = Ended(error=_TOO_MUCH)
                case int() as end:
                    heard.ends.append(end)
                case Warned(text):
                    heard.warned.setdefault(len(heard.ends), []).append(text)
                case Drawn(cell, figures):
                    heard.figures[cell] = figures
                case Ended():
                    heard.ended = message
        elif ready:
            heard.ended = Ended(error=_death(process))
        elif sum((scratch / name).stat().st_size for name in STREAMS) > OUTPUT_LIMIT:
            heard.ended = Ended(error=_TOO_MUCH)
        elif time.monotonic() > deadline:
            heard.ended = Ended(error=f"still running after {timeout:g} s")
    return heard


def _run_of(snippet: Snippet, heard: _Heard, scratch: Path) -> Run:
    """Put together what was heard and what was printed."""
    stdout, stderr = ((scratch / name).read_bytes()[:OUTPUT_LIMIT] for name in STREAMS)
    outcomes = []
    for index, (start, end) in enumerate(zip([0, *heard.ends], heard.ends, strict=False)):
        text = stdout[start:end].decode("utf-8", errors="backslashreplace")
        lines = text.removesuffix("\n").split("\n") if text else []
        outcomes.append(
            Outcome(
                tuple(line.rstrip() for line in lines),
                tuple(heard.warned.get(index, ())),
                bool(text) and not text.endswith("\n"),
            )
        )
    ended = heard.ended or Ended()
    fault = None
    if ended.error:
        statements = snippet.statements
        position = min(len(outcomes) - ended.drawing, len(statements) - 1)
        said = stderr.decode("utf-8", errors="backslashreplace").splitlines()
        detail = ended.detail or "\n".join(said[-12:])
        line = ended.line or (statements[position].line if statements else 1)
        fault = Fault(line, ended.error, detail, position)
    return Run(tuple(outcomes), heard.figures, ended.reads, ended.packages, fault)


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


@contextlib.contextmanager
def _hash_seed(seed: int | None) -> Iterator[None]:
    """The environment in which a process starts whose strings have other hashes than ours."""
    before = os.environ.get("PYTHONHASHSEED")
    if seed is not None:
        os.environ["PYTHONHASHSEED"] = str(seed)
    try:
        yield
    finally:
        if seed is not None:
            os.environ.pop("PYTHONHASHSEED")
            os.environ |= {} if before is None else {"PYTHONHASHSEED": before}


def _context(snippets: list[Snippet], setting: Setting) -> ForkServerContext | SpawnContext:
    """Where fresh processes come from: a server that imports what these snippets import.

    The server lives as long as this process; what it preloads is decided by the
    first snippets run. Later ones that need more import it themselves. For another device
    each process starts anew: what torch learned of devices in the server would hold in it.
    """
    forks = "forkserver" in multiprocessing.get_all_start_methods()
    if setting.device != "cpu" or setting.hash_seed is not None or not forks:
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    modules = set[str]().union(*(snippet.imports for snippet in snippets))
    # an optimiser's first step imports as much again as torch: for those that have one
    warm = ["precis.warm"] if any("optim" in snippet.text for snippet in snippets) else []
    # the standard library's are quick to import, and a few print when they are
    heavy = sorted(m for m in modules if m.partition(".")[0] not in sys.stdlib_module_names)
    context.set_forkserver_preload(["precis.work", *heavy, *warm, "precis.leave"])
    return context
