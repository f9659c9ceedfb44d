"""Run git; None on any failure."""

from __future__ import annotations

import subprocess
from pathlib import Path


def git(*arguments: str, folder: Path | None = None) -> str | None:
    """Return the output of a git command; None without git, without a repository or on an error."""
    command = ["git", *arguments]
    try:
        result = subprocess.run(
            command, cwd=folder, capture_output=True, encoding="utf-8", errors="replace", check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return result.stdout
