"""Put verified cells into pages: a Python-Markdown extension.

A `snippet` fence becomes, before superfences sees it, a fence with the cell's
code and what the run printed; a figure follows or precedes it. What is wrong is
reported, and shown in place in a box.
"""

from __future__ import annotations

import html
import re
import xml.etree.ElementTree as etree
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markdown import Markdown
from markdown.blockprocessors import BlockProcessor
from markdown.extensions import Extension
from markdown.postprocessors import Postprocessor
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor
from markdown.util import ETX, STX
from pymdownx.superfences import SuperFencesBlockPreprocessor, SuperFencesCodeExtension

from precis.base.finding import Finding, Malformed
from precis.base.project import Project
from precis.book.attest import FOLDER, Attestation, committed, read_all
from precis.book.book import Book, Verified
from precis.page.badge import badge
from precis.page.glossary import Definitions
from precis.page.lexer import CELL, colour_once
from precis.run.record import Records
from precis.source.snippet import Cell, Snippet
from precis.text.checks import page_findings
from precis.text.fences import Fence, let_embeds_have_options, refusal, strays
from precis.text.pages import Reader
from precis.text.parity import behind
from precis.text.prose import Written
from precis.text.witness import is_excuse

FENCE_OPTIONS = ("title", "hl_lines", "linenums")
"""Options that go on to the code block; Material documents them."""

FIGURE_OPTIONS = ("alt", "caption", "fold")
"""Options of a cell with a figure: `fold` puts its code away under that title."""


@dataclass
class Page:
    """The page being converted, and what was found in it."""

    path: str = "page"
    first_line: int = 1
    """The line of the file at which the Markdown starts: after the front matter."""

    place: str = ""
    """Where its links start from, if not from `path`."""

    language: str = ""
    lines: tuple[str, ...] = ()
    fences: tuple[Fence, ...] = ()
    findings: tuple[Finding, ...] = ()

    text: str = ""
    """Its Markdown with what the run printed where it has embeds; a figure is what it shows."""

    @property
    def written(self) -> Written:
        """Its text."""
        return Written(
            self.path, self.lines, self.first_line, self.fences, self.place, self.language
        )

    def report(self, line: int, what: str, hint: str) -> Finding:
        """Add a finding at a line of the file."""
        finding = Finding(self.path, line, 1, what, hint)
        self.findings += (finding,)
        return finding


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
        """Set it before a page is converted; read its fences and findings afterwards."""

        self.coloured: dict[str, str] = {}
        """Cells with their colours; empty it before a site is built."""

        self._attestations: tuple[int, list[Attestation], str | None] | None = None

    def extendMarkdown(self, md: Markdown) -> None:
        """Register before superfences (25) and after whitespace is normalised (30)."""
        md.registerExtension(self)
        md.block_level_elements += self.getConfig("elements")  # as md_in_html asks
        _add_missing(md)
        let_embeds_have_options(md)
        colour_once(md, self.coloured)
        if not hasattr(self, "reader"):  # all are configured alike, and it remembers pages
            self.reader = Reader(self.book, md)
        md.preprocessors.register(_Embeds(md, self), "precis", 26)
        md.treeprocessors.register(_Badge(md, self), "precis-badge", 4)
        md.treeprocessors.register(
            Definitions(md, lambda: self.page.written.at), "precis-glossary", 3
        )
        md.treeprocessors.register(_Attributes(md, self), "precis-attributes", 2)
        md.postprocessors.register(_OutputLines(md), "precis-output", 5)
        md.parser.blockprocessors.register(_Figure(md.parser), "precis-figure", 185)
        md.parser.blockprocessors.register(_IndentedCode(md, self), "code", 80)

    def _book(self, snippets: Path) -> Book:
        """Return the book of a folder of snippets whose project says nothing else."""
        project = Project.configured(snippets.parent, snippets=snippets.name)
        return Book(project, Records(project.root))

    def attestations(self) -> list[Attestation]:
        """Those of other machines, read again for each build. Raises Malformed."""
        return self._known()[0]

    def date(self) -> str | None:
        """Of the version that is verified, read again for each build. Raises Malformed."""
        return self._known()[1]

    def _known(self) -> tuple[list[Attestation], str | None]:
        if self._attestations is None or self._attestations[0] != self.book.runs:
            folder = self.book.folder
            others = read_all(folder.with_name(FOLDER))
            self._attestations = (self.book.runs, others, committed(folder)[1])
        return self._attestations[1:]


