"""What a run gives, and under which conditions: the words that all who ask for one share."""

from __future__ import annotations

from collections.abc import Callable
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

    reads: tuple[str, ...] = ()
    """The project's files that it read or looked for, modules included."""

    packages: tuple[str, ...] = ()
    """The top-level modules imported, but for the standard library's."""

    fault: Fault | None = None


@dataclass(frozen=True)
class Setting:
    """Where and how a snippet runs."""

    device: str = "cpu"
    digits: int = 0
    """How many decimals tensors are printed with; 0: as the page shows them."""

    threads: int = 1
    hash_seed: int | None = None
    """PYTHONHASHSEED of a process that starts anew; without one, it is that of ours."""


AS_SHOWN = Setting()


Watch = Callable[[int, int], None]
"""Is told how many snippets have run, and of how many."""


def unwatched(done: int, total: int) -> None:
    """Nobody looks."""
