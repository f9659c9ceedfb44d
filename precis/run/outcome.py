"""What a run gives, and under which conditions: the words that all who ask for one share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

TIMEOUT = 60.0
"""Seconds that a snippet may take, unless said otherwise."""


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

    position: int = 0
    """The place, among the statements, of the one that was running."""


@dataclass(frozen=True)
class Run:
    """A snippet's outcomes, as far as it came."""

    outcomes: tuple[Outcome, ...]
    """One a statement, in order; fewer than there are statements after a fault."""

    figures: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """SVG figures by the name of the cell that left them open."""

    inputs: Mapping[str, str] = field(default_factory=dict)
    """What it depended on, each with its state when it was first used: see `precis.run.inputs`."""

    packages: Mapping[str, str] = field(default_factory=dict)
    """The version of each top-level package that was imported, "" where it has none."""

    fault: Fault | None = None

    unfollowed: str = ""
    """What it used in a way that cannot be followed; such a run is not recorded."""


@dataclass(frozen=True)
class Setting:
    """Where and how a snippet runs."""

    device: str = "cpu"
    digits: int = 0
    """How many decimals tensors are printed with; 0: as the page shows them."""

    threads: int = 1

    elsewhere: bool = False
    """Run as another machine might: see `precis.run.environment`."""


DEFAULT_SETTING = Setting()

OTHER_MACHINE = Setting(threads=2, other_machine=True)
"""What differs from one machine to the next, all at once."""


Progress = Callable[[int, int], None]
"""Called with how many snippets have run, and of how many."""


def no_progress(done: int, total: int) -> None:
    """Ignore progress."""
