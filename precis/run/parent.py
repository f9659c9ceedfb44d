"""Run snippets in child processes and collect the outcome of each statement.

A child writes stdout and stderr to files, so output of any kind is captured (print, sys.stdout, C)
and a crash loses nothing. A run whose inputs changed meanwhile is repeated.
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
"""The largest output of a snippet, in bytes."""

ATTEMPTS = 3
"""The number of runs after which a snippet whose inputs keep changing is untracked."""

_START_TIMEOUT = 120.0
"""The time limit of starting a child, in seconds; the server has imported its packages."""


def start_runs(
    snippets: Iterable[Snippet],
    root: Path,
    *,
    timeout: float = TIMEOUT,
    setting: Setting = DEFAULT_SETTING,
) -> list[Future[Run]]:
    """Start running snippets in parallel, one per processor at a time; return their results.

    `root` is the project. The threads are daemons, so that an interrupt ends the parent at once.
    """
    snippets = list(snippets)
    launcher = Launcher(snippets, setting)
    tasks: queue.SimpleQueue[tuple[Snippet, Future[Run]]] = queue.SimpleQueue()
    runs: list[Future[Run]] = []
    for snippet in snippets:
        runs.append(Future())
        tasks.put((snippet, runs[-1]))

    def work() -> None:
        launcher.warm_up()
        installed.distributions("")  # fill its cache while the server imports packages
        with contextlib.suppress(queue.Empty):
            while True:
                snippet, future = tasks.get_nowait()
                try:
                    future.set_result(_run(snippet, root, timeout, setting, launcher))
                except BaseException as error:
                    future.set_exception(error)

    for _ in range(min(len(snippets), os.cpu_count() or 1)):
        threading.Thread(target=work, daemon=True).start()
    return runs


def warm_up(snippets: Iterable[Snippet]) -> None:
    """Start the fork server of these snippets, without waiting for it."""
    Launcher(snippets, DEFAULT_SETTING).warm_up()


def run(snippet: Snippet, root: Path, *, timeout: float = TIMEOUT) -> Run:
    """Run one snippet and wait for it."""
    return start_runs([snippet], root, timeout=timeout)[0].result()


def _run(snippet: Snippet, root: Path, timeout: float, setting: Setting, launcher: Launcher) -> Run:
    for _ in range(ATTEMPTS):
        result = _run_once(snippet, root, timeout, setting, launcher)
        key = inputs.first_change(result.inputs, os.path.realpath(root))
        if not key:
            return result
    _, _, name = key.partition(":")
    return replace(result, untracked=result.untracked or f"{name}, which changes during the run")


def _run_once(
    snippet: Snippet, root: Path, timeout: float, setting: Setting, launcher: Launcher
) -> Run:
    uses_torch = "torch" in snippet.packages
    launcher.wait_until_ready()  # before the folder is made: an interrupt would leave it behind
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
        report = _listen(launcher.launch(snippet, scratch), Path(scratch), timeout)
        return _build_run(snippet, report, Path(scratch))


@dataclass
class _Report:
    """The messages of a child so far."""

    pid: int = 0
    ends: list[int] = field(default_factory=list)
    """The size of stdout after each statement, in bytes."""

    warnings: dict[int, list[str]] = field(default_factory=dict)
    """The warnings of each statement, by its index."""

    figures: dict[str, tuple[str, ...]] = field(default_factory=dict)
    finishing: bool = False
    """Whether all statements ran."""

    ended: Ended | None = None

    def add(self, kind: str, *content: Any) -> None:
        """Add a message."""
        match kind, content:
            case "started", [pid]:
                self.pid = pid
            case "warned", [text]:
                self.warnings.setdefault(len(self.ends), []).append(text)
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
                self.ended = Ended(error=_describe_exit(code))


_TOO_MUCH = f"printed more than {OUTPUT_LIMIT // 1_000_000} MB"


def _listen(process: Process, scratch: Path, timeout: float) -> _Report:
    """Collect messages until the child ends, dies or exceeds a limit; kill it then."""
    report = _Report()
    deadline = time.monotonic() + _START_TIMEOUT
    exited = False
    while report.ended is None:
        try:
            message = process.messages.get(timeout=0.05)
        except queue.Empty:
            if report.pid:
                report.ended = _check_limits(report, scratch, deadline, timeout)
            elif time.monotonic() > deadline:
                report.ended = Ended(error=f"did not start in {_START_TIMEOUT:g} s")
            continue
        report.add(*message)
        exited = message[0] == "exited"
        if message[0] == "started":
            deadline = time.monotonic() + timeout
    if report.pid and not exited:
        process.kill(report.pid)
        while process.messages.get()[0] != "exited":
            pass
    return report


def _check_limits(report: _Report, scratch: Path, deadline: float, timeout: float) -> Ended | None:
    """Return the end of a run that exceeds a limit; None if it exceeds none."""
    if sum((scratch / name).stat().st_size for name in STREAMS) > OUTPUT_LIMIT:
        return Ended(error=_TOO_MUCH)
    if sandbox.memory_in_use(report.pid) > sandbox.MEMORY:
        return Ended(error=f"used more than {sandbox.MEMORY / 2**30:g} GiB of memory")
    if time.monotonic() > deadline:
        if report.finishing:
            return Ended(
                error=f"a thread still runs after {timeout:g} s",
                detail="Python waits for it: join it, or make it a daemon.",
            )
        return Ended(error=f"still running after {timeout:g} s")
    return None


def _build_run(snippet: Snippet, report: _Report, scratch: Path) -> Run:
    """Build a run from the messages and the output of its child."""
    stdout, stderr = ((scratch / name).read_bytes()[:OUTPUT_LIMIT] for name in STREAMS)
    outcomes = []
    for index, (start, end) in enumerate(zip([0, *report.ends], report.ends, strict=False)):
        text = stdout[start:end].decode("utf-8", errors="backslashreplace")
        lines = text.removesuffix("\n").split("\n") if text else []
        outcomes.append(
            Outcome(
                tuple(line.rstrip() for line in lines),
                tuple(report.warnings.get(index, ())),
                bool(text) and not text.endswith("\n"),
            )
        )
    ended = report.ended or Ended()
    if not ended.error and (late := stdout[report.ends[-1] if report.ends else 0 :]):
        printed = late.decode("utf-8", errors="backslashreplace")
        ended = Ended(
            ended.packages,
            "printed after its last statement, where no page can show it",
            f"{printed.rstrip()}\nJoin the thread, or wait for the process, that printed it.",
        )
    fault = _build_fault(snippet, ended, len(outcomes), stderr) if ended.error else None
    states, untracked = observe.read_inputs(str(scratch / "inputs"))
    states |= inputs.package_inputs(ended.packages)
    versions = {package: installed.package_version(package) for package in ended.packages}
    return Run(tuple(outcomes), report.figures, states, versions, fault, untracked)


def _build_fault(snippet: Snippet, ended: Ended, completed: int, stderr: bytes) -> Fault:
    statements = snippet.statements
    position = min(completed - ended.drawing, len(statements) - 1)
    lines = stderr.decode("utf-8", errors="backslashreplace").splitlines()
    detail = ended.detail or "\n".join(lines[-12:])
    if ended.error.startswith("ModuleNotFoundError") and "PYTHONPATH" in os.environ:
        detail += (
            "\nPYTHONPATH does not reach snippets: install the package, or put it beside them."
        )
    line = ended.line or (statements[position].line if statements else 1)
    return Fault(line, ended.error, detail, position)


def _describe_exit(code: int | None) -> str:
    if code is None:
        return "closed its connection before it ended"
    if code < 0:
        name = signal.Signals(-code).name
        memory = " (out of memory?)" if name == "SIGKILL" else ""
        return f"killed by {name}{memory}"
    return f"exited with code {code} (os._exit?)"
