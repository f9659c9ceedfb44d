"""Labs among the pages of a MkDocs site: mkdocs-jupyter renders the notebook of each.

The engine writes a lab's notebook beside its page, where readers download it, and mkdocs-jupyter
reads it there. Our template gives its cells to the site's Markdown: the text of the page is the
lab's, since a notebook's has no anchors, boxes or notes; the outputs are those in the cells.

mkdocs-jupyter's own options do not reach so far. It takes no filters: ours are added to nbconvert's
for one notebook at a time, because the conversion does not say which page it is for. And it looks
for the table of contents in the notebook: the page's own replaces it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from mkdocs import utils
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from precis.base.finding import Malformed, display_path
from precis.base.project import Project
from precis.book.book import Book, Verified
from precis.export.notebook import notebook_name, with_outputs
from precis.page.extension import PrecisExtension
from precis.sites.config import map_extension
from precis.text import lab

PLUGIN = "mkdocs-jupyter"

SUFFIX = ".ipynb"

TEMPLATES = Path(__file__).with_name("templates")


class Lab(NamedTuple):
    """A lab in one language."""

    snippet: Path
    language: str
    notebook: str
    """The name of the notebook that its page offers."""


def find_labs(book: Book, config: MkDocsConfig) -> dict[str, Lab]:
    """Return the labs by the address of the page's source, which is no file in `docs/`.

    A file there would have `mkdocs serve` build again each time that it is written.
    """
    project = book.project
    labs = {}
    for path in book.labs():
        for language in _languages(path, book):
            page = lab.lab_page_path(path, project, language)
            name = notebook_name(path, language if project.languages else "")
            labs[page.relative_to(project.docs).as_posix()] = Lab(path, language, name)
    if labs:
        if PLUGIN not in config.plugins:
            raise PluginError(f"precis: labs need the plugin {PLUGIN}, in mkdocs.yml before precis")
        let_notebooks_be_pages()
        jupyter = config.plugins[PLUGIN].config
        jupyter["cache"] = False  # it goes by the notebook alone
        ran = [lab.notebook for lab in labs.values()]
        jupyter["execute_ignore"] = [*jupyter["execute_ignore"], *ran]
    return labs


def _languages(path: Path, book: Book) -> Sequence[str]:
    project = book.project
    try:
        languages = lab.lab_languages(book.snippet(path))
    except Malformed:  # a finding already, which the pages show
        return project.languages or [""]
    if not _has_pages(project, languages):
        raise PluginError(
            f"precis: {display_path(path)} has text in {', '.join(languages)}; the site has "
            f"pages in {', '.join(project.languages) or 'one language'}"
        )
    return languages


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


def add_files(labs: Iterable[str], files: Files, config: MkDocsConfig) -> None:
    """Add the files of the labs, as if they lay in `docs/`: static-i18n takes no generated ones."""
    for address in labs:
        if file := files.src_uris.get(address):
            files.remove(file)
        files.append(File(address, config.docs_dir, config.site_dir, config.use_directory_urls))


def render_finding(page: Page) -> None:
    """Render only the page's Markdown: a broken lab has no notebook."""
    page.render = partial(Page.render, page)  # type: ignore[method-assign]


def render_notebook(page: Page, verified: Verified) -> None:
    """Render a lab's notebook with the outputs of its cells."""
    convert = page.render

    def render(config: MkDocsConfig, files: Files) -> None:
        def site_page(cells: Iterable[dict[str, Any]]) -> str | None:
            def with_notebook(extension: PrecisExtension) -> PrecisExtension:
                return extension.for_page(extension.page, _NotebookBook(extension.book, lab))

            lab = with_outputs(verified, cells)
            Page.render(page, map_extension(config, with_notebook), files)
            contents.append(page.toc)
            return page.content

        contents: list[Any] = []
        with _our_template(site_page=site_page):
            convert(config, files)
        page.toc = contents[0]  # that of the notebook is empty

    page.render = render  # type: ignore[method-assign]


@contextmanager
def _our_template(**filters: Any) -> Iterator[None]:
    """Let mkdocs-jupyter use our templates, with these filters, for one notebook."""
    from mkdocs_jupyter.config import settings  # heavy: only where there are labs
    from nbconvert.exporters.templateexporter import default_filters

    templates, settings.templates_dir = settings.templates_dir, str(TEMPLATES)
    default_filters.update(filters)
    try:
        yield
    finally:
        settings.templates_dir = templates
        for name in filters:
            del default_filters[name]


class _NotebookBook(Book):
    """A book in which one snippet has the outputs of its notebook."""

    def __init__(self, book: Book, lab: Verified) -> None:
        vars(self).update(vars(book))  # it reads no file again
        self.lab = lab

    def verified(self, path: Path) -> Verified:
        """One file, run and compared. Raises Malformed."""
        return self.lab if path == self.lab.snippet.path else super().verified(path)
