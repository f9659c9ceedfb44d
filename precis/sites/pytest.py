"""The pytest plug-in, which pytest finds by its entry point.

    pytest --precis

collects snippets and pages as Sybil documents, one test for each cell and each embed. In a project
with an mkdocs.yml in pytest's root folder these are its snippets and pages; elsewhere every Python
file with `#>` lines. Without the option the plug-in does nothing. What runs, and what converts
pages, is imported only where a file is collected: other tests start without it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from precis.base.extras import why_missing
from precis.base.project import Project
from precis.run.device import why_unavailable
from precis.source.find import is_snippet
from precis.source.snippet import DEVICE_TYPES

if TYPE_CHECKING:
    from sybil import Sybil

    from precis.book.book import Book

Collect = Callable[[Path, pytest.Collector], pytest.Collector | None]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("precis")
    group.addoption("--precis", action="store_true", help="check snippets and pages")
    group.addoption("--device", default="cpu", choices=DEVICE_TYPES, help="verify there too")


def pytest_configure(config: pytest.Config) -> None:
    """Register the collector; refuse a device that this machine lacks."""
    device = config.getoption("device")
    try:
        reason = why_unavailable(device)
    except ModuleNotFoundError as error:
        reason = why_missing(error)
    if reason:
        raise pytest.UsageError(reason)
    if config.getoption("precis"):
        project = Project.read(config.rootpath)
        config.pluginmanager.register(Documents(project, device, config.getini("python_files")))


class Documents:
    """The snippets and the pages of a project, in one run of pytest."""

    def __init__(self, project: Project, device: str, tests: list[str]) -> None:
        self.project = project
        self.device = device
        self.tests = tests
        """The names of pytest's own modules, as patterns."""

    def pytest_collect_file(
        self, file_path: Path, parent: pytest.Collector
    ) -> pytest.Collector | None:
        """Collect a snippet or a page."""
        if self._is_snippet(file_path):
            return self._snippets(file_path, parent)
        is_page = self.project.config and file_path.is_relative_to(self.project.docs)
        if is_page and file_path.suffix == ".md":
            return self._pages(file_path, parent)
        return None

    def pytest_pycollect_makemodule(
        self, module_path: Path, parent: pytest.Collector
    ) -> _NoTests | None:
        """Keep pytest from importing a snippet that is named on the command line."""
        return (
            _NoTests.from_parent(parent, path=module_path)
            if self._is_snippet(module_path)
            else None
        )

    def _is_snippet(self, path: Path) -> bool:
        if path.suffix != ".py":
            return False
        if path.is_relative_to(self.project.snippets):
            return True
        is_test = path.name == "conftest.py" or any(fnmatch(path.name, name) for name in self.tests)
        return not (self.project.config or is_test) and is_snippet(path)

    @functools.cached_property
    def _book(self) -> Book:
        from precis.book.book import Book
        from precis.run.record import Records

        return Book(self.project, Records(self.project.root), self.device)

    @functools.cached_property
    def _snippets(self) -> Collect:
        """Makes a Sybil document of a snippet."""
        from precis.sites.sybil import cells, sybil

        return _collector(sybil(self.project.root, cells(self._book), "*.py"))

    @functools.cached_property
    def _pages(self) -> Collect:
        """Makes a Sybil document of a page, with the Markdown of the project's site."""
        try:
            import markdown
            from mkdocs.config import load_config

            from precis.page.extension import PrecisExtension
            from precis.sites.sybil import sybil
            from precis.sites.sybil_pages import fences
            from precis.text.pages import PageReader
        except ModuleNotFoundError as error:
            raise pytest.UsageError(why_missing(error) or str(error)) from error

        try:
            config = load_config(str(self.project.config))
        except SystemExit as error:  # an extension lacks a package
            raise pytest.UsageError(str(error)) from None
        extension = PrecisExtension(self._book)

        def make_markdown(extension: PrecisExtension) -> markdown.Markdown:
            extensions: list[Any] = [*config.markdown_extensions, extension]
            return markdown.Markdown(extensions=extensions, extension_configs=config.mdx_configs)

        extension.reader = PageReader(self._book, make_markdown(extension))
        return _collector(sybil(self.project.docs, fences(extension, make_markdown), "*.md"))


def _collector(documents: Sybil) -> Collect:
    from sybil.sybil import SybilCollection

    collect: Collect = SybilCollection([documents]).pytest()
    return collect


class _NoTests(pytest.Module):
    """A module in which pytest looks for no test functions."""

    def collect(self) -> Iterator[pytest.Item]:
        return iter(())
