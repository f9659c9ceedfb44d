"""Find a witness for each claim of a page's text.

A claim is a number, a dtype or a tensor in inline code or in a formula, or any decimal or large
number. Its witness is an output or a literal of a cell on the page or on a linked page, a
calculation in the formula, or a footnote in the sentence. A comment above the block excuses a
claim without a witness:

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
from precis.text.prose import Block, PageText, Piece

_EXCUSE = re.compile(r"\s*<!--\s*no witness for (?P<numbers>[^:]+): (?P<reason>.+?)\s*-->\s*")

_DTYPE = re.compile(r"(?<!\w)(?:torch\.)?((?:bfloat|float|uint|int|complex)\d+|bool)(?!\w)")

_TABLE = re.compile(r"(?:torch\.Size|tensor)?\(?\s*([\[(][\d\s.,eE+\-−\[\]()]*[\])])\s*\)?")
"""A list, a tuple, a shape or a tensor of numbers."""


class Excuse(NamedTuple):
    """A comment that gives the reason why claims of a block have no witness."""

    line: int
    texts: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Claim:
    """A statement of a page's text that may be wrong."""

    text: str
    block: Block = field(repr=False)
    offset: int
    """The offset in the block's text."""

    numbers: tuple[Number, ...] = ()
    """The numbers of the claim; none for a dtype."""

    is_table: bool = False
    """Whether the claim is a tensor, a shape or a list: numbers in brackets."""

    either_sign: bool = False
    """Whether the sign belongs to the calculation around the number."""

    def __str__(self) -> str:
        line, column = self.block.position(self.offset)
        return f"{line}:{column}: {self.text}"


@dataclass(frozen=True)
class Value:
    """A number of a cell."""

    value: Decimal
    text: str
    cell: str


@dataclass
class Evidence:
    """The outputs and the code of cells, which prove claims."""

    cells: Sequence[tuple[Snippet, Cell]]

    @cached_property
    def values(self) -> tuple[Value, ...]:
        """The numbers in the outputs, then those in the code."""
        return tuple(
            chain(
                (value for text, cell in self.printed for value in _values(text, cell)),
                (value for code, cell in self.code for value in _literals(code, cell)),
            )
        )

    @cached_property
    def printed(self) -> tuple[tuple[str, str], ...]:
        """The expected output of each cell on the CPU, with the cell's name."""
        return tuple(
            ("\n".join(line for s in cell.statements for line in s.expected_output()), name)
            for cell, name in self._named()
        )

    @cached_property
    def code(self) -> tuple[tuple[str, str], ...]:
        """The code of each cell, with the cell's name."""
        return tuple(
            ("\n".join(statement.code for statement in cell.statements), name)
            for cell, name in self._named()
        )

    @cached_property
    def dtypes(self) -> frozenset[str]:
        """The names of dtypes in outputs and code."""
        texts = (text for text, _ in chain(self.printed, self.code))
        return frozenset(name for text in texts for name in _DTYPE.findall(text))

    @cached_property
    def tables(self) -> frozenset[tuple[Decimal, ...]]:
        """The lists of numbers in outputs and code, flattened."""
        return frozenset(
            tuple(n.value for n in number.in_code(part))
            for text, _ in chain(self.printed, self.code)
            for part in _tables(text)
        )

    def _named(self) -> Iterator[tuple[Cell, str]]:
        return ((cell, f"{snippet.name}, cell {cell.name}") for snippet, cell in self.cells)


@dataclass(frozen=True)
class Verdict:
    """The result of checking the claims of a page."""

    findings: tuple[Finding, ...]
    excused: tuple[tuple[Claim, Excuse], ...]
    witnessed: int
    cited: int


def find_excuses(page: PageText) -> dict[int, Excuse]:
    """Return the excuses of a page, by their line; one in a fence is an example."""
    excuses = {}
    for at, line in enumerate(page.lines, page.first_line):
        if at not in page.fenced_lines and (match := _EXCUSE.fullmatch(line)):
            texts = tuple(text.strip() for text in match["numbers"].split(";"))
            excuses[at] = Excuse(at, texts, match["reason"])
    return excuses


def check_claims(page: PageText, own: Evidence, linked: Callable[[str], Evidence]) -> Verdict:
    """Find a witness for every claim of a page in the evidence of its own cells or linked pages.

    `linked` returns the evidence of the page that a link leads to.
    """
    findings: list[Finding] = []
    witnessed: list[Claim] = []
    cited: list[Claim] = []
    used: list[tuple[Claim, Excuse]] = []
    excuses = dict(_by_group(page))
    for block in page.blocks:
        if block.kind == "note":
            continue  # footnotes are sources
        findings += _wrong_sums(page, block)
        near = [own, *(linked(piece.text) for piece in block.pieces if piece.kind == "link")]
        excuse = excuses.get(block.group)
        for sides in _claims(block, page.language):
            orphans = [[c for c in side if not any(_proves(e, c) for e in near)] for side in sides]
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
                message = f"unused excuse for {text}"
                findings.append(Finding(page.path, excuse.line, 1, message, "Remove it."))
    return Verdict(tuple(sorted(findings)), tuple(used), len(witnessed), len(cited))


