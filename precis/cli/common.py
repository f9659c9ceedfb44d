"""What the commands share: the project in whose folder they run, and how they report."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from precis.base.finding import (
    Finding,
    display_path,
    errors,
    github_annotation,
    pluralize,
)
from precis.base.project import Project
from precis.book.book import Book, Selection
from precis.run.record import Records
from precis.source.find import find_snippets

if TYPE_CHECKING:
    from precis.text.pages import PageReader
    from precis.text.prose import PageText

ONE_LANGUAGE = "mkdocs.yml has no languages in folders (plugin i18n, docs_structure: folder)"


def current_project() -> Project:
    """Return the project in whose folder the command runs. Raises Malformed."""
    return Project.read(Path.cwd())


def page_reader() -> PageReader:
    """Return a reader of the current project's pages. Raises ModuleNotFoundError without extras."""
    from precis.text.pages import PageReader

    project = current_project()
    return PageReader(Book(project, Records(project.root)))


def open_book(files: tuple[Path, ...], timeout: float, device: str = "cpu") -> Book:
    """Return the book of the current project, or of these files and folders.

    Without a site and its folder of snippets: of every Python file here with `#>` lines.
    """
    project = current_project()
    if not files and not project.snippets.is_dir():
        if project.config:
            folder = display_path(project.snippets)
            raise click.UsageError(f"there is no {folder}/ here: run it from the project's folder")
        files = (Path(),)
    if files and not (files := tuple(_snippets(project, files))):
        raise click.UsageError("no Python file there has a line that starts with #>")
    book = Book(project, Records(project.root, timeout=timeout, progress=show_progress), device)
    return Selection(book, files) if files else book


def _snippets(project: Project, paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the files, and the snippets in the folders."""
    for path in paths:
        if not path.is_dir():
            yield path
        elif path.resolve().is_relative_to(project.snippets.resolve()):
            yield from sorted(path.rglob("*.py"))
        else:
            yield from find_snippets(path)


def show_progress(done: int, total: int) -> None:
    """Show how far a run is, to a person: one line that goes when it is done."""
    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        line = f"{done} of {pluralize(total, 'snippet')} ran" if done < total else ""
        click.echo(f"\r\x1b[K{line}", nl=False, err=True)


def lab_pages(reader: PageReader, path: Path) -> list[PageText]:
    """A lab's pages, one a language; none where there is no lab."""
    if not path.is_file():
        return []
    from precis.text.lab import lab_languages

    snippet = reader.book.snippet(path)
    return [reader.read_lab(snippet, language) for language in lab_languages(snippet)]


def report(
    wrong: Sequence[Finding], style: str, summary: dict[str, object], lines: Sequence[str]
) -> None:
    """Print the findings and exit with 1, or print the lines and exit with 0.

    In JSON, print both findings and summary. Warnings are printed, and change nothing else.
    """
    wrong = list(dict.fromkeys(wrong))
    failed = bool(errors(wrong))
    if style == "json":
        answer = {"findings": [finding.as_dict() for finding in wrong], **summary}
        click.echo(json.dumps(answer, ensure_ascii=False, indent=1))
    elif style == "github":
        click.echo("\n".join([*map(github_annotation, wrong), *([] if failed else lines)]))
    else:
        if wrong:
            click.echo("\n\n".join(map(str, wrong)), err=True)
        if not failed:
            click.echo("\n".join(lines))
    sys.exit(failed)
