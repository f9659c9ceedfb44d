"""Cache runs on disk, so that an unchanged snippet does not run again.

The key of a record is a hash of what is known before a run: the snippet's text, Python, the
processor, the environment and the engine. A record is valid while the inputs of its run are
unchanged (`precis.run.inputs`). Looking one up does not import torch.
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

MAX_AGE_DAYS = 30
"""Days after which an unused record is deleted."""


@dataclass(frozen=True)
class Record:
    """A run, with its device and its version of torch."""

    run: Run
    device: str
    torch: str | None
    """The version of torch, build included; None if the snippet does not import it."""

    @property
    def where(self) -> str:
        """The device and the version of torch, for messages."""
        return f"{self.device}, torch {self.torch}" if self.torch else self.device

    @property
    def files(self) -> list[str]:
        """The paths of the files that the run read."""
        return inputs.files_read(self.run.inputs)


class Records:
    """The records of a project: cached ones, and new ones where a snippet or an input changed."""

    def __init__(
        self,
        root: Path,
        *,
        timeout: float = TIMEOUT,
        cache: Path | None = None,
        progress: Progress = no_progress,
    ) -> None:
        self.root = root.resolve()
        self.cache = cache or self.root / CACHE
        self.timeout = timeout
        self.progress = progress
        self._records: dict[str, Record] = {}
        self._running: dict[str, Future[Run]] = {}

    def start(self, snippets: Iterable[Snippet], setting: Setting = DEFAULT_SETTING) -> None:
        """Start running the snippets without a record, in parallel; `get` waits for them."""
        keys = {self._key(snippet, setting): snippet for snippet in snippets}
        missing = {k: s for k, s in keys.items() if k not in self._running and not self._load(k)}
        if missing:
            self._prune()
            from precis.run.parent import start_runs  # not needed if nothing changed

            runs = start_runs(missing.values(), self.root, timeout=self.timeout, setting=setting)
            self._running |= zip(missing, runs, strict=True)

    @property
    def running(self) -> bool:
        """Whether there are started runs for which `get` was not called yet."""
        return bool(self._running)

    def get(self, snippets: Iterable[Snippet], setting: Setting = DEFAULT_SETTING) -> list[Record]:
        """Return the record of each snippet; run those without one, in parallel.

        Records of devices other than the CPU are not cached on disk: the hardware may change.
        """
        keys = [(self._key(snippet, setting), snippet) for snippet in snippets]
        self.start((snippet for _, snippet in keys), setting)
        running = {key: self._running.pop(key) for key, _ in keys if key in self._running}
        if running:
            self.progress(0, len(running))
        for done, _ in enumerate(as_completed(running.values()), 1):
            self.progress(done, len(running))
        for key, snippet in keys:
            if key in running:
                self._store(key, snippet, running[key].result(), setting)
        return [self._records[key] for key, _ in keys]

    def _load(self, key: str) -> bool:
        """Load a record; return whether there is one and it is valid."""
        # truncated, foreign or outdated files count as a miss
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            if key not in self._records:
                content = json.loads(self._file(key).read_text(encoding="utf-8"))
                self._records[key] = _parse_record(content)
                os.utime(self._file(key))  # used: `_prune` keeps it
            return not inputs.first_change(self._records[key].run.inputs, str(self.root))
        return False

    def discard_unsaved(self) -> None:
        """Drop the records of runs that failed or are untracked, so that they run again."""
        self._records = {k: r for k, r in self._records.items() if _is_repeatable(r.run)}

    def _store(self, key: str, snippet: Snippet, run: Run, setting: Setting) -> None:
        torch = version("torch") or None if "torch" in snippet.packages else None
        record = self._records[key] = Record(run, setting.device, torch)
        # runs in other settings are compared once, then dropped
        if _is_repeatable(run) and setting == DEFAULT_SETTING:
            write_cache(self._file(key), json.dumps(dataclasses.asdict(record)).encode())

    def _prune(self) -> None:
        """Delete unused records; another build may do so at the same time."""
        oldest = time.time() - MAX_AGE_DAYS * 24 * 3600
        for path in filter(Path.is_file, self.cache.glob("[!.]*")):
            with contextlib.suppress(OSError):
                if path.stat().st_mtime < oldest:
                    path.unlink()

    def _file(self, key: str) -> Path:
        return self.cache / f"{key}.json"

    def _key(self, snippet: Snippet, setting: Setting) -> str:
        path = snippet.path.resolve()
        place = path.relative_to(self.root) if path.is_relative_to(self.root) else path
        python = [sys.implementation.name, platform.python_version()]
        machine = [platform.machine(), _processor(), str(kernels())]
        conditions = [str(value) for value in dataclasses.astuple(setting)]
        # of two files with one text, each may read what lies beside it
        parts = [place.as_posix(), snippet.text, *python, *machine, *conditions, engine_digest()]
        return digest("\0".join(parts).encode())


def _is_repeatable(run: Run) -> bool:
    """Return whether a run with the same inputs would give the same outcomes."""
    return not run.fault and not run.untracked  # the machine may have caused a fault


def _parse_record(content: dict[str, Any]) -> Record:
    run = content["run"]
    outcomes = tuple(
        Outcome(tuple(o["printed"]), tuple(o["warnings"]), bool(o["open_line"]))
        for o in run["outcomes"]
    )
    figures = {str(cell): tuple(svgs) for cell, svgs in run["figures"].items()}
    states = {str(key): str(state) for key, state in run["inputs"].items()}
    return Record(
        Run(outcomes, figures, states, dict(run["packages"])), content["device"], content["torch"]
    )


@functools.cache
def _processor() -> str:
    """Return the processor features that select numeric kernels, whose last digits differ."""
    with contextlib.suppress(OSError):  # Linux only
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        flags = re.search(r"^(?:flags|Features)\s*:(.*)$", text, re.M)
        names = sorted(set(flags[1].split())) if flags else []
        return " ".join(n for n in names if n.startswith(("amx", "asimd", "avx", "fma", "sve")))
    return platform.processor()