def _by_group(page: PageText) -> Iterator[tuple[int, Excuse]]:
    """Yield the excuses of a page, each with the group of the blocks below it."""
    for line, excuse in find_excuses(page).items():
        below = (block.group for block in page.blocks if block.line > line)
        yield next(below, -1), excuse


def _claims(block: Block, language: str) -> Iterator[list[list[Claim]]]:
    """Yield the claims of a block, grouped by the sides of a calculation; others are alone."""
    for piece in block.pieces:
        if piece.kind == "code":
            yield from ([[claim]] for claim in _code_claims(block, piece))
        elif piece.kind == "formula":
            sides = arithmetic.split_sides(piece.text, language)
            for group in arithmetic.group_equal_sides(sides):
                yield [list(_side_claims(block, piece, side)) for side in group]
        elif piece.kind == "text":
            for stated in number.in_text(piece.text, language):
                if stated.decimals > 0 or stated.grouped:
                    yield [[_claim(block, piece, stated)]]


def _code_claims(block: Block, piece: Piece) -> Iterator[Claim]:
    text = piece.text
    if _TABLE.fullmatch(text):
        if numbers := tuple(number.in_code(text)):
            yield Claim(text, block, piece.start, numbers, is_table=True)
        return
    for word in _DTYPE.finditer(text):
        yield Claim(word[1], block, piece.start + word.start())
    for stated in number.in_code(text):
        yield _claim(block, piece, stated)


def _side_claims(block: Block, piece: Piece, side: Side) -> Iterator[Claim]:
    if side.lone_number:
        yield _claim(block, piece, side.lone_number)
        return
    for stated in side.numbers:
        if side.value is not None or stated.decimals > 0:
            yield _claim(block, piece, stated, either_sign=True)


def _claim(block: Block, piece: Piece, stated: Number, *, either_sign: bool = False) -> Claim:
    return Claim(stated.text, block, piece.start + stated.start, (stated,), either_sign=either_sign)


def _proves(evidence: Evidence, claim: Claim) -> bool:
    if not claim.numbers:
        return claim.text in evidence.dtypes
    if claim.is_table:
        return any(
            len(table) == len(claim.numbers)
            and all(n.is_rounding_of(exact) for n, exact in zip(claim.numbers, table, strict=True))
            for table in evidence.tables
        )
    (stated,) = claim.numbers
    return any(
        stated.is_rounding_of(exact.value)
        or (claim.either_sign and stated.is_rounding_of(-exact.value))
        for exact in evidence.values
    )


def _is_cited(claim: Claim) -> bool:
    start, end = claim.block.sentence(claim.offset)
    return any(p.kind == "note" and start <= p.start <= end for p in claim.block.pieces)


def _wrong_sums(page: PageText, block: Block) -> Iterator[Finding]:
    for piece in block.pieces:
        if piece.kind == "formula":
            sides = arithmetic.split_sides(piece.text, page.language)
            for a, b in pairwise(sides):
                if not arithmetic.claims_equality(a, b) or arithmetic.are_equal(a, b):
                    continue
                spaces = len(b.latex) - len(b.latex.lstrip())
                position = block.position(piece.start + b.start + spaces)
                message = f"{a.latex.strip()} is {a.value:.10g}, not {b.latex.strip()}"
                yield Finding(page.path, *position, message, "Correct the calculation.")


def _orphan(page: PageText, claim: Claim, near: Sequence[Evidence]) -> Finding:
    message = f"{claim.text} has no witness on this page"
    if claim.numbers and not claim.is_table:
        stated = claim.numbers[0].value
        values = [value for evidence in near for value in evidence.values]
        if values:
            nearest = min(values, key=lambda value: abs(value.value - stated))
            message += f"; nearest: {nearest.text} ({nearest.cell})"
    hint = (
        "Write what the code prints, print it, or cite a source ([^name]). If there is no "
        f"witness, give the reason above the paragraph: <!-- no witness for {claim.text}: … -->"
    )
    return Finding(page.path, *claim.block.position(claim.offset), message, hint)


def _values(text: str, cell: str) -> Iterator[Value]:
    return (Value(printed.value, printed.text, cell) for printed in number.in_code(text))


def _literals(code: str, cell: str) -> Iterator[Value]:
    tree = ast.parse(code)
    signed = {
        node.operand
        for node in ast.walk(tree)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            text = f"{'-' * (node in signed)}{node.value!r}"
            yield Value(Decimal(text), text, cell)


def _tables(text: str) -> Iterator[str]:
    """Yield the brackets that contain only numbers, and the leading numbers of calls."""
    opened: list[int] = []
    for offset, char in enumerate(text):
        if char in "[(":
            opened.append(offset)
        elif char in "])" and opened:
            part = text[opened.pop() : offset + 1]
            if _TABLE.fullmatch(part):
                yield part
            elif arguments := re.match(r"[\[(](?:\s*-?[\d.]+\s*,)+(?=\s*[a-z_]+=)", part):
                yield arguments[0]
