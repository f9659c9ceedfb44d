"""The types shared by everything that runs snippets or reads their results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

TIMEOUT = 60.0
"""The default time limit of a snippet, in seconds."""


@dataclass(frozen=True)
class Outcome:
    """The output of one statement."""

    printed: tuple[str, ...]
    """The printed lines, without trailing spaces."""

    warnings: tuple[str, ...] = ()
    """The warnings that it raised and did not catch."""

    open_line: bool = False
    """Whether its output does not end with a newline."""


@dataclass(frozen=True)
class Fault:
    """The reason why a run stopped before its end."""

    line: int
    """The line of the snippet that was running."""

    message: str
    detail: str = ""
    """The traceback through the snippet's lines, or the end of stderr."""

    position: int = 0
    """The index of the statement that was running."""


@dataclass(frozen=True)
class Run:
    """The results of running a snippet, complete or up to a fault."""

    outcomes: tuple[Outcome, ...]
    """The outcome of each statement that ended, in order."""

    figures: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The SVG figures of each cell, by its name."""

    inputs: Mapping[str, str] = field(default_factory=dict)
    """The state of each input when the run first used it: see `precis.run.inputs`."""

    packages: Mapping[str, str] = field(default_factory=dict)
    """The version of each imported top-level package; "" for a module without one."""

    fault: Fault | None = None

    untracked: str = ""
    """The first use that cannot be tracked, such as a subprocess; such a run is not cached."""


@dataclass(frozen=True)
class Setting:
    """The conditions of a run."""

    device: str = "cpu"
    digits: int = 0
    """Decimals of printed tensors; 0 keeps torch's default."""

    threads: int = 1

    other_machine: bool = False
    """Whether to imitate another machine: see `precis.run.environment`."""


DEFAULT_SETTING = Setting()
"""The setting whose output pages show."""

OTHER_MACHINE = Setting(threads=2, other_machine=True)
"""A setting with everything that may differ between two machines."""


Progress = Callable[[int, int], None]
"""A progress callback: takes the number of finished runs and of all runs."""


def no_progress(done: int, total: int) -> None:
    """Ignore progress."""
