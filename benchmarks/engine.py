"""What verifying costs: the engine against a bare import of torch, in one run.

    python benchmarks/engine.py [--rounds 5]

Prints medians and their ratio, and whether a build in which nothing changed imports torch.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]

FLOOR = """
import torch
torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1).step()
"""

ENGINE = """
import sys
from pathlib import Path
from precis import Book, Project, Records

if __name__ == "__main__":
    book = Book(Project.from_settings(Path.cwd()), Records(Path(sys.argv[1])))
    book.run()
    assert not any(book.verified(path).mismatches for path in book.paths())
"""


def seconds(*command: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, *command], cwd=ROOT, check=True)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    floor, cold, kept = [], [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as scratch:
            floor.append(seconds("-c", FLOOR))
            cold.append(seconds("-c", ENGINE, scratch))
            kept.append(seconds("-c", ENGINE, scratch))
    base = statistics.median(floor)
    snippets = ", ".join(path.name for path in sorted((ROOT / "snippets").glob("*.py")))
    print(f"{platform.platform()}, {os.cpu_count()} CPUs, Python {platform.python_version()}")
    print(f"medians of {rounds} rounds; snippets: {snippets}\n")
    for name, times in [
        ("import torch and one SGD step", floor),
        ("parse, run and compare all snippets, forkserver start included", cold),
        ("the same with records kept", kept),
    ]:
        median = statistics.median(times)
        print(f"{median:6.2f} s  {median / base:5.2f} ×  {name}")

    with tempfile.TemporaryDirectory() as site:
        build = ["-X", "importtime", "-m", "mkdocs", "build", "--site-dir", f"{site}/site"]
        for _ in range(2):
            again = subprocess.run(
                [sys.executable, *build], cwd=ROOT, check=True, capture_output=True, text=True
            )
    imported = any(line.endswith(" torch") for line in again.stderr.splitlines())
    print(f"\na build with nothing changed imports torch: {'yes' if imported else 'no'}")


if __name__ == "__main__":
    main()
