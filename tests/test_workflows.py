"""What the workflows promise of each other; their linters run in `.ci/run`."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from precis.base.files import CACHE

ROOT = Path(__file__).parents[1]
ACTIONS = sorted((ROOT / ".github/actions").glob("*/action.yml"))


@pytest.fixture
def jobs() -> dict[str, Any]:
    """The jobs that check a push or a pull request."""
    text = (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text)["jobs"])


def inputs(job: dict[str, Any], action: str) -> list[dict[str, Any]]:
    """What a job gives to an action, each time that it uses it."""
    used = (step for step in job["steps"] if step.get("uses", "").startswith(f"actions/{action}@"))
    return [step["with"] for step in used]


def test_the_shards_are_a_whole(jobs: dict[str, Any]) -> None:
    shards = jobs["verify"]["strategy"]["matrix"]["shard"]

    assert shards == [f"{n}/{len(shards)}" for n in range(1, len(shards) + 1)]


def test_the_site_is_built_from_what_the_shards_leave(jobs: dict[str, Any]) -> None:
    (left,) = inputs(jobs["verify"], "upload-artifact")
    taken = inputs(jobs["site"], "download-artifact")[0]

    assert "verify" in jobs["site"]["needs"]
    assert "strategy.job-index" in left["name"], "no shard replaces what another one left"
    assert fnmatch(left["name"], taken["pattern"])
    assert left["include-hidden-files"], "without it a folder that starts with a dot is left out"
    assert (taken["path"], taken["merge-multiple"]) == (left["path"], True) == (CACHE, True)


def test_nothing_that_main_publishes_comes_from_a_cache(jobs: dict[str, Any]) -> None:
    read = [yaml.safe_load(path.read_text(encoding="utf-8"))["runs"] for path in ACTIONS]
    steps = [step for part in (*jobs.values(), *read) for step in part["steps"]]
    cached = [s for s in steps if re.match("actions/cache(/restore)?@", s.get("uses", ""))]

    assert cached
    for step in cached:
        looked_up = step["with"].get("lookup-only") == "${{ github.ref == 'refs/heads/main' }}"
        assert looked_up or step.get("if") == "github.ref != 'refs/heads/main'"


def test_an_action_of_our_own_is_one_that_is_there(jobs: dict[str, Any]) -> None:
    """What `$/` names is looked up by nothing before the workflow runs."""
    uses = [step.get("uses", "") for job in jobs.values() for step in job["steps"]]
    ours = {use.removeprefix("$/") for use in uses if use.startswith("$/")}

    assert ours == {path.parent.relative_to(ROOT).as_posix() for path in ACTIONS}
