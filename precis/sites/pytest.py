"""The pytest plug-in, which pytest finds by its entry point.

    pytest --precis

collects the snippets and the pages of the project in pytest's root folder as Sybil documents, one
test for each cell and each embed. Without the option the plug-in does nothing. MkDocs and Sybil
are imported only where a file is collected: other tests start without them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from precis.base.project import Project
from precis.run.device import why_unavailable
from precis.source.snippet import DEVICE_TYPES

Collect = Callable[[Path, pytest.Collector], pytest.Collector | None]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("precis")
    group.addoption("--precis", action="store_true", help="check snippets and pages")
    group.addoption("--device", default="cpu", choices=DEVICE_TYPES, help="verify there too")


def pytest_configure(config: pytest.Config) -> None:
    """Register the collector; refuse a device that this machine lacks."""
    device = config.getoption("device")
    if reason := why_unavailable(device):
        raise pytest.UsageError(reason)
    if config.getoption("precis"):
        config.pluginmanager.register(Documents(Project.read(config.rootpath), device))


class Documents:
    """The snippets and the pages of a project, in one run of pytest."""

    def __init__(self, project: Project, device: str) -> None:
        self.project = project
        self.device = device

    def pytest_collect_file(
        self, file_path: Path, parent: pytest.Collector
    ) -> pytest.Collector | None:
        """Collect a snippet or a page."""
        kinds = ((self.project.snippets, ".py"), (self.project.docs, ".md"))
        if any(file_path.is_relative_to(top) and file_path.suffix == end for top, end in kinds):
            return self._collect(file_path, parent)
        return None

    def pytest_pycollect_makemodule(
        self, module_path: Path, parent: pytest.Collector
    ) -> _NoTests | None:
        """Keep pytest from importing a snippet that is named on the command line."""
        if module_path.is_relative_to(self.project.snippets):
            return _NoTests.from_parent(parent, path=module_path)
        return None

    @functools.cached_property
    def _collect(self) -> Collect:
        """What makes a Sybil document of a file, with the Markdown of the project's pages."""
        import markdown
        from mkdocs.config import load_config
        from sybil.sybil import SybilCollection

        from precis.book.book import Book
        from precis.page.extension import PrecisExtension
        from precis.run.record import Records
        from precis.sites.sybil import cells, fences, sybil
        from precis.text.pages import PageReader

        project = self.project
        book = Book(project, Records(project.root), self.device)
        config = load_config(str(project.config))
        extension = PrecisExtension(book)

        def make_markdown(extension: PrecisExtension) -> markdown.Markdown:
            extensions: list[Any] = [*config.markdown_extensions, extension]
            return markdown.Markdown(extensions=extensions, extension_configs=config.mdx_configs)

        extension.reader = PageReader(book, make_markdown(extension))
        collection = SybilCollection(
            [
                sybil(project.snippets, cells(book), "*.py"),
                sybil(project.docs, fences(extension, make_markdown), "*.md"),
            ]
        )
        collect: Collect = collection.pytest()
        return collect


class _NoTests(pytest.Module):
    """A module in which pytest looks for no test functions."""

    def collect(self) -> Iterator[pytest.Item]:
        return iter(())
