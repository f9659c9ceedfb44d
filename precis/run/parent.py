"""Run snippets in fresh processes, statement by statement; return what each printed.

A process writes to files that this one reads, so output of any kind is caught (print,
sys.stdout, C) and a crash loses nothing. A run during which a file changed that it had read is
made again.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import tempfile
import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from precis.base import installed
from precis.run import inputs, observe, sandbox
from precis.run.child import STREAMS, Ended, Task
from precis.run.launch import Launcher, Process
from precis.run.outcome import DEFAULT_SETTING, TIMEOUT, Fault, Outcome, Run, Setting
from precis.source.snippet import Snippet

OUTPUT_LIMIT = 2_000_000
"""Bytes that a snippet may print: a page cannot show more to anyone's use."""

ATTEMPTS = 3
"""How often a snippet runs while what it reads keeps changing."""

_START_LIMIT = 120.0
"""Seconds in which a process must start; the packages that it needs are imported before."""


def begin(
    snippets: Iterable[Snippet],
    root: Path,
    *,
    timeout: float = TIMEOUT,
    setting: Setting = DEFAULT_SETTING,
) -> list[Future[Run]]:
    """Run several snippets side by side, as many at a time as there are processors.

    `root` is the project. The threads are daemons: whoever is interrupted need not wait for them.
    """
    snippets = list(snippets)
    launcher = Launcher(snippets, setting)
    waiting: queue.SimpleQueue[tuple[Snippet, Future[Run]]] = queue.SimpleQueue()
    runs: list[Future[Run]] = []
    for snippet in snippets:
        runs.append(Future())
        waiting.put((snippet, runs[-1]))

    def work() -> None:
        launcher.warm_up()
        installed.distributions("")  # looked up while the server imports what it must
        with contextlib.suppress(queue.Empty):
            while True:
                snippet, future = waiting.get_nowait()
                try:
                    future.set_result(_run(snippet, root, timeout, setting, launcher))
                except BaseException as error:
                    future.set_exception(error)

    for _ in range(min(len(snippets), os.cpu_count() or 1)):
        threading.Thread(target=work, daemon=True).start()
    return runs


def warm(snippets: Iterable[Snippet]) -> None:
    """Start what these snippets will be forked from, and do not wait for it."""
    Launcher(snippets, DEFAULT_SETTING).warm_up()


def run(snippet: Snippet, root: Path, *, timeout: float = TIMEOUT) -> Run:
    """Run one snippet, and wait for it."""
    return begin([snippet], root, timeout=timeout)[0].result()


def _run(snippet: Snippet, root: Path, timeout: float, setting: Setting, launcher: Launcher) -> Run:
    for _ in range(ATTEMPTS):
        made = _run_once(snippet, root, timeout, setting, launcher)
        changed = inputs.first_change(made.inputs, os.path.realpath(root))
        if not changed:
            return made
    _, _, name = changed.partition(":")
    return replace(made, unfollowed=made.unfollowed or f"{name}, which changes meanwhile")


def _run_once(
    snippet: Snippet, root: Path, timeout: float, setting: Setting, launcher: Launcher
) -> Run:
    uses_torch = "torch" in snippet.packages
    launcher.wait_until_ready()  # what makes no folder leaves none when it is interrupted
    with tempfile.TemporaryDirectory(prefix="precis-", ignore_cleanup_errors=True) as folder:
        scratch = os.path.realpath(folder)
        task = Task(
            path=str(snippet.path.resolve()),
            text=snippet.text,
            cells=tuple(
                (cell.name, tuple(s.line for s in cell.statements)) for cell in snippet.cells
            ),
            root=os.path.realpath(root),
            seconds=timeout,
            device=setting.device if uses_torch and setting.device != "cpu" else "",
            digits=setting.digits if uses_torch else 0,
            threads=setting.threads,
            imports=tuple(sorted(snippet.imports)),
        )
        Path(scratch, "task.json").write_text(json.dumps(asdict(task)), encoding="utf-8")
        for name in (*STREAMS, "inputs"):
            Path(scratch, name).touch()
        heard = _listen(launcher.launch(snippet, scratch), Path(scratch), timeout)
        return _run_of(snippet, heard, Path(scratch))


