"""Convert a page to Markdown without extensions, split into text and code.

Boxes, tabs, folded solutions, footnotes, abbreviations, relative links and code annotations become
Markdown or HTML that Jupyter renders.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from precis.base.characters import nfc
from precis.book.book import Book, Verified
from precis.page.glossary import GLOSSARY, read_definitions
from precis.source.snippet import Cell
from precis.text.fences import EMBED, Fence, make_fence
from precis.text.lock import outdated_notices
from precis.text.patterns import (
    BOX_MARK,
    CODE_SPAN,
    DISPLAY_FORMULA,
    FOOTNOTE,
    HEADING,
    INLINE_FORMULA,
)
from precis.text.prose import PageText

_BOX = re.compile(
    rf'(?P<mark>{BOX_MARK}|===[+!]*)(?: +(?P<type>[\w -]*?))?(?: *"(?P<title>.*)")?\s*'
)
_NOTE = re.compile(rf"{FOOTNOTE}: +(?P<text>.*)")
_ABBREVIATION = re.compile(r"\*\[(?P<short>[^\]]+)\]: *(?P<long>.+)")
_ANNOTATION = re.compile(r"(#\s*\(\d+\))!(?=\s*$)", re.M)
_VERBATIM = re.compile(
    r"^(?P<lead>[ >]*)(?P<fence>`{3,}).*?^(?P=lead)(?P=fence)[ \t]*$"
    rf"|{CODE_SPAN}|{DISPLAY_FORMULA}|{INLINE_FORMULA}",
    re.M | re.S,
)
"""Code and formulas, which stay unchanged."""

_DISPLAY_FORMULA = re.compile(DISPLAY_FORMULA, re.S)
_LINK = re.compile(r'\]\((?P<href>[^)\s]+)(?:\s+"[^"]*")?\)')
_ADDRESS = re.compile(r'(?<=\s)(?P<name>href|src)="(?P<href>[^"]*)"')
_ATTRIBUTES = re.compile(r"[ \t]*\{[:#.][^}\n]*\}")
_IN_HTML = re.compile(r'(<[^>]*?)\s+markdown(?:="[^"]*")?(?=[\s>])')
_FOOTNOTE = re.compile(FOOTNOTE)


@dataclass
class ExportedPage:
    """A page and the state of its conversion."""

    page: PageText
    book: Book
    absolute: Callable[[str], str]
    """Returns the URL of a link on the page."""

    footnotes: dict[str, str] = field(default_factory=dict)
    abbreviations: dict[str, str] = field(default_factory=dict)
    note_numbers: dict[str, int] = field(default_factory=dict)
    """The numbers of the footnotes referenced so far, by name."""

    def __post_init__(self) -> None:
        self.fences = {fence.line: fence for fence in self.page.fences}
        self.words = self.book.project.words(self.page.language)
        self.notices = outdated_notices(self.book.project, self.page)
        self.terms = read_definitions(glossary_path(self.page))
        for line in self.page.lines:
            if match := _ABBREVIATION.fullmatch(line):
                self.abbreviations[match["short"]] = match["long"].strip()

    @property
    def title(self) -> str:
        """The page's first heading."""
        headings = (line for line in self.page.lines if HEADING.fullmatch(line))
        return _ATTRIBUTES.sub("", next(headings, "")).strip("# ")

    def verified(self, fence: Fence) -> tuple[Verified, Cell]:
        """Return the cell of an embed, and its verified snippet."""
        snippet, cell = self.book.cell(fence.body.strip())
        return self.book.verified(snippet.path), cell

    def notes(self) -> str:
        """Return the footnotes referenced by the text converted so far."""
        texts = [self.footnotes.get(name, "") for name in self.note_numbers]
        return "\n".join(f"{n}. {text}" for n, text in enumerate(texts, 1))


@dataclass
class Text:
    """Markdown."""

    lines: list[str]


@dataclass
class Code:
    """A cell of the page's own snippet."""

    fence: Fence
    folded: bool = False
    """Whether the cell is in a folded box, such as a solution."""


Part = Text | Code
_Lines = Sequence[tuple[int, str]]
"""Lines with their numbers in the page's file."""


