"""Say how and when a recorded file was made, for the scripts that write one."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import torch

ROOT = Path(__file__).parents[1]


def require_commit(*paths: str | Path) -> None:
    """End the program if git has not these files as they are: a record names their commit."""
    if changed := git("status", "--porcelain", "--", *map(str, paths)):
        sys.exit(f"commit these files first, for the record names their commit:\n{changed}")


def provenance(script: str | Path, begin: float) -> dict[str, str | int]:
    """Return how and when a record was made.

    `begin` is the processor time, in seconds, at which the work began.
    """
    return {
        "script": Path(script).relative_to(ROOT).as_posix(),
        "commit": git("rev-parse", "HEAD"),
        "date": datetime.now(UTC).date().isoformat(),
        "torch": torch.__version__,
        "cpu": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "cpu_seconds": round(time.process_time() - begin),
    }


def git(*arguments: str) -> str:
    """Return what git prints."""
    run = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return run.stdout.strip()