@dataclass
class _Heard:
    """What a process said so far."""

    pid: int = 0
    ends: list[int] = field(default_factory=list)
    """Where stdout ended after each statement, in bytes."""

    warned: dict[int, list[str]] = field(default_factory=dict)
    """Warnings by the statement's position."""

    figures: dict[str, tuple[str, ...]] = field(default_factory=dict)
    finishing: bool = False
    """Whether all statements ran."""

    ended: Ended | None = None

    def hear(self, kind: str, *content: Any) -> None:
        """Take a message."""
        match kind, content:
            case "started", [pid]:
                self.pid = pid
            case "warned", [text]:
                self.warned.setdefault(len(self.ends), []).append(text)
            case "printed", [size]:
                self.ends.append(size)
                if size > OUTPUT_LIMIT:
                    self.ends.pop()
                    self.ended = Ended(error=_TOO_MUCH)
            case "drawn", [cell, svgs]:
                self.figures[cell] = tuple(svgs)
            case "finishing", []:
                self.finishing = True
            case "ended", [how]:
                self.ended = Ended(**{**how, "packages": tuple(how["packages"])})
            case "exited", [code]:
                self.ended = Ended(error=_death(code))


_TOO_MUCH = f"printed more than {OUTPUT_LIMIT // 1_000_000} MB"


def _listen(process: Process, scratch: Path, timeout: float) -> _Heard:
    """Collect messages until the process ends, dies, or exceeds a limit; leave none running."""
    heard = _Heard()
    deadline = time.monotonic() + _START_LIMIT
    exited = False
    while heard.ended is None:
        try:
            message = process.messages.get(timeout=0.05)
        except queue.Empty:
            if heard.pid:
                heard.ended = _exceeded(heard, scratch, deadline, timeout)
            elif time.monotonic() > deadline:
                heard.ended = Ended(error=f"did not start in {_START_LIMIT:g} s")
            continue
        heard.hear(*message)
        exited = message[0] == "exited"
        if message[0] == "started":
            deadline = time.monotonic() + timeout
    if heard.pid and not exited:
        process.kill(heard.pid)
        while process.messages.get()[0] != "exited":
            pass
    return heard


def _exceeded(heard: _Heard, scratch: Path, deadline: float, timeout: float) -> Ended | None:
    """Return the end of a run that goes beyond a limit."""
    if sum((scratch / name).stat().st_size for name in STREAMS) > OUTPUT_LIMIT:
        return Ended(error=_TOO_MUCH)
    if sandbox.memory_in_use(heard.pid) > sandbox.MEMORY:
        return Ended(error=f"used more than {sandbox.MEMORY / 2**30:g} GiB of memory")
    if time.monotonic() > deadline:
        if heard.finishing:
            return Ended(
                error=f"{timeout:g} s after its start a thread of it still runs",
                detail="Python waits for it: join it, or make it a daemon.",
            )
        return Ended(error=f"still running after {timeout:g} s")
    return None


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
    if not ended.error and (late := stdout[heard.ends[-1] if heard.ends else 0 :]):
        printed = late.decode("utf-8", errors="backslashreplace")
        ended = Ended(
            ended.packages,
            "printed after its last statement, where no page can show it",
            f"{printed.rstrip()}\nJoin the thread, or wait for the process, that printed it.",
        )
    fault = _fault(snippet, ended, len(outcomes), stderr) if ended.error else None
    used, unfollowed = observe.read_inputs(str(scratch / "inputs"))
    used |= inputs.package_inputs(ended.packages)
    versions = {package: installed.package_version(package) for package in ended.packages}
    return Run(tuple(outcomes), heard.figures, used, versions, fault, unfollowed)


def _fault(snippet: Snippet, ended: Ended, ran: int, stderr: bytes) -> Fault:
    statements = snippet.statements
    position = min(ran - ended.drawing, len(statements) - 1)
    said = stderr.decode("utf-8", errors="backslashreplace").splitlines()
    detail = ended.detail or "\n".join(said[-12:])
    if ended.error.startswith("ModuleNotFoundError") and "PYTHONPATH" in os.environ:
        detail += (
            "\nPYTHONPATH does not reach snippets: install the package, or put it beside them."
        )
    line = ended.line or (statements[position].line if statements else 1)
    return Fault(line, ended.error, detail, position)


def _death(code: int | None) -> str:
    if code is None:
        return "closed its connection without ending"
    if code < 0:
        name = signal.Signals(-code).name
        memory = " (out of memory?)" if name == "SIGKILL" else ""
        return f"killed by {name}{memory}"
    return f"left its process at once, with exit code {code} (os._exit?)"
