"""Cut a page into sections, with the facts that every language must share."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from precis.text import number
from precis.text.patterns import BOX_MARK, HEADING
from precis.text.prose import Block, PageText

_BOX = re.compile(rf"[>\s]*({BOX_MARK})\s*(\w+)")
_TEXT_IN_FORMULA = re.compile(r"\\text\{[^{}]*\}")


class Fact(NamedTuple):
    """A cell, box, formula, number, inline code or source of a section."""

    kind: str
    text: str
    """The form that is compared, equal in all languages."""

    shown: str
    """The form on the page."""

    line: int
    column: int


@dataclass(frozen=True)
class Section:
    """A heading and the text below it, up to the next heading."""

    id: str
    level: int
    title: str
    line: int
    text: str
    facts: tuple[Fact, ...]

    @cached_property
    def hash(self) -> str:
        """The fingerprint of the text in the lock."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:12]


@functools.lru_cache(maxsize=8)  # a page and its twins are requested one after the other
def split_sections(page: PageText) -> Sequence[Section]:
    """Return the sections of a page, from its first heading on."""
    fenced = {n for fence in page.fences for n in range(fence.line, fence.end + 1)}
    starts = [
        (line_number, heading)
        for line_number, line in enumerate(page.lines, page.first_line)
        if line_number not in fenced and (heading := HEADING.fullmatch(line))
    ]
    last = page.first_line + len(page.lines)
    ends = [line_number for line_number, _ in starts[1:]] + [last][: len(starts)]
    sections = []
    for (start, heading), end in zip(starts, ends, strict=True):
        lines = page.lines[start - page.first_line : end - page.first_line]
        text = "\n".join(line.rstrip() for line in lines).strip()
        facts = tuple(_facts(page, start, end))
        name, level = heading["id"] or "", len(heading["level"])
        sections.append(Section(name, level, heading["title"], start, text, facts))
    return sections


def _facts(page: PageText, start: int, end: int) -> Iterator[Fact]:
    for fence in page.fences:
        if start <= fence.line < end:
            yield Fact("cell", fence.body.strip(), fence.body.strip(), fence.line, 1)
    for line_number in range(start, end):
        if box := _BOX.match(page.lines[line_number - page.first_line]):
            yield Fact("box", box[0].strip(), box[0].strip(), line_number, 1)
    for block in page.blocks:
        if start <= block.line < end:
            yield from _block_facts(block, page.language)


def _block_facts(block: Block, language: str) -> Iterator[Fact]:
    if block.kind == "note":
        return
    for piece in block.pieces:
        line, column = block.position(piece.start)
        if piece.kind == "formula":
            yield Fact("formula", _without_language(piece.text, language), piece.text, line, column)
        elif piece.kind == "code":
            yield Fact("code", piece.text, piece.text, line, column)
        elif piece.kind == "note":
            yield Fact("source", piece.text, f"[^{piece.text}]", line, column)
        elif piece.kind == "text":
            for stated in number.in_text(piece.text, language):
                position = block.position(piece.start + stated.start)
                yield Fact("number", str(stated.value.normalize()), stated.text, *position)


def _without_language(latex: str, language: str) -> str:
    """Return a formula without spaces and text, and with neutral numbers."""
    parts, done = [], 0
    latex = _TEXT_IN_FORMULA.sub("", latex)
    for stated in number.in_formula(latex, language):
        parts += [latex[done : stated.start], f"{stated.value:f}"]
        done = stated.start + len(stated.text)
    return "".join("".join([*parts, latex[done:]]).split())
