"""pytest collects snippets/ and docs/ as Sybil documents, with the site's own Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import markdown
import pytest
from mkdocs.config import load_config
from sybil.sybil import SybilCollection

from precis.book import Book
from precis.device import absence
from precis.markdown import PrecisExtension
from precis.project import Project
from precis.record import Records
from precis.snippet import DEVICE_TYPES
from precis.sybil import cells, fences, sybil

ROOT = Path(__file__).parent
project = Project.read(ROOT)

config = load_config(str(project.config))
book = Book(project, Records(ROOT))
extension = PrecisExtension(book)
md = markdown.Markdown(
    extensions=[*config.markdown_extensions, extension], extension_configs=config.mdx_configs
)

pytest_collect_file = SybilCollection(
    [
        sybil(project.snippets, cells(book), "*.py"),
        sybil(project.docs, fences(extension, md), "*.md"),
    ]
).pytest()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--device", default="cpu", choices=DEVICE_TYPES, help="verify there too")


def pytest_configure(config: pytest.Config) -> None:
    book.device = config.getoption("device")
    if missing := absence(book.device):
        raise pytest.UsageError(missing)


class NotTests(pytest.Module):
    """A snippet named on the command line, which pytest would import: it has no test functions."""

    def collect(self) -> Iterator[pytest.Item]:
        return iter(())


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> NotTests | None:
    if module_path.is_relative_to(project.snippets):
        return NotTests.from_parent(parent, path=module_path)
    return None
