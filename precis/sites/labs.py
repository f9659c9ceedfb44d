"""Labs among the pages of a MkDocs site: notebooks in `docs/`, which mkdocs-jupyter renders.

By itself mkdocs-jupyter gives each page JupyterLab's styles, half a megabyte, and formulas that a
script from elsewhere draws. Its template is replaced by one that asks for what the site's Markdown
makes of the lab, so that a lab's page is like any other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from mkdocs import utils
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from precis.base.finding import Malformed, shown
from precis.base.project import Project
from precis.book.book import LABS, Book
from precis.text import lab

PLUGIN = "mkdocs-jupyter"

SUFFIX = ".ipynb"

TEMPLATES = Path(__file__).with_name("templates")

_EMPTY = b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}\n'


def is_lab(file: File) -> bool:
    """Whether a file is the notebook of a lab."""
    path = PurePosixPath(file.src_uri)
    return path.suffix == SUFFIX and path.parent.name == LABS


def make_room(book: Book, config: MkDocsConfig) -> None:
    """Let each lab have its notebooks in `docs/`, before MkDocs looks what is there.

    They are empty, and stay so: to write into `docs/` would have `mkdocs serve` build again.
    """
    project = book.project
    wanted = set(_places(book))
    if wanted and PLUGIN not in config.plugins:
        raise PluginError(f"precis: labs need the plugin {PLUGIN}, in mkdocs.yml before precis")
    for file in project.docs.rglob(f"{LABS}/*{SUFFIX}"):
        if file not in wanted and file.read_bytes() == _EMPTY:
            file.unlink()
    if wanted:
        let_notebooks_be_pages()
        # which goes by the files, and those stay as they are
        config.plugins[PLUGIN].config["cache"] = False
    for file in wanted:
        if not file.exists() or file.read_bytes() != _EMPTY:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(_EMPTY)


def _places(book: Book) -> Iterator[Path]:
    for path in book.labs():
        try:
            snippet = book.snippet(path)
        except Malformed:  # a finding already, which its pages show
            yield from book.project.docs.rglob(f"{LABS}/{path.stem}{SUFFIX}")
        else:
            languages = lab.lab_languages(snippet)
            if not _has_pages(book.project, languages):
                raise PluginError(
                    f"precis: {shown(path)} has text in {', '.join(languages)}; the site has "
                    f"pages in {', '.join(book.project.languages) or 'one language'}"
                )
            yield from (lab.lab_page_path(snippet, book.project, name) for name in languages)


def _has_pages(project: Project, languages: Sequence[str]) -> bool:
    """Whether a lab in these languages has a page for each."""
    if not project.languages:
        return len(languages) < 2
    return set(languages) <= set(project.languages)


def let_notebooks_be_pages() -> None:
    """Let MkDocs, and so all its plugins, see a page in a notebook.

    mkdocs-jupyter says it of each file that it is given, and static-i18n makes other files of
    these: the pages would lack their addresses in other languages.
    """
    if SUFFIX not in utils.markdown_extensions:
        utils.markdown_extensions = (*utils.markdown_extensions, SUFFIX)  # type: ignore[assignment]


def let_markdown_render(page: Page) -> None:
    """Let the page that mkdocs-jupyter makes of a notebook be made of the page's Markdown."""
    from mkdocs_jupyter.config import settings  # heavy: only where there are labs
    from nbconvert.exporters.templateexporter import default_filters

    convert = page.render

    def render(config: MkDocsConfig, files: Files) -> None:
        Page.render(page, config, files)
        content, contents = page.content, page.toc
        settings.templates_dir = str(TEMPLATES)
        default_filters["precis_page"] = lambda notebook: content
        convert(config, files)
        page.toc = contents  # that of the notebook is empty

    page.render = render  # type: ignore[method-assign]