def glossary_path(page: PageText) -> Path:
    """Return the glossary that a page links to: one folder up for a lab."""
    folders = Path(page.page_path).parents
    return next((f for f in folders if (f / GLOSSARY).is_file()), folders[0]) / GLOSSARY


def is_own_cell(page: PageText, fence: Fence) -> bool:
    """Return whether a fence embeds a cell of the snippet with the page's name."""
    file = nfc(fence.body.strip()).partition(":")[0]
    return fence.language == EMBED and file == nfc(f"{Path(page.path).stem}.py")


def split_parts(exported: ExportedPage) -> list[Part]:
    """Return the texts and cells of a page, in order; texts are input of `to_plain_markdown`."""
    page = exported.page
    return _join_texts(_split(list(enumerate(page.lines, page.first_line)), exported))


def split_at_headings(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield the sections of a text, which Jupyter can fold, each with its heading's {#id}."""
    section: list[str] = []
    open_ticks = ""
    for line in lines:
        ticks = re.match(r"[ >]*(`{3,})", line)
        if ticks:
            open_ticks = "" if open_ticks == ticks[1] else open_ticks or ticks[1]
        if not open_ticks and HEADING.fullmatch(line) and any(map(str.strip, section)):
            yield _with_id(section)
            section = []
        section.append(line)
    if any(map(str.strip, section)):
        yield _with_id(section)


def to_plain_markdown(text: str, exported: ExportedPage) -> str:
    """Convert a text to Markdown without extensions; code and formulas stay unchanged."""
    out, done = [], 0
    for match in _VERBATIM.finditer(text):
        out += [_convert(text[done : match.start()], exported), match[0]]
        done = match.end()
    return "".join([*out, _convert(text[done:], exported)])


def code_without_outputs(verified: Verified, cell: Cell) -> str:
    """Return a cell's code without its expectations."""
    lines = verified.snippet.code(cell)
    return _ANNOTATION.sub(r"\1", "\n".join(lines).strip("\n"))


def _with_id(section: list[str]) -> tuple[str, list[str]]:
    lines = _trim(section)
    heading = HEADING.fullmatch(lines[0])
    return (heading["id"] or "" if heading else "", lines)


def _join_texts(parts: list[Part]) -> list[Part]:
    """Join neighbouring texts."""
    joined: list[Part] = []
    for part in parts:
        if isinstance(part, Text) and joined and isinstance(joined[-1], Text):
            joined[-1] = Text([*joined[-1].lines, *part.lines])
        else:
            joined.append(part)
    return joined


def _split(lines: _Lines, exported: ExportedPage) -> list[Part]:
    """Return the texts and cells in some lines of a page, in order."""
    parts: list[Part] = []
    text: list[str] = []
    hang = 0
    at = 0

    def close() -> None:
        if any(map(str.strip, text)):
            parts.append(Text(text.copy()))
        text.clear()

    while at < len(lines):
        number, line = lines[at]
        at += 1
        indent = len(line) - len(line.lstrip(" "))
        if line.strip() and indent < hang:
            hang = 0
        if fence := exported.fences.get(number):
            while at < len(lines) and lines[at][0] <= fence.end:
                at += 1
            if is_own_cell(exported.page, fence):
                close()
                parts.append(Code(fence))
                hang = indent  # the rest of the list item must not become indented code
            else:
                text += [(line[:indent] + shown).rstrip() for shown in _shown_only(fence, exported)]
        elif box := _BOX.fullmatch(line[indent:]):
            inner, at = _indented(lines, at, indent)
            close()
            parts += _convert_box(box, _split(inner, exported), exported.words.continued)
        elif line.lstrip().startswith("<!--"):
            while "-->" not in lines[at - 1][1] and at < len(lines):
                at += 1
        elif note := _NOTE.fullmatch(line):
            inner, at = _indented(lines, at, indent)
            rest = " ".join(text.strip() for _, text in inner if text.strip())
            exported.footnotes[note["note"]] = f"{note['text']} {rest}".strip()
        elif not _ABBREVIATION.fullmatch(line):
            text.append(line[hang:] if hang <= indent else line)
            if number in exported.notices:
                text += ["", f"*{exported.notices[number]}*", ""]
    close()
    return parts


def _indented(lines: _Lines, at: int, indent: int) -> tuple[_Lines, int]:
    """Return the lines indented below a title, dedented, and the index of the next line."""
    inner = []
    while at < len(lines):
        number, line = lines[at]
        if line.strip() and not line.startswith(" " * (indent + 4)):
            break
        inner.append((number, line[indent + 4 :]))
        at += 1
    return inner, at


def _convert_box(box: re.Match[str], parts: list[Part], continued: str) -> Iterator[Part]:
    """Yield the texts of a box or tab as quotations or `<details>`, and its cells unchanged."""
    kind = (box["type"] or "").split(" ")[0]
    title = kind.capitalize() if box["title"] is None else box["title"]
    is_tab = box["mark"].startswith("===")
    is_folded = box["mark"] == "???"
    if (is_tab or not parts or isinstance(parts[0], Code)) and title:
        yield Text([f"**{title}**", ""])
    shown = 0
    for part in parts:
        if isinstance(part, Code):
            yield Code(part.fence, folded=part.folded or is_folded)
            continue
        shown += 1
        if is_tab:
            yield part
        elif is_folded:
            yield Text(_details(f"{title} ({continued})" if shown > 1 else title, part.lines))
        else:
            head = [f"**{title}**", ""] if shown == 1 and part is parts[0] and title else []
            quoted = [*head, *_join_formula_lines(part.lines)]
            yield Text([*(f"> {line}".rstrip() for line in quoted), ""])


def _details(title: str, lines: list[str]) -> list[str]:
    summary = f"<summary>{_title_html(title)}</summary>"
    return ["", f"<details>{summary}", "", *_trim(lines), "", "</details>", ""]


def _join_formula_lines(lines: list[str]) -> list[str]:
    """Put each displayed formula on one line: Jupyter reads the `>` of a quotation as LaTeX."""
    joined = _DISPLAY_FORMULA.sub(lambda match: " ".join(match[0].split()), "\n".join(lines))
    return _trim(joined.split("\n"))


def _trim(lines: list[str]) -> list[str]:
    return "\n".join(lines).strip("\n").split("\n")


def _title_html(title: str) -> str:
    """Convert a title to HTML: Markdown is not rendered inside `<summary>`."""
    text = html.escape(title, quote=False)
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    text = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", text)
    return re.sub(r"(?<![\w*])\*(.+?)\*(?![\w*])", r"<em>\1</em>", text)


def _shown_only(fence: Fence, exported: ExportedPage) -> list[str]:
    """Return a fence that the notebook does not run: another chapter's cell, or text."""
    language, body = "text", fence.body
    if fence.language == EMBED:
        verified, cell = exported.verified(fence)
        language = "python"
        outputs = (f"#> {line}".rstrip() for line in verified.printed(cell))
        body = "\n".join([code_without_outputs(verified, cell), *outputs])
    return make_fence(language, body.split("\n"))


def _convert(text: str, exported: ExportedPage) -> str:
    def link(match: re.Match[str]) -> str:
        file, _, entry = match["href"].partition("#")
        term = exported.terms.get(entry) if Path(file).name == GLOSSARY else None
        title = f' "{html.escape(term)}"' if term else ""
        return f"]({exported.absolute(match['href'])}{title})"

    def note(match: re.Match[str]) -> str:
        numbers = exported.note_numbers
        return f"<sup>{numbers.setdefault(match['note'], len(numbers) + 1)}</sup>"

    text = _FOOTNOTE.sub(note, text)
    text = _LINK.sub(link, text)
    text = _ADDRESS.sub(lambda a: f'{a["name"]}="{exported.absolute(a["href"])}"', text)
    text = _IN_HTML.sub(r"\1", _ATTRIBUTES.sub("", text))
    for short, long in exported.abbreviations.items():
        element = f'<abbr title="{html.escape(long)}">{short}</abbr>'
        text = re.sub(rf"\b{re.escape(short)}\b(?![^<>]*>)", element, text)
    return text
