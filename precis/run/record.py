"""Remember the outcomes of a whole snippet, so that what has not changed is not run again.

A record is found by the hash of all that is known before a run: the snippet's text, Python, the
processor, the environment, the engine. It is used only while everything that the run used is what
it was (`precis.run.inputs`). No torch is imported to find one.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import os
import platform
import re
import sys
import time
from collections.abc import Iterable
from concurrent.futures import Future, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from precis.base.files import CACHE, digest, engine_digest, write_cache
from precis.base.installed import version
from precis.run import inputs
from precis.run.environment import kernels
from precis.run.outcome import (
    DEFAULT_SETTING,
    TIMEOUT,
    Outcome,
    Progress,
    Run,
    Setting,
    no_progress,
)
from precis.source.snippet import Snippet

DAYS = 30
"""How long a record is kept that nothing asks for."""


@dataclass(frozen=True)
class Record:
    """A run, and where and with what it was made."""

    run: Run
    device: str
    torch: str | None
    """The version of torch, build included; None where the snippet does not import it."""

    @property
    def where(self) -> str:
        """Device and torch, as messages name them."""
        return f"{self.device}, torch {self.torch}" if self.torch else self.device

    @property
    def files(self) -> list[str]:
        """The files that the run read, by path from the project's root where below it."""
        return inputs.files_read(self.run.inputs)


class Records:
    """The records of a project: kept ones, and new ones for what changed."""

    def __init__(
        self,
        root: Path,
        *,
        timeout: float = TIMEOUT,
        cache: Path | None = None,
        watch: Progress = no_progress,
    ) -> None:
        self.root = root.resolve()
        self.cache = cache or self.root / CACHE
        self.timeout = timeout
        self.watch = watch
        self._known: dict[str, Record] = {}
        self._running: dict[str, Future[Run]] = {}

    def begin(self, snippets: Iterable[Snippet], setting: Setting = DEFAULT_SETTING) -> None:
        """Start to run those that have no record, side by side; `of` waits for them."""
        wanted = {_key(snippet, setting): snippet for snippet in snippets}
        missing = {k: s for k, s in wanted.items() if k not in self._running and not self._find(k)}
        if missing:
            self._prune()
            from precis.run.parent import begin  # where nothing changed, nothing needs it

            runs = begin(missing.values(), self.root, timeout=self.timeout, setting=setting)
            self._running |= zip(missing, runs, strict=True)

    @property
    def running(self) -> bool:
        """Whether something was begun that nobody waited for."""
        return bool(self._running)

    def of(self, snippets: Iterable[Snippet], setting: Setting = DEFAULT_SETTING) -> list[Record]:
        """The record of each snippet; runs those that have none, side by side.

        A record of another device than the CPU lasts as long as this object: the device may
        be another one tomorrow.
        """
        wanted = [(_key(snippet, setting), snippet) for snippet in snippets]
        self.begin((snippet for _, snippet in wanted), setting)
        running = {key: self._running.pop(key) for key, _ in wanted if key in self._running}
        if running:
            self.watch(0, len(running))
        for done, _ in enumerate(as_completed(running.values()), 1):
            self.watch(done, len(running))
        for key, snippet in wanted:
            if key in running:
                self._keep(key, snippet, running[key].result(), setting)
        return [self._known[key] for key, _ in wanted]

    def _find(self, key: str) -> bool:
        """Return whether there is a record that still holds; make it known."""
        # a record cut short, foreign or of an older form is no record
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            if key not in self._known:
                content = json.loads(self._file(key).read_text(encoding="utf-8"))
                self._known[key] = _record(content)
                os.utime(self._file(key))  # in use: `_prune` leaves it
            return not inputs.first_change(self._known[key].run.inputs, str(self.root))
        return False

    def discard_unsaved(self) -> None:
        """Let run again what failed, or used what cannot be followed: it may do otherwise now."""
        self._known = {k: record for k, record in self._known.items() if _lasts(record.run)}

    def _keep(self, key: str, snippet: Snippet, run: Run, setting: Setting) -> None:
        torch = version("torch") or None if "torch" in snippet.packages else None
        record = self._known[key] = Record(run, setting.device, torch)
        # other settings are compared once
        if _lasts(run) and setting == DEFAULT_SETTING:
            write_cache(self._file(key), json.dumps(dataclasses.asdict(record)).encode())

    def _prune(self) -> None:
        """Drop what nothing asked for in a while; another build may do so at the same time."""
        oldest = time.time() - DAYS * 24 * 3600
        for path in filter(Path.is_file, self.cache.glob("[!.]*")):
            with contextlib.suppress(OSError):
                if path.stat().st_mtime < oldest:
                    path.unlink()

    def _file(self, key: str) -> Path:
        return self.cache / f"{key}.json"


def _lasts(run: Run) -> bool:
    """Return whether a run would be the same while its inputs are."""
    return not run.fault and not run.untracked  # a fault may be the machine's


def _record(content: dict[str, Any]) -> Record:
    run = content["run"]
    outcomes = tuple(
        Outcome(tuple(o["printed"]), tuple(o["warnings"]), bool(o["open_line"]))
        for o in run["outcomes"]
    )
    figures = {str(cell): tuple(drawn) for cell, drawn in run["figures"].items()}
    used = {str(key): str(state) for key, state in run["inputs"].items()}
    made = Run(outcomes, figures, used, dict(run["packages"]))
    return Record(made, content["device"], content["torch"])


def _key(snippet: Snippet, setting: Setting) -> str:
    python = [sys.implementation.name, platform.python_version(), platform.machine()]
    how = [str(value) for value in dataclasses.astuple(setting)]
    parts = [
        snippet.name,
        snippet.text,
        *python,
        *how,
        _processor(),
        str(kernels()),
        engine_digest(),
    ]
    return digest("\0".join(parts).encode())


@functools.cache
def _processor() -> str:
    """Return what decides which kernels compute: their last digits differ."""
    with contextlib.suppress(OSError):  # Linux lists them there
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        flags = re.search(r"^(?:flags|Features)\s*:(.*)$", text, re.M)
        names = sorted(set(flags[1].split())) if flags else []
        return " ".join(n for n in names if n.startswith(("amx", "asimd", "avx", "fma", "sve")))
    return platform.processor()