def _add_missing(md: Markdown) -> None:
    """Add the extensions that make blocks of code, and give them their attributes."""
    known = [e for e in md.registeredExtensions if isinstance(e, SuperFencesCodeExtension)]
    if not known:
        md.registerExtensions(["pymdownx.superfences"], {})
    elif not _superfences_take_fences(md):  # Markdown's own `extra` was listed after it
        known[-1].patch_fenced_rule()
    if "attr_list" not in md.treeprocessors:
        md.registerExtensions(["attr_list"], {})


def _superfences_take_fences(md: Markdown) -> bool:
    return isinstance(md.preprocessors["fenced_code_block"], SuperFencesBlockPreprocessor)


class _Badge(Treeprocessor):
    """Says at the end of a page what was verified of it."""

    def __init__(self, md: Markdown, extension: PrecisExtension) -> None:
        super().__init__(md)
        self.extension = extension

    def run(self, root: etree.Element) -> None:
        extension, page = self.extension, self.extension.page
        written = page.written
        try:
            attestations, date = extension.attestations(), extension.date()
        except Malformed as error:
            page.findings += error.findings
            return
        shown = extension.reader.shown(written)
        paragraph = badge(written, extension.book, shown, attestations, date)
        if paragraph is not None:
            root.append(paragraph)


class _OutputLines(Postprocessor):
    """Gives a line of output a class: browsers take seconds to find it by what it holds."""

    def run(self, text: str) -> str:
        return _OUTPUT_LINE.sub(r'\1 class="precis-output"', text)


_OUTPUT_LINE = re.compile(r'(<span id="__span-\d+-\d+")(?=><span class="go">)')
"""The line that Pygments makes of an output; pymdownx numbers it."""


class _Attributes(Treeprocessor):
    """Reports cells whose block does not name them: `precis audit` and other sites rely on it."""

    def __init__(self, md: Markdown, extension: PrecisExtension) -> None:
        super().__init__(md)
        self.extension = extension

    def run(self, root: etree.Element) -> None:
        page = self.extension.page
        blocks = "\n".join(map(str, self.md.htmlStash.rawHtmlBlocks))
        for snippet, cell in self.extension.reader.shown(page.written):
            before, named, _ = blocks.partition(_source(snippet, cell))
            element = before[before.rfind("<") :]
            if named and element.startswith("<div ") and "highlight" in element:
                continue
            name = f"{snippet.name}:{cell.name}"
            line = next(f.line for f in page.fences if f.body.strip() == name)
            finding = page.report(
                line,
                f'the block of {name} is no <div class="highlight" {_source(snippet, cell)}>',
                "Let attr_list and pymdownx.highlight (use_pygments: true) make it.",
            )
            etree.SubElement(root, "p").text = boxed(finding, self.md)


def _source(snippet: Snippet, cell: Cell) -> str:
    """Return the attributes that name a cell on its block."""
    return f'data-source="{snippet.name}" data-cell="{cell.name}"'


def boxed(finding: Finding, md: Markdown) -> str:
    """A box that shows a finding on its page, stashed: the text that stands for it."""
    return md.htmlStash.store(box(finding))


def box(finding: Finding) -> str:
    """A box that shows a finding."""
    head, _, hint = str(finding).partition("\n")
    return (
        '<div class="admonition failure precis-finding" role="alert">'
        f'<p class="admonition-title">{html.escape(head)}</p>'
        f"<pre>{html.escape(hint)}</pre></div>"
    )


