"""Write the notebooks that the pages of a MkDocs site offer for download."""

from __future__ import annotations

import posixpath
from pathlib import Path
from urllib.parse import urljoin

from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

from precis.book.book import Book
from precis.export.notebook import make_notebook
from precis.text.prose import PageText


def write_notebook(source: PageText, name: str, book: Book, page: Page, files: Files) -> bytes:
    """Write the notebook of a page beside it under a name; return its content."""
    address = page.canonical_url or page.url
    notebook = make_notebook(source, book, address, lambda href: _absolute(href, page, files))
    file = Path(page.file.abs_dest_path).with_name(name)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(notebook)
    return notebook


def _absolute(href: str, page: Page, files: Files) -> str:
    """Return the URL of a link on a page."""
    path, mark, anchor = href.partition("#")
    source = posixpath.normpath(posixpath.join(posixpath.dirname(page.file.src_uri), path))
    target = files.get_file_from_path(source) if path else None
    here = page.canonical_url or page.url
    root = here.removesuffix(page.url)
    return (urljoin(root, target.url) if target else urljoin(here, path)) + mark + anchor
