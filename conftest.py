"""pytest collects snippets/ and docs/ as Sybil documents, with the site's own Markdown.

They are loaded only where one of them is collected: a test of the engine starts without MkDocs.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent
SNIPPETS, DOCS = ROOT / "snippets", ROOT / "docs"

EXHAUSTIVE = "not exhaustive"
"""The selection of `make test`."""

Collect = Callable[[Path, pytest.Collector], pytest.Collector | None]

left_out: list[int] = []
"""How many exhaustive tests each process left out."""


@functools.cache
def documents(device: str) -> Collect:
    """Return what makes a Sybil document of a snippet or a page."""
    import markdown
    from mkdocs.config import load_config
    from sybil.sybil import SybilCollection

    from precis.base.project import Project
    from precis.book.book import Book
    from precis.page.extension import PrecisExtension
    from precis.run.record import Records
    from precis.sites.sybil import cells, fences, sybil

    project = Project.read(ROOT)
    config = load_config(str(project.config))
    book = Book(project, Records(ROOT), device)
    extension = PrecisExtension(book)
    md = markdown.Markdown(
        extensions=[*config.markdown_extensions, extension], extension_configs=config.mdx_configs
    )
    collection = SybilCollection(
        [
            sybil(project.snippets, cells(book), "*.py"),
            sybil(project.docs, fences(extension, md), "*.md"),
        ]
    )
    collect: Collect = collection.pytest()
    return collect


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    kinds = ((SNIPPETS, ".py"), (DOCS, ".md"))
    if any(file_path.is_relative_to(folder) and file_path.suffix == end for folder, end in kinds):
        return documents(parent.config.getoption("device"))(file_path, parent)
    return None


def pytest_addoption(parser: pytest.Parser) -> None:
    from precis.source.snippet import DEVICE_TYPES

    parser.addoption("--device", default="cpu", choices=DEVICE_TYPES, help="verify there too")


def pytest_configure(config: pytest.Config) -> None:
    from precis.run.device import absence

    if missing := absence(config.getoption("device")):
        raise pytest.UsageError(missing)


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


class NotTests(pytest.Module):
    """A snippet named on the command line, which pytest would import: it has no test functions."""

    def collect(self) -> Iterator[pytest.Item]:
        return iter(())


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> NotTests | None:
    if module_path.is_relative_to(SNIPPETS):
        return NotTests.from_parent(parent, path=module_path)
    return None
