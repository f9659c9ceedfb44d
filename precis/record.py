"""Remember the outcomes of a whole snippet, so that what has not changed is not run again.

A record is found by the hash of all that can change an outcome: the snippet's
text, Python, the engine; and it is used only while the files that the run read
and the packages that it imported are what they were. No torch is imported to find one.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import importlib.metadata
import json
import os
import platform
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import Future, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from precis.outcome import AS_SHOWN, TIMEOUT, Outcome, Run, Setting, Watch, unwatched
from precis.snippet import Snippet

CACHE = ".precis"
"""The folder, at the project's root, where records are kept between builds."""

DAYS = 30
"""How long a record is kept that nothing asks for."""


@dataclass(frozen=True)
class Record:
    """A run, and where and with what it was made."""

    run: Run
    device: str
    torch: str | None
    """The version of torch, build included; None where the snippet does not import it."""

    reads: dict[str, str]
    """The SHA-256 of each file that it read, by path from the project's root; "" if absent."""

    packages: dict[str, str | None]
    """The version of each package that it imported."""

    @property
    def where(self) -> str:
        """Device and torch, as messages name them."""
        return f"{self.device}, torch {self.torch}" if self.torch else self.device


class Records:
    """The records of a project: kept ones, and new ones for what changed."""

    def __init__(
        self,
        root: Path,
        *,
        timeout: float = TIMEOUT,
        cache: Path | None = None,
        watch: Watch = unwatched,
    ) -> None:
        self.root = root.resolve()
        self.cache = cache or self.root / CACHE
        self.timeout = timeout
        self.watch = watch
        self._known: dict[str, Record] = {}
        self._running: dict[str, Future[Run]] = {}

    def begin(self, snippets: Iterable[Snippet], setting: Setting = AS_SHOWN) -> None:
        """Start to run those that have no record, side by side; `of` waits for them."""
        wanted = {_key(snippet, setting): snippet for snippet in snippets}
        missing = {k: s for k, s in wanted.items() if k not in self._running and not self._find(k)}
        if missing:
            self._prune()
            from precis.run import begin  # where nothing changed, nothing needs it

            runs = begin(missing.values(), self.root, timeout=self.timeout, setting=setting)
            self._running |= zip(missing, runs, strict=True)

    @property
    def running(self) -> bool:
        """Whether something was begun that nobody waited for."""
        return bool(self._running)

    def of(self, snippets: Iterable[Snippet], setting: Setting = AS_SHOWN) -> list[Record]:
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
        """Whether there is a record that still holds; makes it known."""
        # a record cut short, foreign or of an older form is no record
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            if key not in self._known:
                kept = json.loads(self._file(key).read_text(encoding="utf-8"))
                self._known[key] = _record(kept)
                os.utime(self._file(key))  # in use: `_prune` leaves it
            known = self._known[key]
            return known.reads == self._hashes(known.reads) and known.packages == {
                name: version(name) for name in known.packages
            }
        return False

    def forget_faults(self) -> None:
        """Let what did not come to its end run again: the cause may be mended."""
        self._known = {k: record for k, record in self._known.items() if not record.run.fault}

    def _keep(self, key: str, snippet: Snippet, run: Run, setting: Setting) -> None:
        torch = version("torch") if "torch" in snippet.packages else None
        paths = [Path(path).relative_to(self.root).as_posix() for path in run.reads]
        packages = {name: version(name) for name in run.packages}
        record = self._known[key] = Record(
            run, setting.device, torch, self._hashes(paths), packages
        )
        # a fault may be the machine's; what ran under other conditions is compared once
        lasts = run.fault is None and setting.device == "cpu" and setting.hash_seed is None
        if lasts:
            write_whole(self._file(key), json.dumps(dataclasses.asdict(record)).encode())

    def _prune(self) -> None:
        """Drop what nothing asked for in a while; another build may do so at the same time."""
        oldest = time.time() - DAYS * 24 * 3600
        for path in filter(Path.is_file, self.cache.glob("*")):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < oldest:
                    path.unlink()

    def _file(self, key: str) -> Path:
        return self.cache / f"{key}.json"

    def _hashes(self, paths: Iterable[str]) -> dict[str, str]:
        return {path: digest_of(self.root / path) for path in paths}


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that others see the old one or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        with contextlib.suppress(FileNotFoundError):
            os.chmod(name, path.stat().st_mode)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


@functools.cache
def version(package: str) -> str | None:
    """The installed version of a package, found without importing it."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _record(kept: dict[str, Any]) -> Record:
    run = kept["run"]
    outcomes = tuple(
        Outcome(tuple(o["printed"]), tuple(o["warnings"]), bool(o["open_line"]))
        for o in run["outcomes"]
    )
    figures = {str(cell): tuple(drawn) for cell, drawn in run["figures"].items()}
    made = Run(outcomes, figures, tuple(run["reads"]), tuple(run["packages"]))
    return Record(made, kept["device"], kept["torch"], kept["reads"], kept["packages"])


def _key(snippet: Snippet, setting: Setting) -> str:
    machine = [platform.python_version(), platform.machine()]
    how = [str(value) for value in dataclasses.astuple(setting)]
    parts = [snippet.name, snippet.text, *machine, *how, _engine()]
    return digest("\0".join(parts).encode())


@functools.cache
def _engine() -> str:
    """A hash of the modules that decide what an outcome is."""
    here = Path(__file__).parent
    names = (
        "snippet.py", "outcome.py", "run.py", "work.py", "confine.py", "device.py", "warm.py",
        "matplotlibrc", "record.py",
    )  # fmt: skip
    return digest(b"".join((here / name).read_bytes() for name in names))


def digest_of(path: Path) -> str:
    """The SHA-256 of a file; "" where there is none."""
    return digest(path.read_bytes()) if path.is_file() else ""


def digest(content: bytes) -> str:
    """The SHA-256 of a content."""
    return hashlib.sha256(content).hexdigest()