class _Embeds(Preprocessor):
    def __init__(self, md: Markdown, extension: PrecisExtension) -> None:
        super().__init__(md)
        self.md: Markdown = md
        self.extension = extension
        self.shows: dict[str, str] = {}
        """What each figure of the page shows, by the mark that stands for it."""

    def run(self, lines: list[str]) -> list[str]:
        page = self.extension.page
        if not _superfences_take_fences(self.md):
            raise ValueError(
                "list precis after the extension that takes its fences (fenced_code, extra)"
            )
        self.shows.clear()
        written = self.extension.reader.written(page.path, lines, page.first_line, page.place)
        page.lines, page.fences, page.language = written.lines, written.fences, written.language
        boxes: dict[int, list[str]] = {}
        for number, what, hint in strays(lines, list(page.fences), page.first_line):
            boxes[number] = ["", self._box(page.report(number, what, hint)), ""]
        new: dict[int, list[str]] = {}
        for fence in page.fences:
            if fence.embeds:
                new[fence.line] = self._embedded(fence)
            elif refused := refusal(fence):
                box = ["", self._box(page.report(fence.line, *refused)), ""]
                if fence.in_comment:  # the box must not be in it
                    boxes.setdefault(page.first_line, []).extend(box)
                new[fence.line] = [] if fence.in_comment else box
        try:
            wrong = page_findings(self.extension.reader, written)
        except Malformed as error:  # a page with which it is compared
            wrong = error.findings
        page.findings += wrong
        told = behind(self.extension.book.project, written)
        for finding in wrong:
            above = written.start(finding.line)
            boxes[above] = [*boxes.get(above, ()), "", self._box(finding), ""]
        out: list[str] = []
        replaced = {fence.line: fence for fence in page.fences if fence.line in new}
        skip = 0
        for number, line in enumerate(lines, page.first_line):
            indent = line[: len(line) - len(line.lstrip(" "))]
            if number in boxes and number > skip:
                out += [indent + added if added else added for added in boxes[number]]
            if number in replaced:
                prefix = replaced[number].prefix
                out += [prefix + added if added else prefix.rstrip() for added in new[number]]
                skip = replaced[number].end
            elif number > skip and not is_excuse(line):
                out.append(line)
            if number in told:
                out += ["", f"*{told[number]}*", ""]
        page.text = "\n".join(out)
        for mark, alt in self.shows.items():
            page.text = page.text.replace(mark, f"[{alt}] " if alt else "")
        return out

    def _embedded(self, fence: Fence) -> list[str]:
        """The lines that stand for a `snippet` fence."""
        page = self.extension.page
        try:
            snippet, cell = self.extension.book.cell(fence.body.strip())
            verified = self.extension.book.verified(snippet.path)
        except LookupError as error:
            what = f"an embed of nothing: {fence.body.strip() or 'it is empty'}"
            return ["", self._box(page.report(fence.line, what, str(error))), ""]
        except Malformed as error:
            return [line for f in error.findings for line in ("", self._box(f), "")]
        boxes = [line for f in verified.findings(cell) for line in ("", self._box(f), "")]
        drawn = verified.record.run.figures.get(cell.name, ())
        for what, hint in _wrong_options(fence, bool(drawn)):
            boxes += ["", self._box(page.report(fence.line, what, hint)), ""]
        code = _fenced(verified, cell, fence.options)
        if title := fence.options.get("fold"):
            code = [f'??? abstract "{title}"', "", *(f"    {line}".rstrip() for line in code)]
        return [*self._figures(fence, drawn), *code, *boxes]

    def _figures(self, fence: Fence, drawn: tuple[str, ...]) -> list[str]:
        lines = []
        alt = html.escape(fence.options.get("alt", ""))
        for svg in drawn:
            named = svg.replace("<svg ", f'<svg role="img" aria-label="{alt}" ', 1)
            mark = f"{STX}precis-figure{ETX}{self.md.htmlStash.store(named)}"
            self.shows[mark] = fence.options.get("alt", "")
            lines += ["", mark + fence.options.get("caption", ""), ""]
        return lines

    def _box(self, finding: Finding) -> str:
        return boxed(finding, self.md)


