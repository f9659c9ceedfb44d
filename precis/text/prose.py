"""What a page says outside its fences: text, inline code and formulas, each with its place.

The text of a page comes in with the fences that the renderer finds in it; nothing is
converted, so each piece keeps the line and the column at which its author wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from precis.text.fences import EMBED, Fence

Kind = Literal["text", "code", "formula", "note", "link"]

_LEADS = re.compile(
    r"""[ \t]*(?:>[ \t]?)*[ \t]*
    (?:(?P<heading>\#{1,6}[ ]+(?:\d+\.[ ])?)      # the number of a numbered heading is no claim
      |(?P<item>(?:[-*+:]|\d+\.)[ ]+)
      |(?P<title>(?:!!!|\?\?\?\+?|===)[ ]?[\w ]*)
      |(?P<row>\|)
      |(?P<note>\[\^[\w-]+\]:[ ])
      |(?P<ordinal>\*\*\d+\.\*\*)
      |)""",
    re.X,
)

_PIECE = re.compile(
    r"""<!--.*?-->
    |(?<!`)(?P<ticks>`++)(?P<code>.+?)(?<!`)(?P=ticks)(?!`)
    |\$\$(?P<display>.+?)\$\$
    |(?<![\\$\w])\$(?P<inline>[^$\n]+?)\$
    |\[\^(?P<note>[\w-]+)\]
    |\]\((?P<link>[^)\s]*+)[^)]*+\)
    |(?<![\w`])\{[:\#.][^}]*\}
    |https?://[^\s)]+
    |</?[A-Za-z][^>]*>""",
    re.X | re.S,
)

_FOREIGN = re.compile(r"<(\w+) lang=[^>]*>.*?</\1>|(?<![*\w])\*[^*\s][^*]*\*(?![*\w])", re.S)

_SENTENCE_END = re.compile(r"[.!?…](?:[»”)*]|\[\^[\w-]+\])*\s+(?=[^a-z\s])")

_FRONT_MATTER = re.compile(r"---[ \t]*\n.*?\n(?:---|\.\.\.)[ \t]*\n+", re.S)

_COMMENT = re.compile(r"\s*<!--.*-->\s*")

_RULE = re.compile(r"[\s|:-]+")

_OPTION_TEXTS = ("alt", "caption", "fold")
"""The options of an embed that readers read."""


@dataclass(frozen=True)
class Piece:
    """Some text of one kind, without its delimiters."""

    kind: Kind
    text: str
    start: int
    """Where it starts in its block's text."""


@dataclass(frozen=True)
class Block:
    """A heading, a paragraph, a list item, a table row, a title or an option of an embed."""

    kind: Literal["heading", "text", "row", "note", "option"]
    text: str
    """Its lines as they stand in the file, what is not text (indentation, `- `) made blanks."""

    line: int
    column: int
    """Of the first character of `text`: 1 but for options."""

    group: int
    """Blocks without a blank line between them share it."""

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """What it is made of, in order."""
        return tuple(_pieces(self.text))

    @cached_property
    def plain(self) -> str:
        """The text in the page's language.

        A mark, U+FFFC, stands for each character of code, formulas, addresses, and words of
        another language: those in italics or in an element with a `lang`.
        """
        text = ["\ufffc"] * len(self.text)
        for piece in self.pieces:
            if piece.kind == "text":
                text[piece.start : piece.start + len(piece.text)] = piece.text
        for foreign in _FOREIGN.finditer(self.text):
            text[foreign.start() : foreign.end()] = "\ufffc" * len(foreign[0])
        return "".join(text)

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column in the file of a character of `text`."""
        before = self.text[:offset]
        line = before.count("\n")
        first = self.column if not line else 1
        return self.line + line, first + len(before) - (before.rfind("\n") + 1)

    def sentence(self, offset: int) -> tuple[int, int]:
        """Start and end, in `text`, of the sentence around a character; a row is one sentence."""
        start, end = 0, len(self.text)
        if self.kind == "row":
            return start, end
        for stop in _SENTENCE_END.finditer(self.text):
            if stop.end() <= offset:
                start = stop.end()
            else:
                end = stop.end()
                break
        return start, end


@dataclass(frozen=True, eq=False)
class Written:
    """A page as its author wrote it; what is derived from it is remembered with the object."""

    path: str
    lines: tuple[str, ...]
    """Without the front matter."""

    first_line: int
    """The line of the file at which they start."""

    fences: tuple[Fence, ...]
    place: str = ""
    """Where its links start from, if not from `path`: a lab's page is not where its text is."""

    language: str = ""
    """The language whose folder it lies in; "" without one."""

    @property
    def at(self) -> str:
        """The path of the page among the others."""
        return self.place or self.path

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """All that it says outside its fences."""
        return tuple(_blocks(self.lines, self.fences, self.first_line))

    def start(self, line: int) -> int:
        """The first line of the stretch without blank lines that a line belongs to."""
        blocks = [block for block in self.blocks if block.line <= line]
        group = blocks[-1].group if blocks else None
        return next((block.line for block in blocks if block.group == group), line)


def body(text: str) -> tuple[list[str], int]:
    """The lines of a page's file after its front matter, and the number of the first one."""
    front = _FRONT_MATTER.match(text)
    rest = text[front.end() :] if front else text
    return rest.split("\n"), text.count("\n") - rest.count("\n") + 1


def _blocks(lines: Sequence[str], fences: Iterable[Fence], first_line: int) -> list[Block]:
    found: list[Block] = []
    starts = {fence.line: fence for fence in fences}
    group, skip = 0, 0
    open_: list[str] = []
    opened = (0, "text")
    formula = False

    def close() -> None:
        if any(line.strip() for line in open_):
            line, kind = opened
            found.append(Block(kind, "\n".join(open_), line, 1, group))  # type: ignore[arg-type]
        open_.clear()

    for number, line in enumerate(lines, first_line):
        if number <= skip:
            continue
        if number in starts:
            close()
            group += 1
            skip = starts[number].end
            found += _options(starts[number], line, group)
            continue
        if formula:
            open_.append(line)
            formula = line.count("$$") % 2 == 0
            continue
        if not line.strip() or _RULE.fullmatch(line) or _COMMENT.fullmatch(line):
            close()
            group += not line.strip()
            continue
        lead = _LEADS.match(line)
        assert lead
        kind = lead.lastgroup or ""
        if kind or not open_:
            close()
            known = {"heading": "heading", "row": "row", "note": "note"}
            opened = (number, known.get(kind, "text"))
        rest = line[lead.end() :]
        if kind == "title":  # its quotes are Markdown's
            rest = re.sub(r'^(\s*)"(.*)"(\s*)$', r"\1 \2 \3", rest)
        open_.append(" " * lead.end() + rest)
        formula = line.count("$$") % 2 == 1
        if kind in ("heading", "title"):
            close()
    close()
    return found


def _options(fence: Fence, line: str, group: int) -> Iterator[Block]:
    """What an embed's options say to readers."""
    if fence.language != EMBED:
        return
    for name in _OPTION_TEXTS:
        if text := fence.options.get(name):
            column = max(line.find(f"{name}=") + len(name) + 3, 1)
            yield Block("option", text, fence.line, column, group)


def _pieces(text: str) -> Iterator[Piece]:
    done = 0
    for found in _PIECE.finditer(text):
        if found.start() > done:
            yield Piece("text", text[done : found.start()], done)
        done = found.end()
        kinds: dict[str, Kind] = {
            "code": "code",
            "display": "formula",
            "inline": "formula",
            "note": "note",
            "link": "link",
        }
        for name, kind in kinds.items():
            if found[name] is not None:
                yield Piece(kind, found[name], found.start(name))
    if done < len(text):
        yield Piece("text", text[done:], done)
