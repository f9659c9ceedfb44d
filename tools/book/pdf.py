"""The document printed by Chromium: the only engine at hand that sets MathML, and does it well.

It numbers pages but cannot yet say on which one an element is; so the document is printed twice,
and the numbers of the contents are those of the first print.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import chromium
import pikepdf
from playwright.sync_api import Page

from book.chapters import Book
from book.document import WORDS

WIDTH = 529
"""CSS pixels in a line of text, 140 mm: the page less its margins (book.css)."""

FIT = """
() => {
  for (const box of document.querySelectorAll("pre, div.arithmatex, div:has(> table)")) {
    const ratio = box.clientWidth / box.scrollWidth;
    const size = parseFloat(getComputedStyle(box).fontSize);
    if (ratio < 1) box.style.fontSize = `${size * ratio}px`;
    if (box.matches("pre") && box.scrollHeight > 280) box.style.breakInside = "auto";
  }
}
"""
"""Makes smaller what is wider than the page, which would be cut off; lets a block of code go on
over the page if moving it as a whole would leave a third of one blank."""

WIDE = """
() => [...document.querySelectorAll("section :not(svg *)")]
  .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
  .map((element) => element.textContent.slice(0, 60))
"""
"""Finds what is wider than the page in spite of that: Chromium would print all pages smaller."""

NUMBER = """
(pages) => {
  for (const link of document.querySelectorAll("a.page"))
    link.textContent = pages[link.hash.slice(1)];
}
"""


@contextmanager
def open_document(html: str) -> Iterator[Page]:
    """Let Chromium read the document, laid out as it will be printed."""
    program = chromium.find()
    if program is None:
        raise SystemExit(f"The book is printed by Chromium: {chromium.MISSING}")
    with chromium.start(program) as browser:
        page = browser.new_page(viewport={"width": WIDTH, "height": 800}, device_scale_factor=2)
        page.emulate_media(media="print")
        page.set_content(html)
        page.evaluate("document.fonts.ready.then(() => {})")
        yield page


def write_pdf(page: Page, book: Book, path: Path) -> int:
    """Print the document, with page numbers in its contents; return how many pages it has."""
    page.evaluate(FIT)
    if wide := page.evaluate(WIDE):
        raise SystemExit(f"{path.name}: wider than the page: {wide}")
    numbers = page_numbers(page.pdf(prefer_css_page_size=True, print_background=True))
    page.evaluate(NUMBER, numbers)
    printed = page.pdf(prefer_css_page_size=True, print_background=True, outline=True, tagged=True)
    if page_numbers(printed) != numbers:
        raise SystemExit(f"{path.name}: the numbers of the contents have moved the pages")
    headings = page.eval_on_selector_all("h1, h2, h3, h4", "all => all.map(each => each.innerText)")
    with pikepdf.open(io.BytesIO(printed)) as pdf:
        with pdf.open_outline() as outline:
            # where a heading is broken, Chromium joins its words or says them twice
            for item, text in zip(_items(outline.root), headings, strict=True):
                item.title = text
        pdf.docinfo["/Author"] = WORDS[book.language]["authors"]
        for key in ("/CreationDate", "/ModDate"):
            pdf.docinfo[key] = f"D:{book.date:%Y%m%d%H%M%S}Z"
        pdf.save(
            path,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,  # a tenth of its size
            deterministic_id=True,
        )
        return len(pdf.pages)


def _items(level: list[pikepdf.OutlineItem]) -> Iterator[pikepdf.OutlineItem]:
    for item in level:
        yield item
        yield from _items(item.children)


def page_numbers(printed: bytes) -> dict[str, int]:
    """Return the page, counted from 1, of each element that a link leads to."""
    with pikepdf.open(io.BytesIO(printed)) as pdf:
        places = {page.obj.objgen: n for n, page in enumerate(pdf.pages, 1)}
        return {
            str(name).removeprefix("/"): places[target[0].objgen]
            for name, target in pdf.Root.Dests.items()
        }
