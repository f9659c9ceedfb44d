"""The Python-Markdown extension that puts verified cells into pages.

Embeds are rendered before superfences runs. Findings are collected, and shown on the page in
boxes.
"""

from __future__ import annotations

import copy
import re
import xml.etree.ElementTree as etree
from collections import defaultdict
from pathlib import Path
from typing import Any, Self

from markdown import Markdown
from markdown.blockprocessors import CodeBlockProcessor
from markdown.extensions import Extension
from markdown.postprocessors import Postprocessor
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor
from pymdownx.highlight import HighlightExtension
from pymdownx.superfences import SuperFencesBlockPreprocessor, SuperFencesCodeExtension

from precis.base.finding import Finding, Malformed
from precis.base.policy import Policy
from precis.base.project import Project
from precis.book.attest import Attestations
from precis.book.book import Book
from precis.page.badge import BADGE, render_badge
from precis.page.box import box_lines, stash_box
from precis.page.embeds import EmbedRenderer, FigureProcessor, cell_attributes
from precis.page.glossary import TermTooltips
from precis.page.page import Page
from precis.run.record import Records
from precis.text.checks import page_findings
from precis.text.fences import EMBED, find_unfenced_code, register_snippet_fence, why_refused
from precis.text.lock import outdated_notices
from precis.text.pages import PageReader
from precis.text.prose import PageText
from precis.text.witness import find_excuses

_OUTPUT_LINE = re.compile(r'(<span id="[\w-]+-\d+-\d+")(?=><span class="go">)')
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
            "checks": [{}, "the level of each check: precis.base.policy"],
        }
        super().__init__(**options)
        self.book = book or self._book(Path(self.getConfig("snippets")).resolve())
        self.attestations = Attestations(self.book)
        self.reader: PageReader | None = None
        """Reads pages as the site's Markdown does; if None, each Markdown has its own reader."""

        self.page = Page()
        """The page that a Markdown with this extension converts."""

    def for_page(self, page: Page, book: Book | None = None) -> Self:
        """Return the same extension for another page, whose outputs come from `book` if given."""
        extension = copy.copy(self)
        extension.page, extension.book = page, book or self.book
        return extension

    def extendMarkdown(self, md: Markdown) -> None:
        """Register before superfences (25) and after whitespace is normalised (30)."""
        md.registerExtension(self)
        md.block_level_elements += self.getConfig("elements")  # for md_in_html
        _add_missing_extensions(md)
        register_snippet_fence(md)
        page, reader = self.page, self.reader or PageReader(self.book, md)
        policy = self.book.project.policy
        embeds = EmbedRenderer(md, self.book, page)
        md.preprocessors.register(_PagePreprocessor(md, page, reader, embeds), "precis", 26)
        if policy.asks_for("badges"):
            md.treeprocessors.register(_BadgeProcessor(md, self, reader), "precis-badge", 4)
        md.treeprocessors.register(TermTooltips(md, page), "precis-glossary", 3)
        check = _AttributeCheck(md, page, reader)
        md.treeprocessors.register(check, "precis-attributes", 2)
        md.postprocessors.register(_OutputLines(md, self), "precis-output", 5)
        md.parser.blockprocessors.register(FigureProcessor(md.parser), "precis-figure", 185)
        if policy.asks_for("code-fences"):
            code = _IndentedCodeCheck(md, page, policy)
            md.parser.blockprocessors.register(code, "code", 80)

    def _book(self, snippets: Path) -> Book:
        """Return the book of a folder of snippets, in a project with default settings."""
        checks = self.getConfig("checks")
        project = Project.from_settings(snippets.parent, snippets=snippets.name, checks=checks)
        return Book(project, Records(project.root))


def _add_missing_extensions(md: Markdown) -> None:
    """Add superfences and attr_list if absent, and let superfences have the fences."""
    superfences = [e for e in md.registeredExtensions if isinstance(e, SuperFencesCodeExtension)]
    if not superfences:
        md.registerExtensions(["pymdownx.superfences"], {})
    elif not _superfences_has_fences(md):  # Markdown's own `extra` was listed after it
        superfences[-1].patch_fenced_rule()
    if "attr_list" not in md.treeprocessors:
        md.registerExtensions(["attr_list"], {})


def _add_line_elements(md: Markdown) -> None:
    """Let each line of a block be an element, which a copy can leave out.

    At conversion, when all extensions are there: one listed later would not be taken.
    """
    lines = {"line_spans": "__span"}
    extensions = [e for e in md.registeredExtensions if isinstance(e, HighlightExtension)]
    if not any(extension.enabled for extension in extensions):
        md.registerExtensions(["pymdownx.highlight"], {"pymdownx.highlight": lines})
    for extension in extensions:
        if not extension.getConfig("line_spans"):
            extension.setConfigs(lines)


def _superfences_has_fences(md: Markdown) -> bool:
    return isinstance(md.preprocessors["fenced_code_block"], SuperFencesBlockPreprocessor)


