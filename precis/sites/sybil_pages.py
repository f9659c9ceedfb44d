"""Pages as Sybil documents, converted as the site does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from markdown import Markdown
from sybil import Document, Region

from precis.base.finding import display_path
from precis.page.extension import PrecisExtension
from precis.page.page import Page
from precis.sites.sybil import Check, Parser, make_region
from precis.text.fences import EMBED
from precis.text.prose import PageText, strip_front_matter

MakeMarkdown = Callable[[PrecisExtension], Markdown]
"""Returns the site's Markdown with the extension of one page."""


def fences(extension: PrecisExtension, make_markdown: MakeMarkdown) -> Parser:
    """Return the parser of pages: a region for each fence, and `text` for what is in none."""

    def regions(document: Document) -> Iterator[Region]:
        page = convert(Path(document.path), document.text, extension, make_markdown)
        at_fence = {fence.line: fence for fence in page.source.fences}
        text = [finding for finding in page.findings if finding.line not in at_fence]
        if 1 not in at_fence:
            yield make_region(document, 1, 1, Check("text", partial(list, text)))
        for number, fence in enumerate(page.source.fences, 1):
            here = [f for f in page.findings if f.line == fence.line]
            if fence.line == 1:
                here += text
            name = fence.body.strip() if fence.language == EMBED else f"{fence.language}-{number}"
            yield make_region(document, fence.line, fence.end, Check(name, partial(list, here)))

    return regions


def convert(path: Path, text: str, extension: PrecisExtension, make_markdown: MakeMarkdown) -> Page:
    """Convert a page as the site does, and return it with its findings."""
    lines, first_line = strip_front_matter(text)
    page = Page(PageText(display_path(path), first_line=first_line))
    make_markdown(extension.for_page(page)).convert("\n".join(lines))
    return page
