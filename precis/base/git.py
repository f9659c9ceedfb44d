"""What git knows of the project's files."""

from __future__ import annotations

import subprocess
from pathlib import Path


def git(*arguments: str, folder: Path | None = None) -> str | None:
    """What git answers in a folder; None where there is no git, no repository, or an error."""
    command = ["git", *arguments]
    try:
        ran = subprocess.run(
            command, cwd=folder, capture_output=True, encoding="utf-8", errors="replace", check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return ran.stdout
