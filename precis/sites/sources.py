"""The source of a page: what is read for MkDocs, and what stands in for an unreadable file."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from mkdocs.structure.pages import Page as MkDocsPage

from precis.base.finding import Finding, Malformed, display_path
from precis.page.box import render_box
from precis.page.page import Page
from precis.source.parse import read
from precis.text.checks import page_findings
from precis.text.pages import PageReader
from precis.text.prose import PageText


def read_source(page: MkDocsPage) -> tuple[str | None, list[Finding]]:
    """Return a page's Markdown, or its findings as text; None for a page that MkDocs made."""
    path = page.file.abs_src_path
    try:
        return read(Path(path)) if path else None, []
    except Malformed as error:
        boxes = "\n\n".join(map(render_box, error.findings))
        return boxes.replace("<pre>", "<p>").replace("</pre>", "</p>"), [*error.findings]  # no code


def opened(page: MkDocsPage, markdown: str) -> Page:
    """Return the page to convert; an empty one for an unreadable file."""
    source = page.file.abs_src_path
    path = display_path(Path(source)) if source else page.file.src_uri
    try:
        text = read(Path(source)) if source else page.file.content_string
    except Malformed:
        return Page()
    first_line = text.count("\n") - markdown.count("\n") + 1
    return Page(PageText(path, first_line=first_line))


def check_sources(reader: PageReader) -> None:
    """Check the text of all pages.

    A page without findings is cached, and not checked again when it is rendered.
    """
    project = reader.book.project
    # translations in turn: each is compared with the other
    for path in sorted(project.docs.rglob("*.md"), key=project.lock_key):
        with suppress(Malformed):  # reported by `read_source`
            page_findings(reader, reader.read_page(path))
