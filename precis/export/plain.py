"""Turn a page's Markdown into Markdown that needs no extension, and tell its code apart.

What only the site's Markdown knows (boxes, tabs, folded solutions, notes, abbreviations, relative
links, code annotations) becomes what is shown everywhere.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from precis.base.characters import composed
from precis.book.book import Book, Verified
from precis.page.glossary import GLOSSARY, definitions
from precis.source.snippet import Cell
from precis.text.fences import EMBED, Fence
from precis.text.parity import behind
from precis.text.prose import Written

_MORE = {"fr": "suite", "en": "continued"}
"""What says, in the page's language, that a box goes on."""

_BOX = re.compile(
    r'(?P<mark>!!!|\?\?\?\+?|===[+!]*)(?: +(?P<type>[\w -]*?))?(?: *"(?P<title>.*)")?\s*'
)
_NOTE = re.compile(r"\[\^(?P<name>[\w-]+)\]: +(?P<text>.*)")
_ABBREVIATION = re.compile(r"\*\[(?P<short>[^\]]+)\]: *(?P<long>.+)")
_HEADING = re.compile(r"#{1,6} .*?(?:\{#(?P<id>[\w-]+)\})?\s*")
_ANNOTATION = re.compile(r"(#\s*\(\d+\))!(?=\s*$)", re.M)
_VERBATIM = re.compile(
    r"^(?P<lead>[ >]*)(?P<fence>`{3,}).*?^(?P=lead)(?P=fence)[ \t]*$"
    r"|(?<!`)(?P<ticks>`++).+?(?<!`)(?P=ticks)(?!`)"
    r"|\$\$.+?\$\$"
    r"|(?<![\\$\w])\$[^$\n]+?\$",
    re.M | re.S,
)
"""What stays as it is: code and formulas."""

_LINK = re.compile(r'\]\((?P<href>[^)\s]+)(?:\s+"[^"]*")?\)')
_ADDRESS = re.compile(r'(?<=\s)(?P<name>href|src)="(?P<href>[^"]*)"')
_ATTRIBUTES = re.compile(r"[ \t]*\{[:#.][^}\n]*\}")
_IN_HTML = re.compile(r'(<[^>]*?)\s+markdown(?:="[^"]*")?(?=[\s>])')
_REFERENCE = re.compile(r"\[\^(?P<name>[\w-]+)\]")


@dataclass
class Source:
    """A page, and what is known around it."""

    page: Written
    book: Book
    absolute: Callable[[str], str]
    """Gives the address that a link of the page leads to."""

    footnotes: dict[str, str] = field(default_factory=dict)
    abbreviations: dict[str, str] = field(default_factory=dict)
    referred: dict[str, int] = field(default_factory=dict)
    """The notes that the text refers to, with their numbers."""

    def __post_init__(self) -> None:
        self.fences = {fence.line: fence for fence in self.page.fences}
        self.more = _MORE.get(self.page.language, _MORE["en"])
        self.behind = behind(self.book.project, self.page)
        self.terms = definitions(glossary(self.page))
        for line in self.page.lines:
            if found := _ABBREVIATION.fullmatch(line):
                self.abbreviations[found["short"]] = found["long"].strip()

    @property
    def title(self) -> str:
        """The page's first heading."""
        headings = (line for line in self.page.lines if _HEADING.fullmatch(line))
        return _ATTRIBUTES.sub("", next(headings, "")).strip("# ")

    def verified(self, fence: Fence) -> tuple[Verified, Cell]:
        """What an embed shows."""
        snippet, cell = self.book.cell(fence.body.strip())
        return self.book.verified(snippet.path), cell

    def notes(self) -> str:
        """The notes that the text converted so far refers to."""
        known = [self.footnotes.get(name, "") for name in self.referred]
        return "\n".join(f"{n}. {text}" for n, text in enumerate(known, 1))


@dataclass
class Text:
    """Markdown."""

    lines: list[str]


@dataclass
class Code:
    """A cell of the page's own snippet."""

    fence: Fence
    folded: bool = False
    """Whether it is part of what readers are to find themselves."""


Part = Text | Code
_Lines = Sequence[tuple[int, str]]
"""Lines with their numbers in the page's file."""


def glossary(page: Written) -> Path:
    """That whose terms the page links to; one folder up from a lab."""
    folders = Path(page.at).parents
    return next((f for f in folders if (f / GLOSSARY).is_file()), folders[0]) / GLOSSARY


def is_own(page: Written, fence: Fence) -> bool:
    """Whether a fence shows a cell of the snippet that is called as the page is."""
    file = composed(fence.body.strip()).partition(":")[0]
    return fence.language == EMBED and file == composed(f"{Path(page.path).stem}.py")


def parts_of(source: Source) -> list[Part]:
    """What a page says and the cells that it shows, in order; its texts are for `plain`."""
    return _joined(_parts(list(enumerate(source.page.lines, source.page.first_line)), source))


