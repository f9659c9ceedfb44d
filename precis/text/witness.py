"""No orphan numbers: what a page's text states is proved by what its code printed.

A number, a dtype or a tensor that the text states as inline code or in a formula, and a
decimal or a large number anywhere in it, needs a witness: an output or a literal of a cell
on the page or on one that the block links to, a calculation in the formula, or a footnote in
the sentence. What can have none is excused, with the reason, in a comment above its block:

    <!-- no witness for 127; 0.5: the bias of the exponent, from IEEE 754 -->
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from itertools import chain, pairwise
from typing import NamedTuple

from precis.base.finding import Finding
from precis.source.snippet import Cell, Snippet
from precis.text import arithmetic, number
from precis.text.arithmetic import Side
from precis.text.number import Number
from precis.text.prose import Block, Piece, Written

_EXCUSE = re.compile(r"\s*<!--\s*no witness for (?P<numbers>[^:]+): (?P<reason>.+?)\s*-->\s*")

_DTYPE = re.compile(r"(?<!\w)(?:torch\.)?((?:bfloat|float|uint|int|complex)\d+|bool)(?!\w)")

_TABLE = re.compile(r"(?:torch\.Size|tensor)?\(?\s*([\[(][\d\s.,eE+\-−\[\]()]*[\])])\s*\)?")
"""A list, a tuple, a shape or a tensor of numbers."""


class Excuse(NamedTuple):
    """A comment that says why something of a block has no witness."""

    line: int
    texts: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Claim:
    """Something that a page states and that may be wrong."""

    text: str
    block: Block = field(repr=False)
    offset: int
    """Where it starts in its block's text."""

    numbers: tuple[Number, ...] = ()
    """Its numbers; none for a dtype."""

    is_table: bool = False
    """Whether it is a tensor, a shape, a list: numbers in brackets."""

    either_sign: bool = False
    """Whether the sign belongs to the calculation around it."""

    def __str__(self) -> str:
        line, column = self.block.place(self.offset)
        return f"{line}:{column}: {self.text}"


@dataclass(frozen=True)
class Value:
    """A number of a cell."""

    value: Decimal
    text: str
    place: str


@dataclass
class Cells:
    """What the cells of a page print and hold."""

    shown: Sequence[tuple[Snippet, Cell]]

    @cached_property
    def values(self) -> tuple[Value, ...]:
        """The numbers that they print, then those in their code."""
        return tuple(
            chain(
                (value for text, place in self.printed for value in _values(text, place)),
                (value for code, place in self.code for value in _literals(code, place)),
            )
        )

    @cached_property
    def printed(self) -> tuple[tuple[str, str], ...]:
        """What each cell prints on the CPU, with the cell's place."""
        return tuple(
            ("\n".join(line for s in cell.statements for line in s.expected()), place)
            for cell, place in self._placed()
        )

    @cached_property
    def code(self) -> tuple[tuple[str, str], ...]:
        """The code of each cell, with its place."""
        return tuple(
            ("\n".join(statement.code for statement in cell.statements), place)
            for cell, place in self._placed()
        )

    @cached_property
    def words(self) -> frozenset[str]:
        """The names of dtypes in them."""
        texts = (text for text, _ in chain(self.printed, self.code))
        return frozenset(name for text in texts for name in _DTYPE.findall(text))

    @cached_property
    def tables(self) -> frozenset[tuple[Decimal, ...]]:
        """The lists of numbers in them, each as its numbers in a row."""
        return frozenset(
            tuple(n.value for n in number.in_code(part))
            for text, _ in chain(self.printed, self.code)
            for part in _tables(text)
        )

    def _placed(self) -> Iterator[tuple[Cell, str]]:
        return ((cell, f"{snippet.name}, cell {cell.name}") for snippet, cell in self.shown)


@dataclass(frozen=True)
class Verdict:
    """What was found of the claims of a page."""

    findings: tuple[Finding, ...]
    excused: tuple[tuple[Claim, Excuse], ...]
    witnessed: int
    cited: int


def excuses(lines: Sequence[str], first_line: int) -> list[Excuse]:
    """The excuses of a page."""
    found = []
    for at, line in enumerate(lines, first_line):
        if excuse := _EXCUSE.fullmatch(line):
            texts = tuple(text.strip() for text in excuse["numbers"].split(";"))
            found.append(Excuse(at, texts, excuse["reason"]))
    return found


def is_excuse(line: str) -> bool:
    """Whether a line of a page is an excuse, which readers do not see."""
    return _EXCUSE.fullmatch(line) is not None


def judge(page: Written, cells: Cells, linked: Callable[[str], Cells]) -> Verdict:
    """Look for a witness of every claim of a page that shows these cells.

    `linked` gives the cells of another page by the address of a link to it.
    """
    findings: list[Finding] = []
    witnessed: list[Claim] = []
    cited: list[Claim] = []
    used: list[tuple[Claim, Excuse]] = []
    excuses = dict(_excuses(page))
    for block in page.blocks:
        if block.kind == "note":
            continue  # it is a source
        findings += _wrong_sums(page, block)
        near = [cells, *(linked(piece.text) for piece in block.pieces if piece.kind == "link")]
        excuse = excuses.get(block.group)
        for sides in _claims(block, page.language):
            orphans = [
                [c for c in side if not any(_proved(c, known) for known in near)] for side in sides
            ]
            witnessed += [claim for side in sides for claim in side]
            for claim in min(orphans, key=len):  # one side proves the calculation
                witnessed.remove(claim)
                if excuse and claim.text in excuse.texts:
                    used.append((claim, excuse))
                elif _is_cited(claim):
                    cited.append(claim)
                else:
                    findings.append(_orphan(page, claim, near))
    needed = {(excuse, claim.text) for claim, excuse in used}
    for excuse in excuses.values():
        for text in excuse.texts:
            if (excuse, text) not in needed:
                what = f"an excuse for {text}, which needs none in the text below"
                findings.append(Finding(page.path, excuse.line, 1, what, "Take it off."))
    return Verdict(tuple(sorted(findings)), tuple(used), len(witnessed), len(cited))


