"""One commit, one site: built elsewhere, with other hashes, time zone and locale."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from built import ROOT, Site


@pytest.mark.exhaustive
def test_two_builds_are_the_same_byte_for_byte(site: Site, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere"
    shutil.copytree(ROOT, copy, ignore=_made)
    others = {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C", "NO_MKDOCS_2_WARNING": "1"}

    verified = json.loads((site.folder / "verified.json").read_text(encoding="utf-8"))
    date = verified["verifications"][0]["date"]  # of the commit, which the copy does not have
    dated = {"SOURCE_DATE_EPOCH": str(int(datetime.fromisoformat(date).timestamp()))}

    build = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--site-dir", "made"],
        cwd=copy,
        env={**os.environ, **others, **dated},
        capture_output=True,
        text=True,
    )

    assert build.returncode == 0, build.stderr
    made, published = contents(copy / "made"), contents(site.folder)
    for name in ("feed.xml", "en/feed.xml"):  # dated by git blame, which the copy cannot ask
        assert made.pop(name)
        assert published.pop(name)
    assert made == published


def _made(folder: str, names: list[str]) -> set[str]:
    """What a build does not need: what others made, and at the top what is hidden."""
    made = {"site", "__pycache__", "node_modules", "precis.egg-info"}
    return made & {*names} | {n for n in names if n[0] == "." and Path(folder) == ROOT}


def contents(folder: Path) -> dict[str, bytes]:
    """Every file, but for the commit and the form of its date in verified.json."""
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    verified = files["verified.json"]
    files["verified.json"] = re.sub(rb'"(commit|date)": [^,]*,', b"", verified)
    return files
