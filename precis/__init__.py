"""Executable documentation: run the code that a page shows, compare its output, embed it.

The packages, from the lowest to the highest: `base`, `source` (parse), `run`, `compare`, `book`
(the verified cells), `text` (check the prose), `page` (render), `export`, `sites` (MkDocs,
Zensical, pytest) and `cli`. What other programs may import is listed in `__all__`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from precis.base.files import CACHE, write_cache
    from precis.base.finding import Finding, Malformed
    from precis.base.git import git
    from precis.base.project import Project
    from precis.book.book import Book
    from precis.book.checks import snippet_findings
    from precis.run.record import Records

__version__ = "0.1.0"

__all__ = [
    "CACHE",
    "Book",
    "Finding",
    "Malformed",
    "Project",
    "Records",
    "__version__",
    "git",
    "snippet_findings",
    "write_cache",
]

_MODULES = {
    "CACHE": "base.files",
    "Book": "book.book",
    "Finding": "base.finding",
    "Malformed": "base.finding",
    "Project": "base.project",
    "Records": "run.record",
    "git": "base.git",
    "snippet_findings": "book.checks",
    "write_cache": "base.files",
}


def __getattr__(name: str) -> Any:
    """Import a name of the interface on its first use: each child process imports this file."""
    if name not in _MODULES:
        raise AttributeError(f"module precis has no attribute {name}")
    return getattr(import_module(f"precis.{_MODULES[name]}"), name)