def _excuses(page: Written) -> Iterator[tuple[int, Excuse]]:
    """The excuses of a page, each with the group of blocks that it stands above."""
    for at, line in enumerate(page.lines, page.first_line):
        if excuse := _EXCUSE.fullmatch(line):
            texts = tuple(text.strip() for text in excuse["numbers"].split(";"))
            below = (block.group for block in page.blocks if block.line > at)
            yield next(below, -1), Excuse(at, texts, excuse["reason"])


def _claims(block: Block, language: str) -> Iterator[list[list[Claim]]]:
    """What a block states: each time the sides of a calculation, or one side with one claim."""
    for piece in block.pieces:
        if piece.kind == "code":
            yield from ([[claim]] for claim in _code_claims(block, piece))
        elif piece.kind == "formula":
            for chain_ in arithmetic.chains(arithmetic.sides(piece.text, language)):
                yield [list(_side_claims(block, piece, side)) for side in chain_]
        elif piece.kind == "text":
            for found in number.in_text(piece.text, language):
                if found.places > 0 or found.grouped:
                    yield [[_claim(block, piece, found)]]


def _code_claims(block: Block, piece: Piece) -> Iterator[Claim]:
    text = piece.text
    if _TABLE.fullmatch(text):
        if numbers := tuple(number.in_code(text)):
            yield Claim(text, block, piece.start, numbers, is_table=True)
        return
    for word in _DTYPE.finditer(text):
        yield Claim(word[1], block, piece.start + word.start())
    for found in number.in_code(text):
        yield _claim(block, piece, found)


def _side_claims(block: Block, piece: Piece, side: Side) -> Iterator[Claim]:
    if side.lone:
        yield _claim(block, piece, side.lone)
        return
    for found in side.numbers:
        if side.value is not None or found.places > 0:
            yield _claim(block, piece, found, either_sign=True)


def _claim(block: Block, piece: Piece, found: Number, *, either_sign: bool = False) -> Claim:
    return Claim(found.text, block, piece.start + found.start, (found,), either_sign=either_sign)


def _proved(claim: Claim, cells: Cells) -> bool:
    if not claim.numbers:
        return claim.text in cells.words
    if claim.is_table:
        return any(
            len(table) == len(claim.numbers)
            and all(n.rounds(exact) for n, exact in zip(claim.numbers, table, strict=True))
            for table in cells.tables
        )
    (stated,) = claim.numbers
    return any(
        stated.rounds(known.value) or (claim.either_sign and stated.rounds(-known.value))
        for known in cells.values
    )


def _is_cited(claim: Claim) -> bool:
    start, end = claim.block.sentence(claim.offset)
    return any(p.kind == "note" and start <= p.start <= end for p in claim.block.pieces)


def _wrong_sums(page: Written, block: Block) -> Iterator[Finding]:
    for piece in block.pieces:
        if piece.kind == "formula":
            sides = arithmetic.sides(piece.text, page.language)
            for a, b in pairwise(sides):
                if not arithmetic.joined(a, b) or arithmetic.agree(a, b):
                    continue
                blanks = len(b.latex) - len(b.latex.lstrip())
                line, column = block.place(piece.start + b.start + blanks)
                what = f"{a.latex.strip()} is {a.value:.10g}, not {b.latex.strip()}"
                yield Finding(page.path, line, column, what, "Calculate again.")


def _orphan(page: Written, claim: Claim, near: Sequence[Cells]) -> Finding:
    what = f"{claim.text} has no witness on this page"
    if claim.numbers and not claim.is_table:
        stated = claim.numbers[0].value
        known = [value for cells in near for value in cells.values]
        if known:
            nearest = min(known, key=lambda value: abs(value.value - stated))
            what += f"; nearest: {nearest.text} ({nearest.place})"
    hint = (
        "Write what the code prints, print it, or cite a source ([^name]). If it can have no "
        f"witness, say why above the paragraph: <!-- no witness for {claim.text}: … -->"
    )
    return Finding(page.path, *claim.block.place(claim.offset), what, hint)


def _values(text: str, place: str) -> Iterator[Value]:
    return (Value(found.value, found.text, place) for found in number.in_code(text))


def _literals(code: str, place: str) -> Iterator[Value]:
    tree = ast.parse(code)
    signed = {
        node.operand
        for node in ast.walk(tree)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            text = f"{'-' * (node in signed)}{node.value!r}"
            yield Value(Decimal(text), text, place)


def _tables(text: str) -> Iterator[str]:
    """The stretches of a text in brackets that hold numbers alone, and calls' first arguments."""
    opened: list[int] = []
    for at, char in enumerate(text):
        if char in "[(":
            opened.append(at)
        elif char in "])" and opened:
            part = text[opened.pop() : at + 1]
            if _TABLE.fullmatch(part):
                yield part
            elif arguments := re.match(r"[\[(](?:\s*-?[\d.]+\s*,)+(?=\s*[a-z_]+=)", part):
                yield arguments[0]
