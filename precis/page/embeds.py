"""Render embeds: a `snippet` fence becomes a fence with the code and the outputs of its cell."""

from __future__ import annotations

import html
import xml.etree.ElementTree as etree
from collections.abc import Iterator

from markdown import Markdown
from markdown.blockprocessors import BlockProcessor
from markdown.util import ETX, STX

from precis.base.finding import Malformed, errors
from precis.book.book import Book, Verified
from precis.page.box import box_lines
from precis.page.lexer import CELL
from precis.page.page import Page
from precis.source.snippet import Cell, Snippet
from precis.text.fences import Fence, make_fence

CODE_BLOCK_OPTIONS = ("title", "hl_lines", "linenums")
"""Options of a fence that are forwarded to its code block; Material documents them."""

FIGURE_OPTIONS = ("alt", "caption", "fold")
"""Options of a cell with a figure; `fold` is the title under which its code is folded."""

_FIGURE = f"{STX}precis-figure{ETX}"
"""The start of a figure's placeholder."""


class EmbedRenderer:
    """Renders the embeds of one page."""

    def __init__(self, md: Markdown, book: Book, page: Page) -> None:
        self.md = md
        self.book = book
        self.page = page
        self.alternatives: dict[str, str] = {}
        """The alternative texts of figures, by placeholder."""

    def render(self, fence: Fence) -> list[str]:
        """Return the Markdown lines that replace a `snippet` fence."""
        try:
            snippet, cell = self.book.cell(fence.body.strip())
            verified = self.book.verified(snippet.path)
        except LookupError as error:
            message = f"an embed of nothing: {fence.body.strip() or 'it is empty'}"
            return box_lines(self.page.report(fence.line, message, str(error)), self.md)
        except Malformed as error:
            return [line for f in error.findings for line in box_lines(f, self.md)]
        mismatches = self.book.project.policy.apply("values", verified.mismatches_of(cell))
        boxes = [line for f in errors(mismatches) for line in box_lines(f, self.md)]
        figures = verified.record.run.figures.get(cell.name, ())
        for message, hint in _option_errors(fence, bool(figures)):
            boxes += box_lines(self.page.report(fence.line, message, hint), self.md)
        code = _render_cell(verified, cell, fence.options)
        if title := fence.options.get("fold"):
            code = [f'??? abstract "{title}"', "", *(f"    {line}".rstrip() for line in code)]
        return [*self._render_figures(fence, figures), *code, *boxes]

    def without_figures(self, markdown: str) -> str:
        """Replace the placeholders of figures by their alternative texts."""
        for placeholder, alt in self.alternatives.items():
            markdown = markdown.replace(placeholder, f"[{alt}] " if alt else "")
        return markdown

    def _render_figures(self, fence: Fence, figures: tuple[str, ...]) -> list[str]:
        lines = []
        alt = fence.options.get("alt", "")
        for svg in figures:
            label = f'<svg role="img" aria-label="{html.escape(alt)}" '
            placeholder = _FIGURE + self.md.htmlStash.store(svg.replace("<svg ", label, 1))
            self.alternatives[placeholder] = alt
            lines += ["", placeholder + fence.options.get("caption", ""), ""]
        return lines


class FigureProcessor(BlockProcessor):
    """Turns a figure's placeholder into an element, with its caption as inline Markdown."""

    def test(self, parent: etree.Element, block: str) -> bool:
        """Return whether a block is a figure."""
        return block.startswith(_FIGURE)

    def run(self, parent: etree.Element, blocks: list[str]) -> None:
        """Add the figure to its parent."""
        image, _, caption = blocks.pop(0).removeprefix(_FIGURE).partition(ETX)
        figure = etree.SubElement(parent, "figure", {"class": "precis-figure"})
        etree.SubElement(figure, "div").text = image + ETX
        if caption.strip():
            etree.SubElement(figure, "figcaption").text = caption.strip()


def cell_attributes(snippet: Snippet, cell: Cell) -> str:
    """Return the attributes that name a cell on its block."""
    return f'data-source="{snippet.name}" data-cell="{cell.name}"'


def _render_cell(verified: Verified, cell: Cell, options: dict[str, str]) -> list[str]:
    """Return the cell as a fence: its code, with the actual outputs in its `#>` lines."""
    snippet = verified.snippet
    expectations = cell.expectation_lines
    outcomes = verified.outcomes
    printed = {s.end: outcomes[s.line].printed for s in cell.statements if s.line in outcomes}
    lines: list[str] = []
    for number in range(cell.line + 1, cell.end + 1):
        if number not in expectations:
            lines.append(snippet.lines[number - 1])
        lines += [f"#> {line}".rstrip() for line in printed.get(number, ())]
    while lines and not lines[0].strip():
        del lines[0]
    passed_on = "".join(f" {k}={_quote(options[k])}" for k in CODE_BLOCK_OPTIONS if k in options)
    attributes = cell_attributes(snippet, cell)
    return make_fence(f" {{.{CELL} .annotate{passed_on} {attributes}}}", lines)


def _quote(value: str) -> str:
    return f"'{value}'" if '"' in value else f'"{value}"'


def _option_errors(fence: Fence, has_figure: bool) -> Iterator[tuple[str, str]]:
    """Yield a message and a hint for each wrong or missing option."""
    for name in fence.options:
        if name not in (*CODE_BLOCK_OPTIONS, *FIGURE_OPTIONS):
            hint = f"Known: {', '.join(CODE_BLOCK_OPTIONS + FIGURE_OPTIONS)}"
            yield f"an unknown option {name}", hint
        elif name in FIGURE_OPTIONS and not has_figure:
            yield f"the option {name} on a cell that draws no figure", "Remove it."
    if has_figure and not fence.options.get("alt"):
        hint = 'Describe it for readers who cannot see it: ```snippet alt="…"'
        yield "a figure without alternative text", hint
