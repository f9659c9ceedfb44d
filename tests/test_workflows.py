"""The workflows of continuous integration, read by the tools that know what goes wrong there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


@pytest.mark.parametrize(
    "command", [["actionlint"], ["zizmor", "--offline", "--no-progress"]], ids=lambda c: c[0]
)
def test_the_workflows_are_clean(command: list[str]) -> None:
    folder = Path(sys.executable).parent
    program = shutil.which(command[0], path=f"{folder}{os.pathsep}{os.environ['PATH']}")
    if program is None:
        if os.environ.get("PRECIS_REQUIRE_LINTERS"):
            pytest.fail(f"{command[0]} is missing")
        pytest.skip(f"{command[0]} is not installed (pip install -r .github/requirements.txt)")

    read = subprocess.run(
        [program, *command[1:], *map(str, WORKFLOWS)], cwd=ROOT, capture_output=True, text=True
    )

    assert WORKFLOWS
    assert read.returncode == 0, read.stdout + read.stderr
