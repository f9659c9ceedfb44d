"""Labs among the pages of a MkDocs site: mkdocs-jupyter renders the notebook of each.

The engine writes a lab's notebook beside its page, where readers download it, and mkdocs-jupyter
reads it there. Our template converts its cells with the site's Markdown: the text is the lab's,
since a notebook has no anchors, boxes or notes; the outputs are the cells'.

mkdocs-jupyter has no option for this. It takes no filters: ours are added to nbconvert's for one
notebook at a time, because the conversion does not say which page it is for. And it builds the
table of contents from the notebook: the page's own replaces it.
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
    """The name of the notebook for download."""


def find_labs(book: Book, config: MkDocsConfig) -> dict[str, Lab]:
    """Return the labs by the path in `docs/` where MkDocs expects their source; there is no file.

    `mkdocs serve` would build again each time a file there is written.
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
            if not {snippet.path for snippet in book.readable()} & {*book.labs()}:
                return {}  # each has a finding, which refuses the site
            raise PluginError(f"precis: labs need the plugin {PLUGIN}, in mkdocs.yml before precis")
        register_notebooks()
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
    """Return whether the site has a page for each language of a lab."""
    if not project.languages:
        return len(languages) < 2
    return set(languages) <= set(project.languages)


def register_notebooks() -> None:
    """Make MkDocs and all plugins treat `.ipynb` as pages.

    mkdocs-jupyter marks single files, but static-i18n replaces these: their pages would lack the
    addresses in other languages.
    """
    if SUFFIX not in utils.markdown_extensions:
        utils.markdown_extensions = (*utils.markdown_extensions, SUFFIX)  # type: ignore[assignment]


def add_files(labs: Iterable[str], files: Files, config: MkDocsConfig) -> None:
    """Add the labs as files in `docs/`: static-i18n ignores generated files."""
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
    """Make mkdocs-jupyter use our templates and these filters for one notebook."""
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
        vars(self).update(vars(book))  # share its caches
        self.lab = lab

    def verified(self, path: Path) -> Verified:
        """Return a verified file; for the lab, with the outputs of its notebook."""
        return self.lab if path == self.lab.snippet.path else super().verified(path)
