"""Begin with the files that take longest; say at the end which tests did not run."""

from __future__ import annotations

from typing import Any

import pytest

EXHAUSTIVE = "not exhaustive"
"""The selection of `make test`."""

LONGEST = (
    "test_visits_en.py",
    "test_visits_fr.py",
    "test_runs_device.py",
    "test_serve.py",
    "test_sampling_explorer.py",
    "test_sybil.py",
    "test_reading.py",
    "test_save.py",
)
"""The files that keep a process busy for half a minute and more: last, the other would wait."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else 99)


left_out: list[int] = []
"""How many exhaustive tests each process left out."""


def pytest_deselected(items: list[pytest.Item]) -> None:
    left_out.append(sum(item.get_closest_marker("exhaustive") is not None for item in items))


def pytest_sessionfinish(session: pytest.Session) -> None:
    worker: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if worker is not None:
        worker["left_out"] = sum(left_out)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    left_out[:] = [getattr(node, "workeroutput", {}).get("left_out", 0)]  # the same in each


def pytest_terminal_summary(terminalreporter: Any) -> None:
    count = sum(left_out)
    if count and terminalreporter.config.getoption("markexpr") == EXHAUSTIVE:
        terminalreporter.write_line(
            f"{count} exhaustive tests, which try every variant, did not run: make test-all"
        )