def by_heading(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    """A text cut before each heading, so that a section can be folded; each with its {#id}."""
    piece: list[str] = []
    inside = ""
    for line in lines:
        ticks = re.match(r"[ >]*(`{3,})", line)
        if ticks:
            inside = "" if inside == ticks[1] else inside or ticks[1]
        if not inside and _HEADING.fullmatch(line) and any(map(str.strip, piece)):
            yield _identified(piece)
            piece = []
        piece.append(line)
    if any(map(str.strip, piece)):
        yield _identified(piece)


def plain(text: str, source: Source) -> str:
    """A text as Markdown that needs no extension; code and formulas as they are."""
    out, done = [], 0
    for found in _VERBATIM.finditer(text):
        out += [_converted(text[done : found.start()], source), found[0]]
        done = found.end()
    return "".join([*out, _converted(text[done:], source)])


def code_of(verified: Verified, cell: Cell) -> str:
    """A cell's code, without what it must print."""
    _, *lines = verified.snippet.code(cell)
    return _ANNOTATION.sub(r"\1", "\n".join(lines).strip("\n"))


def _identified(piece: list[str]) -> tuple[str, list[str]]:
    lines = _trimmed(piece)
    heading = _HEADING.fullmatch(lines[0])
    return (heading["id"] or "" if heading else "", lines)


def _joined(parts: list[Part]) -> list[Part]:
    """Texts that follow each other as one."""
    joined: list[Part] = []
    for part in parts:
        if isinstance(part, Text) and joined and isinstance(joined[-1], Text):
            joined[-1] = Text([*joined[-1].lines, *part.lines])
        else:
            joined.append(part)
    return joined


def _parts(lines: _Lines, source: Source) -> list[Part]:
    """The parts of some lines of a page, in order."""
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
        if fence := source.fences.get(number):
            while at < len(lines) and lines[at][0] <= fence.end:
                at += 1
            if is_own(source.page, fence):
                close()
                parts.append(Code(fence))
                hang = indent  # what follows in the same list item is no code
            else:
                text += [(line[:indent] + shown).rstrip() for shown in _shown_only(fence, source)]
        elif box := _BOX.fullmatch(line[indent:]):
            inner, at = _inside(lines, at, indent)
            close()
            parts += _boxed(box, _parts(inner, source), source.more)
        elif line.lstrip().startswith("<!--"):
            while "-->" not in lines[at - 1][1] and at < len(lines):
                at += 1
        elif note := _NOTE.fullmatch(line):
            inner, at = _inside(lines, at, indent)
            rest = " ".join(text.strip() for _, text in inner if text.strip())
            source.footnotes[note["name"]] = f"{note['text']} {rest}".strip()
        elif not _ABBREVIATION.fullmatch(line):
            text.append(line[hang:] if hang <= indent else line)
            if number in source.behind:
                text += ["", f"*{source.behind[number]}*", ""]
    close()
    return parts


def _inside(lines: _Lines, at: int, indent: int) -> tuple[_Lines, int]:
    """The lines indented below a title, without their indentation; and where they end."""
    inner = []
    while at < len(lines):
        number, line = lines[at]
        if line.strip() and not line.startswith(" " * (indent + 4)):
            break
        inner.append((number, line[indent + 4 :]))
        at += 1
    return inner, at


def _boxed(box: re.Match[str], parts: list[Part], more: str) -> Iterator[Part]:
    """A box or a tab: its texts as quotations or as what can be unfolded, its code as it is."""
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
            yield Text(_details(f"{title} ({more})" if shown > 1 else title, part.lines))
        else:
            head = [f"**{title}**", ""] if shown == 1 and part is parts[0] and title else []
            yield Text([*(f"> {line}".rstrip() for line in [*head, *_flat(part.lines)]), ""])


def _details(title: str, lines: list[str]) -> list[str]:
    summary = f"<summary>{_as_html(title)}</summary>"
    return ["", f"<details>{summary}", "", *_trimmed(lines), "", "</details>", ""]


def _flat(lines: list[str]) -> list[str]:
    """Displayed formulas on one line: in a quotation, Jupyter takes each `>` for a part of one."""
    flat = re.sub(
        r"\$\$.+?\$\$", lambda found: " ".join(found[0].split()), "\n".join(lines), flags=re.S
    )
    return _trimmed(flat.split("\n"))


def _trimmed(lines: list[str]) -> list[str]:
    return "\n".join(lines).strip("\n").split("\n")


def _as_html(title: str) -> str:
    """A title's Markdown where Markdown is not read."""
    text = html.escape(title, quote=False)
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    text = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", text)
    return re.sub(r"(?<![\w*])\*(.+?)\*(?![\w*])", r"<em>\1</em>", text)


def _shown_only(fence: Fence, source: Source) -> list[str]:
    """A fence that the notebook does not run: another chapter's cell, or text."""
    language, body = "text", fence.body
    if fence.language == EMBED:
        verified, cell = source.verified(fence)
        language = "python"
        body = "\n".join(
            [code_of(verified, cell), *(f"#> {line}".rstrip() for line in verified.printed(cell))]
        )
    longest = max(map(len, re.findall("`+", body)), default=0)
    ticks = "`" * max(3, longest + 1)
    return [f"{ticks}{language}", *body.split("\n"), ticks]


def _converted(text: str, source: Source) -> str:
    def link(found: re.Match[str]) -> str:
        file, _, entry = found["href"].partition("#")
        term = source.terms.get(entry) if Path(file).name == GLOSSARY else None
        title = f' "{html.escape(term)}"' if term else ""
        return f"]({source.absolute(found['href'])}{title})"

    def note(found: re.Match[str]) -> str:
        number = source.referred.setdefault(found["name"], len(source.referred) + 1)
        return f"<sup>{number}</sup>"

    text = _REFERENCE.sub(note, text)
    text = _LINK.sub(link, text)
    text = _ADDRESS.sub(lambda a: f'{a["name"]}="{source.absolute(a["href"])}"', text)
    text = _IN_HTML.sub(r"\1", _ATTRIBUTES.sub("", text))
    for short, long in source.abbreviations.items():
        told = f'<abbr title="{html.escape(long)}">{short}</abbr>'
        text = re.sub(rf"\b{re.escape(short)}\b(?![^<>]*>)", told, text)
    return text
