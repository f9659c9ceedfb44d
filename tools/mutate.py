"""Change each number that a page states, and each cell that it embeds: is it refused?

    python tools/mutate.py [PAGE ...]

changes the last digit of a number, or points an embed to the next cell of its file, one at a
time; prints how many changes are refused by the page alone (witness, sum) and by the page
beside its twin; then each survivor. That a section was not read beside its twin since the
change is not counted: it would refuse everything.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from precis.base.project import Project
from precis.book.book import Book
from precis.run.record import Records
from precis.text import number
from precis.text.fences import EMBED
from precis.text.pages import PageReader
from precis.text.prose import PageText

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Mutant:
    """A page with one digit changed, or one embed."""

    kind: str
    """What the number stands in: text, code or formula; or embed."""

    text: str
    line: int
    column: int
    places: int
    page: PageText


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant."""

    mutant: Mutant
    alone: bool
    """Whether the page refuses it without a look at its twin."""

    refused: bool


def reader() -> PageReader:
    return PageReader(Book(Project.read(ROOT), Records(ROOT)))


def mutants(page: PageText) -> Iterator[Mutant]:
    """The page with another last digit in each of its numbers."""
    for block in page.blocks:
        for piece in block.pieces if block.kind not in ("note", "option") else ():
            if piece.kind == "text":
                numbers = number.in_text(piece.text, page.language)
            elif piece.kind == "code":
                numbers = number.in_code(piece.text)
            elif piece.kind == "formula":
                numbers = number.in_formula(piece.text, page.language)
            else:
                continue
            for found in numbers:
                digit = max(n for n, char in enumerate(found.text) if char.isdigit())
                line, column = block.position(piece.start + found.start + digit)
                at = line - page.first_line
                old = page.lines[at]
                new = str((int(old[column - 1]) + 1) % 10)
                lines = [*page.lines]
                lines[at] = old[: column - 1] + new + old[column:]
                yield Mutant(
                    piece.kind, found.text, line, column, found.decimals,
                    replace(page, lines=tuple(lines)),
                )  # fmt: skip


def repointed(page: PageText, judge: PageReader) -> Iterator[Mutant]:
    """The page with the next cell of the file in each of its embeds."""
    for fence in page.fences:
        if fence.language == EMBED:
            name = fence.body.strip()
            snippet, cell = judge.book.cell(name)
            after = snippet.cells[(snippet.cells.index(cell) + 1) % len(snippet.cells)]
            at = fence.line + 1 - page.first_line
            lines = [*page.lines]
            lines[at] = lines[at].replace(name, f"{snippet.name}:{after.name}")
            # the fences are read again: their bodies are what names the cells
            other = judge.parse_page(page.path, lines, page.first_line)
            yield Mutant("embed", name, fence.line + 1, 1, 0, other)


def tried(paths: list[Path], wanted: Callable[[Mutant], bool]) -> Iterator[Outcome]:
    """The wanted mutants of these pages, which are right, with what became of each."""
    judge = reader()

    for path in paths:
        page = judge.read_page(path)
        for mutant in [*mutants(page), *repointed(page, judge)]:
            if not wanted(mutant):
                continue
            alone = bool(judge.check_claims(mutant.page).findings)
            found = () if alone else judge.check_page(mutant.page).findings
            yield Outcome(mutant, alone, alone or any("precis bless" not in f.hint for f in found))


def main() -> None:
    paths = [Path(name) for name in sys.argv[1:]] or sorted((ROOT / "docs").rglob("*.md"))
    outcomes = list(tried(paths, lambda mutant: True))
    embeds = [outcome for outcome in outcomes if outcome.mutant.kind == "embed"]
    numbers = [outcome for outcome in outcomes if outcome.mutant.kind != "embed"]
    exact = [outcome for outcome in numbers if outcome.mutant.places > 1]
    for name, some in (
        (
            "two decimals or more in code and formulas",
            [o for o in exact if o.mutant.kind != "text"],
        ),
        ("two decimals or more, anywhere", exact),
        ("all numbers", numbers),
        ("embeds", embeds),
    ):
        refused, alone = sum(o.refused for o in some), sum(o.alone for o in some)
        print(f"{name}: {refused}/{len(some)} refused, {alone} by the page alone")
    for outcome in outcomes:
        if not outcome.refused:
            mutant = outcome.mutant
            print(f"{mutant.page.path}:{mutant.line}:{mutant.column}: {mutant.text} survives")


if __name__ == "__main__":
    main()
