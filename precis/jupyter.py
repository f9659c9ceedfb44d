"""Labs among the pages of a MkDocs site: notebooks in `docs/`, which mkdocs-jupyter renders.

By itself mkdocs-jupyter gives each page JupyterLab's styles, half a megabyte, and formulas that a
script from elsewhere draws. Its template is replaced by one that asks for what the site's Markdown
makes of the lab, so that a lab's page is like any other.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File

from precis import lab
from precis.book import LABS, Book
from precis.finding import Malformed

PLUGIN = "mkdocs-jupyter"

TEMPLATES = Path(__file__).with_name("templates")

_EMPTY = b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}\n'


def is_lab(file: File) -> bool:
    """Whether a file is the notebook of a lab."""
    path = PurePosixPath(file.src_uri)
    return path.suffix == ".ipynb" and path.parent.name == LABS


def make_room(book: Book, docs: Path, config: MkDocsConfig) -> None:
    """Let each lab have its notebooks in `docs/`, before MkDocs looks what is there.

    One that exists stays as it is, since `mkdocs serve` builds again at each change.
    """
    wanted = set(_places(book, docs))
    if wanted and PLUGIN not in config.plugins:
        raise PluginError(f"precis: labs need the plugin {PLUGIN}, in mkdocs.yml before precis")
    for file in docs.glob(f"*/{LABS}/*.ipynb"):
        if file not in wanted:
            file.unlink()
    for file in wanted:
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(_EMPTY)


def _places(book: Book, docs: Path) -> Iterator[Path]:
    for path in book.labs():
        with suppress(Malformed):  # a finding already
            snippet = book.snippet(path)
            yield from (lab.place(snippet, docs, lang) for lang in lab.languages(snippet))


def be_a_page(file: File, config: MkDocsConfig) -> None:
    """Make a page of a notebook that another plugin has made a file to be copied."""
    file.is_documentation_page = lambda: True  # type: ignore[method-assign]
    made = PurePosixPath(file.dest_uri)
    if made.suffix != ".html":
        inside = made.with_suffix("") / "index.html"
        made = inside if config.use_directory_urls else made.with_suffix(".html")
    file.dest_uri = made.as_posix()
    file.abs_dest_path = posixpath.join(config.site_dir, file.dest_uri)
    file.url = file._get_url(config.use_directory_urls)


def let_template_ask(rendered: Callable[[], str]) -> None:
    """Let the page that mkdocs-jupyter makes next be what `rendered` gives."""
    from mkdocs_jupyter.config import settings  # heavy: only where there are labs
    from nbconvert.exporters.templateexporter import default_filters

    settings.templates_dir = str(TEMPLATES)
    default_filters["precis_page"] = lambda notebook: rendered()