def _fenced(verified: Verified, cell: Cell, options: dict[str, str]) -> list[str]:
    """The cell as a fence: its lines, with what the run printed for its `#>` lines."""
    snippet = verified.snippet
    expectations = cell.expected
    ran = verified.outcomes
    printed = {s.end: ran[s.line].printed for s in cell.statements if s.line in ran}
    lines: list[str] = []
    for number in range(cell.line + 1, cell.end + 1):
        if number not in expectations:
            lines.append(snippet.lines[number - 1])
        lines += [f"#> {line}".rstrip() for line in printed.get(number, ())]
    while lines and not lines[0].strip():
        del lines[0]
    longest = max(map(len, re.findall("`+", "\n".join(lines))), default=0)
    ticks = "`" * max(3, longest + 1)
    kept = "".join(f" {k}={_quoted(options[k])}" for k in FENCE_OPTIONS if k in options)
    source = _source(snippet, cell)
    return [f"{ticks} {{.{CELL} .annotate{kept} {source}}}", *lines, ticks]


def _quoted(value: str) -> str:
    return f"'{value}'" if '"' in value else f'"{value}"'


def _wrong_options(fence: Fence, has_figure: bool) -> list[tuple[str, str]]:
    found = []
    for name in fence.options:
        if name not in (*FENCE_OPTIONS, *FIGURE_OPTIONS):
            found.append(
                (f"an unknown option {name}", f"Known: {', '.join(FENCE_OPTIONS + FIGURE_OPTIONS)}")
            )
        elif name in FIGURE_OPTIONS and not has_figure:
            found.append((f"the option {name} on a cell that draws no figure", "Take it off."))
    if has_figure and not fence.options.get("alt"):
        found.append(
            (
                "a figure without alternative text",
                'Say what it shows to who cannot see it: ```snippet alt="…"',
            )
        )
    return found


class _Figure(BlockProcessor):
    """A stashed figure with its caption, which is Markdown like any paragraph."""

    def test(self, parent: etree.Element, block: str) -> bool:
        return block.startswith(f"{STX}precis-figure{ETX}")

    def run(self, parent: etree.Element, blocks: list[str]) -> None:
        block = blocks.pop(0).removeprefix(f"{STX}precis-figure{ETX}")
        image, _, caption = block.partition(ETX)
        figure = etree.SubElement(parent, "figure", {"class": "precis-figure"})
        etree.SubElement(figure, "div").text = image + ETX
        if caption.strip():
            etree.SubElement(figure, "figcaption").text = caption.strip()


class _IndentedCode(BlockProcessor):
    """Code by indentation alone is a finding: nothing verifies it."""

    def __init__(self, md: Markdown, extension: PrecisExtension) -> None:
        super().__init__(md.parser)
        self.md = md
        self.extension = extension

    def test(self, parent: etree.Element, block: str) -> bool:
        return block.startswith(" " * self.tab_length)

    def run(self, parent: etree.Element, blocks: list[str]) -> None:
        block = blocks.pop(0)
        page = self.extension.page
        first = block.split("\n")[0].strip()
        indented = re.compile(rf"[> \t]* {{4}}{re.escape(first)}\s*")
        known = {finding.line for finding in page.findings}
        lines = (
            number
            for number, line in enumerate(page.lines, page.first_line)
            if indented.fullmatch(line) and number not in known
        )
        finding = page.report(
            next(lines, page.first_line),
            f"a block that only its indentation makes code: {first!r}",
            "Move Python to snippets/; take the indentation off other text.",
        )
        etree.SubElement(parent, "p").text = boxed(finding, self.md)