class _PagePreprocessor(Preprocessor):
    """Replaces embeds, and inserts the boxes of findings and the notices for readers."""

    def __init__(self, md: Markdown, page: Page, reader: PageReader, embeds: EmbedRenderer) -> None:
        super().__init__(md)
        self.md: Markdown = md
        self.page = page
        self.reader = reader
        self.embeds = embeds

    def run(self, lines: list[str]) -> list[str]:
        if not _superfences_has_fences(self.md):
            raise ValueError(
                "list precis after the extension that takes its fences (fenced_code, extra)"
            )
        _add_line_elements(self.md)
        page, embeds, policy = self.page, self.embeds, self.reader.project.policy
        source = page.source = self.reader.parse_page(
            page.source.path, lines, page.source.first_line, page.source.lab_page
        )
        boxes: dict[int, list[str]] = defaultdict(list)
        for unfenced in find_unfenced_code(lines, list(source.fences), source.first_line):
            code = Finding(source.path, unfenced[0], 1, *unfenced[1:])
            is_embed = EMBED in source.lines[code.line - source.first_line]
            for finding in [code] if is_embed else policy.apply("code-fences", [code]):
                boxes[finding.line] += self._report(finding)
        replaced: dict[int, list[str]] = {}
        for fence in source.fences:
            if fence.is_embed:
                replaced[fence.line] = embeds.render(fence)
            elif error := why_refused(fence):
                code = Finding(source.path, fence.line, 1, *error)
                is_embed = fence.language == EMBED
                for finding in [code] if is_embed else policy.apply("code-fences", [code]):
                    box = self._report(finding)
                    if fence.in_comment:  # the box must be visible
                        boxes[source.first_line] += box
                    if not finding.is_warning:
                        replaced[fence.line] = [] if fence.in_comment else box
        try:
            findings = page_findings(self.reader, source)
        except Malformed as malformed:  # a twin
            findings = malformed.findings
        for finding in findings:
            boxes[source.block_start(finding.line)] += self._report(finding)
        notices = outdated_notices(self.reader.project, source)
        out = _assemble(source, boxes, replaced, notices)
        page.markdown = embeds.without_figures("\n".join(out))
        return out

    def _report(self, finding: Finding) -> list[str]:
        """Add a finding to the page, and return the lines of its box; a warning has none."""
        self.page.findings += (finding,)
        return [] if finding.is_warning else box_lines(finding, self.md)


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
    excuses = find_excuses(source)
    skip = 0
    for number, line in enumerate(source.lines, source.first_line):
        indent = line[: len(line) - len(line.lstrip(" "))]
        if number in boxes and number > skip:
            out += [indent + added if added else added for added in boxes[number]]
        if number in fences:
            prefix = fences[number].prefix
            out += [prefix + added if added else prefix.rstrip() for added in replaced[number]]
            skip = fences[number].end
        elif number > skip and number not in excuses:
            out.append(line)
        if number in notices:
            out += ["", f"*{notices[number]}*", ""]
    return out


class _BadgeProcessor(Treeprocessor):
    """Appends the badge to a page."""

    def __init__(self, md: Markdown, extension: PrecisExtension, reader: PageReader) -> None:
        super().__init__(md)
        self.extension = extension
        self.reader = reader

    def run(self, root: etree.Element) -> None:
        page, book = self.extension.page, self.extension.book
        try:
            attestations, date = self.extension.attestations.read()
        except Malformed as error:
            page.findings += error.findings
            return
        cells = self.reader.embedded_cells(page.source)
        badge = render_badge(page.source, book, cells, attestations, date)
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
        words = self.extension.book.project.words(self.extension.page.source.language)
        label = f"{words.verified} {badge[1]}"
        tick = f'<a class="precis-seal" href="#{BADGE}" aria-label="{label}"></a>'
        return _BLOCK.sub(lambda b: b[0] + tick if '"go"' in b[0] else b[0], text)


class _AttributeCheck(Treeprocessor):
    """Reports blocks without the names of their cells, on which `precis audit` relies."""

    def __init__(self, md: Markdown, page: Page, reader: PageReader) -> None:
        super().__init__(md)
        self.page = page
        self.reader = reader

    def run(self, root: etree.Element) -> None:
        page = self.page
        blocks = "\n".join(map(str, self.md.htmlStash.rawHtmlBlocks))
        for snippet, cell in self.reader.embedded_cells(page.source):
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


class _IndentedCodeCheck(CodeBlockProcessor):
    """Reports blocks that only their indentation makes code: nothing verifies them."""

    def __init__(self, md: Markdown, page: Page, policy: Policy) -> None:
        super().__init__(md.parser)
        self.md = md
        self.page = page
        self.policy = policy

    def run(self, parent: etree.Element, blocks: list[str]) -> None:
        page = self.page
        first = blocks[0].split("\n")[0].strip()
        indented = re.compile(rf"[> \t]* {{4}}{re.escape(first)}\s*")
        reported = {finding.line for finding in page.findings}
        lines = (
            number
            for number, line in enumerate(page.source.lines, page.source.first_line)
            if indented.fullmatch(line) and number not in reported
        )
        code = Finding(
            page.source.path,
            next(lines, page.source.first_line),
            1,
            f"a block that only its indentation makes code: {first!r}",
            "Move Python to snippets/; remove the indentation of other text.",
        )
        (finding,) = self.policy.apply("code-fences", [code])
        page.findings += (finding,)
        if finding.is_warning:
            super().run(parent, blocks)
        else:
            blocks.pop(0)
            etree.SubElement(parent, "p").text = stash_box(finding, self.md)
