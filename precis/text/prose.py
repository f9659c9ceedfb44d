"""Parse the text of a page outside its fences: prose, inline code and formulas.

Nothing is converted, so each piece keeps its line and column in the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from precis.text.fences import EMBED, Fence
from precis.text.patterns import BOX_MARK, CODE_SPAN, DISPLAY_FORMULA, FOOTNOTE, INLINE_FORMULA

Kind = Literal["text", "code", "formula", "note", "link"]

_LEADS = re.compile(
    rf"""[ \t]*(?:>[ \t]?)*[ \t]*
    (?:(?P<heading>\#{{1,6}}[ ]+(?:\d+\.[ ])?)      # the number of a numbered heading is no claim
      |(?P<item>(?:[-*+:]|\d+\.)[ ]+)
      |(?P<title>(?:{BOX_MARK}|===)[ ]?[\w ]*)
      |(?P<row>\|)
      |(?P<note>\[\^[\w-]+\]:[ ])
      |(?P<ordinal>\*\*\d+\.\*\*)
      |)""",
    re.X,
)

_PIECE = re.compile(
    rf"""<!--.*?-->
    |{CODE_SPAN}
    |{DISPLAY_FORMULA}
    |{INLINE_FORMULA}
    |{FOOTNOTE}
    |\]\((?P<link>[^)\s]*+)[^)]*+\)
    |(?<![\w`])\{{[:\#.][^}}]*\}}
    |https?://[^\s)]+
    |</?[A-Za-z][^>]*>""",
    re.X | re.S,
)

_KINDS: dict[str, Kind] = {
    "code": "code",
    "display": "formula",
    "inline": "formula",
    "note": "note",
    "link": "link",
}
"""The kind of a piece, by the group of _PIECE that matches it."""

_FOREIGN = re.compile(r"<(\w+) lang=[^>]*>.*?</\1>|(?<![*\w])\*[^*\s][^*]*\*(?![*\w])", re.S)

_SENTENCE_END = re.compile(r"[.!?…](?:[»”)*]|\[\^[\w-]+\])*\s+(?=[^a-z\s])")

_FRONT_MATTER = re.compile(r"---[ \t]*\n.*?\n(?:---|\.\.\.)[ \t]*\n+", re.S)

_COMMENT = re.compile(r"\s*<!--.*-->\s*")

_RULE = re.compile(r"[\s|:-]+")

_OPTION_TEXTS = ("alt", "caption", "fold")
"""The options of an embed whose values readers see."""


@dataclass(frozen=True)
class Piece:
    """A stretch of text of one kind, without its delimiters."""

    kind: Kind
    text: str
    start: int
    """The offset in the block's text."""


@dataclass(frozen=True)
class Block:
    """A heading, a paragraph, a list item, a table row, a title or an option of an embed."""

    kind: Literal["heading", "text", "row", "note", "option"]
    text: str
    """The lines of the file, with spaces for what is not text (indentation, `- `)."""

    line: int
    column: int
    """The position of the first character of `text`; the column is 1 except in options."""

    group: int
    """A number shared by blocks without a blank line between them."""

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """The pieces of the text, in order."""
        return tuple(_pieces(self.text))

    @cached_property
    def plain(self) -> str:
        """The text in the page's language, of the same length as `text`.

        U+FFFC replaces each character of code, formulas, addresses, and words of another language
        (in italics or in an element with a `lang`).
        """
        text = ["\ufffc"] * len(self.text)
        for piece in self.pieces:
            if piece.kind == "text":
                text[piece.start : piece.start + len(piece.text)] = piece.text
        for foreign in _FOREIGN.finditer(self.text):
            text[foreign.start() : foreign.end()] = "\ufffc" * len(foreign[0])
        return "".join(text)

    def position(self, offset: int) -> tuple[int, int]:
        """Return the line and column in the file of a character of `text`."""
        before = self.text[:offset]
        line = before.count("\n")
        first = self.column if not line else 1
        return self.line + line, first + len(before) - (before.rfind("\n") + 1)

    def sentence(self, offset: int) -> tuple[int, int]:
        """Return the start and end, in `text`, of the sentence around a character.

        A table row is one sentence.
        """
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
class PageText:
    """The Markdown of a page, without its front matter."""

    path: str
    """The file of the text, as findings name it."""

    lines: tuple[str, ...] = ()
    first_line: int = 1
    """The line number in the file of the first line."""

    fences: tuple[Fence, ...] = ()
    lab_page: str = ""
    """The path of a lab's page, whose text is in a snippet; "" for other pages."""

    language: str = ""
    """The language of the text."""

    @property
    def page_path(self) -> str:
        """The path of the page, from which its links start."""
        return self.lab_page or self.path

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The text outside fences."""
        return tuple(_blocks(self.lines, self.fences, self.first_line))

    @cached_property
    def fenced_lines(self) -> frozenset[int]:
        """The lines of fences, whose text readers see as it is."""
        return frozenset(n for fence in self.fences for n in range(fence.line, fence.end + 1))

    def block_start(self, line: int) -> int:
        """Return the first line of the block, between blank lines, that contains a line."""
        blocks = [block for block in self.blocks if block.line <= line]
        group = blocks[-1].group if blocks else None
        return next((block.line for block in blocks if block.group == group), line)


def strip_front_matter(text: str) -> tuple[list[str], int]:
    """Return the lines of a file after its front matter, and the number of the first one."""
    front = _FRONT_MATTER.match(text)
    rest = text[front.end() :] if front else text
    return rest.split("\n"), text.count("\n") - rest.count("\n") + 1


def _blocks(lines: Sequence[str], fences: Iterable[Fence], first_line: int) -> list[Block]:
    blocks: list[Block] = []
    starts = {fence.line: fence for fence in fences}
    group, skip = 0, 0
    open_: list[str] = []
    opened = (0, "text")
    formula = False

    def close() -> None:
        if any(line.strip() for line in open_):
            line, kind = opened
            blocks.append(Block(kind, "\n".join(open_), line, 1, group))  # type: ignore[arg-type]
        open_.clear()

    for number, line in enumerate(lines, first_line):
        if number <= skip:
            continue
        if number in starts:
            close()
            group += 1
            skip = starts[number].end
            blocks += _option_blocks(starts[number], line, group)
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
            opened = (number, kind if kind in ("heading", "row", "note") else "text")
        rest = line[lead.end() :]
        if kind == "title":  # the quotes are Markdown syntax
            rest = re.sub(r'^(\s*)"(.*)"(\s*)$', r"\1 \2 \3", rest)
        open_.append(" " * lead.end() + rest)
        formula = line.count("$$") % 2 == 1
        if kind in ("heading", "title"):
            close()
    close()
    return blocks


def _option_blocks(fence: Fence, line: str, group: int) -> Iterator[Block]:
    """Yield a block for each option of an embed that readers see."""
    if fence.language != EMBED:
        return
    for name in _OPTION_TEXTS:
        if text := fence.options.get(name):
            column = max(line.find(f"{name}=") + len(name) + 3, 1)
            yield Block("option", text, fence.line, column, group)


def _pieces(text: str) -> Iterator[Piece]:
    done = 0
    for match in _PIECE.finditer(text):
        if match.start() > done:
            yield Piece("text", text[done : match.start()], done)
        done = match.end()
        for name, kind in _KINDS.items():
            if match[name] is not None:
                yield Piece(kind, match[name], match.start(name))
    if done < len(text):
        yield Piece("text", text[done:], done)
