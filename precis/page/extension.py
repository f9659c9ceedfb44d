"""The Python-Markdown extension that puts verified cells into pages.

Embeds are rendered before superfences runs. Findings are collected, and shown on the page in
boxes.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as etree
from collections import defaultdict
from pathlib import Path
from typing import Any

from markdown import Markdown
from markdown.blockprocessors import BlockProcessor
from markdown.extensions import Extension
from markdown.postprocessors import Postprocessor
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor
from pymdownx.superfences import SuperFencesBlockPreprocessor, SuperFencesCodeExtension

from precis.base.finding import Malformed
from precis.base.project import Project
from precis.base.words import words
from precis.book.attest import FOLDER, Attestation, commit_and_date, read_attestations
from precis.book.book import Book
from precis.page.badge import BADGE, render_badge
from precis.page.box import box_lines, stash_box
from precis.page.embeds import EmbedRenderer, FigureProcessor, cell_attributes
from precis.page.glossary import TermTooltips
from precis.page.page import Page
from precis.run.record import Records
from precis.text.checks import page_findings
from precis.text.fences import find_unfenced_code, register_snippet_fence, why_refused
from precis.text.lock import outdated_notices
from precis.text.pages import PageReader
from precis.text.prose import PageText
from precis.text.witness import is_excuse

_OUTPUT_LINE = re.compile(r'(<span id="__span-\d+-\d+")(?=><span class="go">)')
"""The element of an output line; Pygments makes it and pymdownx numbers it."""

_BLOCK = re.compile(r"<div [^>]*\bdata-cell=.*?</code></pre>", re.S)
"""The block of a cell, up to the end of its code."""

_VERIFIED = re.compile(r'data-verified="([^"]*)"')
"""The devices and versions in the badge."""


class PrecisExtension(Extension):
    """`markdown_extensions: [precis]`; adds pymdownx.superfences and attr_list if absent."""

    def __init__(self, book: Book | None = None, **options: Any) -> None:
        self.config = {
            "snippets": ["snippets", "the folder of the snippets"],
            "elements": [[], "custom elements that hold Markdown"],
        }
        super().__init__(**options)
        self.book = book or self._book(Path(self.getConfig("snippets")).resolve())
        self.page = Page()
        """The page to convert: set it before a conversion, and read its findings afterwards."""

        self._attestations: tuple[int, list[Attestation], str | None] | None = None

    def extendMarkdown(self, md: Markdown) -> None:
        """Register before superfences (25) and after whitespace is normalised (30)."""
        md.registerExtension(self)
        md.block_level_elements += self.getConfig("elements")  # for md_in_html
        _add_missing_extensions(md)
        register_snippet_fence(md)
        if not hasattr(self, "reader"):  # one reader, for its caches; all Markdowns are alike
            self.reader = PageReader(self.book, md)
        md.preprocessors.register(_EmbedPreprocessor(md, self), "precis", 26)
        md.treeprocessors.register(_BadgeProcessor(md, self), "precis-badge", 4)
        tooltips = TermTooltips(md, lambda: self.page.source.page_path)
        md.treeprocessors.register(tooltips, "precis-glossary", 3)
        md.treeprocessors.register(_AttributeCheck(md, self), "precis-attributes", 2)
        md.postprocessors.register(_OutputLines(md, self), "precis-output", 5)
        md.parser.blockprocessors.register(FigureProcessor(md.parser), "precis-figure", 185)
        md.parser.blockprocessors.register(_IndentedCodeCheck(md, self), "code", 80)

    def _book(self, snippets: Path) -> Book:
        """Return the book of a folder of snippets, in a project with default settings."""
        project = Project.from_settings(snippets.parent, snippets=snippets.name)
        return Book(project, Records(project.root))

    def attestations(self) -> list[Attestation]:
        """Return the attestations of other machines. Raises Malformed."""
        return self._read_attestations()[0]

    def date(self) -> str | None:
        """Return the date of the version that is verified. Raises Malformed."""
        return self._read_attestations()[1]

    def _read_attestations(self) -> tuple[list[Attestation], str | None]:
        """Return the attestations and the date, re-read for each build."""
        if self._attestations is None or self._attestations[0] != self.book.generation:
            folder = self.book.folder
            attestations = read_attestations(folder.with_name(FOLDER))
            date = commit_and_date(folder)[1]
            self._attestations = (self.book.generation, attestations, date)
        return self._attestations[1:]


def _add_missing_extensions(md: Markdown) -> None:
    """Add superfences and attr_list if absent, and let superfences have the fences."""
    superfences = [e for e in md.registeredExtensions if isinstance(e, SuperFencesCodeExtension)]
    if not superfences:
        md.registerExtensions(["pymdownx.superfences"], {})
    elif not _superfences_has_fences(md):  # Markdown's own `extra` was listed after it
        superfences[-1].patch_fenced_rule()
    if "attr_list" not in md.treeprocessors:
        md.registerExtensions(["attr_list"], {})


def _superfences_has_fences(md: Markdown) -> bool:
    return isinstance(md.preprocessors["fenced_code_block"], SuperFencesBlockPreprocessor)


class _EmbedPreprocessor(Preprocessor):
    """Replaces embeds, and inserts the boxes of findings and the notices for readers."""

    def __init__(self, md: Markdown, extension: PrecisExtension) -> None:
        super().__init__(md)
        self.md: Markdown = md
        self.extension = extension

    def run(self, lines: list[str]) -> list[str]:
        if not _superfences_has_fences(self.md):
            raise ValueError(
                "list precis after the extension that takes its fences (fenced_code, extra)"
            )
        book, reader, page = self.extension.book, self.extension.reader, self.extension.page
        source = page.source = reader.parse_page(
            page.source.path, lines, page.source.first_line, page.source.lab_page
        )
        boxes: dict[int, list[str]] = defaultdict(list)
        for line, message, hint in find_unfenced_code(
            lines, list(source.fences), source.first_line
        ):
            boxes[line] += box_lines(page.report(line, message, hint), self.md)
        embeds = EmbedRenderer(self.md, book, page)
        replaced: dict[int, list[str]] = {}
        for fence in source.fences:
            if fence.is_embed:
                replaced[fence.line] = embeds.render(fence)
            elif error := why_refused(fence):
                box = box_lines(page.report(fence.line, *error), self.md)
                if fence.in_comment:  # the box must be visible
                    boxes[source.first_line] += box
                replaced[fence.line] = [] if fence.in_comment else box
        try:
            findings = page_findings(reader, source)
        except Malformed as malformed:  # a twin
            findings = malformed.findings
        page.findings += findings
        for finding in findings:
            boxes[source.block_start(finding.line)] += box_lines(finding, self.md)
        notices = outdated_notices(book.project, source)
        out = _assemble(source, boxes, replaced, notices)
        page.markdown = embeds.without_figures("\n".join(out))
        return out


def _assemble(
    source: PageText,
    boxes: dict[int, list[str]],
    replaced: dict[int, list[str]],
    notices: dict[int, str],
) -> list[str]:
    """Return a page's lines, without excuses.

    Boxes go above their line, and notices below it; the lines in `replaced` are those of fences.
    """
    out: list[str] = []
    fences = {fence.line: fence for fence in source.fences if fence.line in replaced}
    skip = 0
    for number, line in enumerate(source.lines, source.first_line):
        indent = line[: len(line) - len(line.lstrip(" "))]
        if number in boxes and number > skip:
            out += [indent + added if added else added for added in boxes[number]]
        if number in fences:
            prefix = fences[number].prefix
            out += [prefix + added if added else prefix.rstrip() for added in replaced[number]]
            skip = fences[number].end
        elif number > skip and not is_excuse(line):
            out.append(line)
        if number in notices:
            out += ["", f"*{notices[number]}*", ""]
    return out


class _BadgeProcessor(Treeprocessor):
    """Appends the badge to a page."""

    def __init__(self, md: Markdown, extension: PrecisExtension) -> None:
        super().__init__(md)
        self.extension = extension

    def run(self, root: etree.Element) -> None:
        extension, page = self.extension, self.extension.page
        try:
            attestations, date = extension.attestations(), extension.date()
        except Malformed as error:
            page.findings += error.findings
            return
        cells = extension.reader.embedded_cells(page.source)
        badge = render_badge(page.source, extension.book, cells, attestations, date)
        if badge is not None:
            root.append(badge)


class _OutputLines(Postprocessor):
    """Adds a class to output lines, and a tick to blocks with outputs.

    Browsers take seconds to select the lines by their content.
    """

    def __init__(self, md: Markdown, extension: PrecisExtension) -> None:
        super().__init__(md)
        self.extension = extension

    def run(self, text: str) -> str:
        text = _OUTPUT_LINE.sub(r'\1 class="precis-output"', text)
        if not (badge := _VERIFIED.search(text)):
            return text
        label = f"{words(self.extension.page.source.language).verified} {badge[1]}"
        tick = f'<a class="precis-seal" href="#{BADGE}" aria-label="{label}"></a>'
        return _BLOCK.sub(lambda b: b[0] + tick if '"go"' in b[0] else b[0], text)


class _AttributeCheck(Treeprocessor):
    """Reports blocks without the names of their cells, on which `precis audit` relies."""

    def __init__(self, md: Markdown, extension: PrecisExtension) -> None:
        super().__init__(md)
        self.extension = extension

    def run(self, root: etree.Element) -> None:
        page = self.extension.page
        blocks = "\n".join(map(str, self.md.htmlStash.rawHtmlBlocks))
        for snippet, cell in self.extension.reader.embedded_cells(page.source):
            attributes = cell_attributes(snippet, cell)
            before, match, _ = blocks.partition(attributes)
            element = before[before.rfind("<") :]
            if match and element.startswith("<div ") and "highlight" in element:
                continue
            name = f"{snippet.name}:{cell.name}"
            line = next(f.line for f in page.source.fences if f.body.strip() == name)
            finding = page.report(
                line,
                f'the block of {name} is no <div class="highlight" {attributes}>',
                "Let attr_list and pymdownx.highlight (use_pygments: true) make it.",
            )
            etree.SubElement(root, "p").text = stash_box(finding, self.md)


class _IndentedCodeCheck(BlockProcessor):
    """Reports blocks that only their indentation makes code: nothing verifies them."""

    def __init__(self, md: Markdown, extension: PrecisExtension) -> None:
        super().__init__(md.parser)
        self.md = md
        self.extension = extension

    def test(self, parent: etree.Element, block: str) -> bool:
        return block.startswith(" " * self.tab_length)

    def run(self, parent: etree.Element, blocks: list[str]) -> None:
        page = self.extension.page
        first = blocks.pop(0).split("\n")[0].strip()
        indented = re.compile(rf"[> \t]* {{4}}{re.escape(first)}\s*")
        reported = {finding.line for finding in page.findings}
        lines = (
            number
            for number, line in enumerate(page.source.lines, page.source.first_line)
            if indented.fullmatch(line) and number not in reported
        )
        finding = page.report(
            next(lines, page.source.first_line),
            f"a block that only its indentation makes code: {first!r}",
            "Move Python to snippets/; remove the indentation of other text.",
        )
        etree.SubElement(parent, "p").text = stash_box(finding, self.md)
