"""What git knows of the project's files."""

from __future__ import annotations

import subprocess


def git(*arguments: str) -> str | None:
    """What git answers; None where there is no git, no repository, or an error."""
    try:
        ran = subprocess.run(
            ["git", *arguments], capture_output=True, encoding="utf-8", errors="replace", check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return ran.stdout
