"""What verifying costs as a book grows: with one core and all, whole and in shards, in one run.

    python benchmarks/growth.py [--sizes 24,96,384,1000] [--shards 8] [--rounds 3]

Prints medians: seconds that passed, and seconds that all processes together computed, which what
else the machine does changes less; of this book, and of the generated chapters of `peers.py`, whose
code is short. All records are deleted before each time taken, so that everything runs. Linux only.
"""

from __future__ import annotations

import argparse
import ctypes
import functools
import os
import platform
import shutil
import statistics
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from peers import ROOT, Chapter, done, put, seconds

from precis import CACHE

VERIFY = [sys.executable, "-m", "precis", "verify"]
PR_SET_CHILD_SUBREAPER = 36


def copy(folder: Path) -> None:
    shutil.copytree(ROOT / "snippets", folder / "snippets")


def write(size: int, folder: Path) -> None:
    for chapter in map(Chapter, range(size)):
        cells = (f"# %% {section.name}\n{section.code}\n" for section in chapter.sections())
        put(folder / f"snippets/{chapter.slug}.py", "\n".join(cells))
    done([sys.executable, "-m", "precis", "update"], folder)


def ways(shards: int) -> dict[str, list[str]]:
    """What is timed, by the column's name."""
    return {
        "one core": ["taskset", "-c", "0", *VERIFY],
        f"{len(os.sched_getaffinity(0))} cores": VERIFY,
        f"shard 1/{shards}": [*VERIFY, "--shard", f"1/{shards}"],
    }


def spent(command: list[str], folder: Path) -> tuple[float, float]:
    """Seconds that passed, and that the command and all that it started computed."""
    shutil.rmtree(folder / CACHE, ignore_errors=True)
    before = computed()
    passed = seconds(command, folder)
    return passed, computed() - before


def computed() -> float:
    """Seconds that all processes started so far computed, once the last of them has ended."""
    with suppress(ChildProcessError):  # the server that snippets are forked from ends last
        while True:
            os.wait()
    times = os.times()
    return times.children_user + times.children_system


def row(folder: Path, shards: int, rounds: int) -> str:
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways(shards)}
    for _ in range(rounds):
        for name, command in ways(shards).items():
            taken[name].append(spent(command, folder))
    medians = {
        name: map(statistics.median, zip(*each, strict=True)) for name, each in taken.items()
    }
    return "".join("   {} {:6.2f} s ({:6.2f} s)".format(n, *times) for n, times in medians.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sizes", default="24,96,384,1000", help="chapters, e.g. 24,96")
    parser.add_argument("--shards", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)  # orphans become ours, to be counted
    print(f"{platform.platform()}, {os.cpu_count()} CPUs, Python {platform.python_version()}")
    print(f"medians of {asked.rounds} rounds: seconds that passed (that were computed)")
    books = {f"{n} chapters": functools.partial(write, n) for n in map(int, asked.sizes.split(","))}
    for name, book in {"this book": copy, **books}.items():
        load = os.getloadavg()[0]
        with tempfile.TemporaryDirectory(prefix="growth-") as scratch:
            book(Path(scratch))
            found = row(Path(scratch), asked.shards, asked.rounds)
        print(f"{name:>13}{found}   load before {load:.1f}", flush=True)


if __name__ == "__main__":
    main()
