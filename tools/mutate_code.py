"""Change what a snippet prints or computes, one thing at a time: does its verification fail?

    python tools/mutate_code.py [--every N] [FILE ...]

changes each digit group, sign, dtype and flag of each `#>` line, and each constant of each
statement; prints killed/total, then each survivor with what it changed, if anything. With
`--every N`, only every Nth constant: each costs a run of its file.
"""

from __future__ import annotations

import argparse
import ast
import copy
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from precis.base.finding import Malformed
from precis.compare.text import compare
from precis.run.record import Record, Records
from precis.source.parse import first_line, load, parse
from precis.source.snippet import Expectation, Snippet, Statement

ROOT = Path(__file__).parents[1]
UNNOTICED = "and prints something else"
SNIPPETS = sorted((ROOT / "snippets").glob("*.py"))


@dataclass(frozen=True)
class Mutant:
    """A snippet with one thing changed."""

    line: int
    change: str
    snippet: Snippet


@dataclass(frozen=True)
class Fate:
    """What became of a mutant."""

    mutant: Mutant
    killed: bool
    survives: str = ""
    """What it changed, where it was not killed."""

    def __str__(self) -> str:
        path = self.mutant.snippet.path.relative_to(ROOT)
        return f"{path}:{self.mutant.line}: {self.mutant.change} survives, {self.survives}"


def outputs(snippet: Snippet) -> Iterator[Mutant]:
    """The snippet with another number, sign, dtype or flag in one of its `#>` lines."""
    for statement in snippet.statements:
        for expectation in statement.expectations:
            line = snippet.lines[expectation.line - 1]
            for start, end, new in _other_outputs(line):
                other = line[:start] + new + line[end:]
                mutated = _with_expectation(snippet, statement, expectation, other)
                yield Mutant(expectation.line, f"{line[start:end]} → {new} in {line}", mutated)


def _with_expectation(
    snippet: Snippet, statement: Statement, expectation: Expectation, line: str
) -> Snippet:
    """The snippet with another `#>` line, which is parsed alone: the rest is as it was."""
    (read,) = parse(f"# %% a\n0\n{line}\n", snippet.path).statements[0].expectations
    other = replace(read, line=expectation.line)
    lines = tuple(other if each is expectation else each for each in statement.expectations)
    mutated = replace(statement, expectations=lines)
    cells = (
        replace(cell, statements=tuple(mutated if s is statement else s for s in cell.statements))
        for cell in snippet.cells
    )
    return replace(snippet, cells=tuple(cells))


_SWAPS = {
    "float32": "float64",
    "float64": "float32",
    "int64": "int32",
    "int16": "int64",
    "uint8": "int8",
    "bfloat16": "float16",
    "float16": "bfloat16",
    "bool": "uint8",
    "True": "False",
    "False": "True",
    "None": "0",
}


def _other_outputs(line: str) -> Iterator[tuple[int, int, str]]:
    for found in re.finditer(r"(?<![\w.])-?\d[\d.]*(?:e[-+]?\d+)?", line):
        digit = max(n for n, char in enumerate(found[0]) if char.isdigit())
        new = str((int(found[0][digit]) + 1) % 10)
        yield found.start() + digit, found.start() + digit + 1, new
        if found[0].startswith("-"):
            yield found.start(), found.start() + 1, ""
        else:
            yield found.start(), found.start(), "-"
    for found in re.finditer(r"\b(" + "|".join(_SWAPS) + r")\b", line):
        yield found.start(), found.end(), _SWAPS[found[0]]


def constants(snippet: Snippet) -> Iterator[Mutant]:
    """The snippet with another value for one constant of one statement."""
    nodes = {first_line(node): node for node in ast.parse(snippet.text).body}
    for statement in snippet.statements:
        node = nodes[statement.line]
        for index in range(len([*_constants(node)])):
            changed = copy.deepcopy(node)
            constant = [*_constants(changed)][index]
            before, constant.value = constant.value, _another(constant.value)
            lines = [*snippet.lines]
            lines[statement.line - 1 : statement.end] = ast.unparse(changed).split("\n")
            try:
                mutated = parse("\n".join(lines), snippet.path)
            except Malformed:
                continue  # Python itself refuses it
            yield Mutant(constant.lineno, f"{before!r} → {constant.value!r}", mutated)


def _constants(node: ast.AST) -> Iterator[ast.Constant]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and part.value not in (None, Ellipsis, ""):
            yield part


def _another(value: object) -> object:
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case float():
            return value * 1.25 + 0.01
        case str() if found := re.search(r"\d", value):
            return value[: found.start()] + str((int(found[0]) + 1) % 10) + value[found.end() :]
        case str():
            return value + "x"
        case bytes():
            return value + b"x"
    raise TypeError(value)


def judged_outputs(snippet: Snippet, record: Record) -> Iterator[Fate]:
    """A comment changes nothing that runs: the record of the snippet is the mutant's."""
    for mutant in outputs(snippet):
        killed = bool(compare(mutant.snippet, record))
        yield Fate(mutant, killed, "for it speaks of another device than the CPU")


def judged_constants(snippet: Snippet, record: Record, every: int = 1) -> Iterator[Fate]:
    """Run each mutant, in a project of its own, where nothing is remembered."""
    mutants = [*constants(snippet)][::every]
    with tempfile.TemporaryDirectory() as cache:
        records = Records(ROOT, cache=Path(cache), timeout=120)
        for first in range(0, len(mutants), 16):
            some = mutants[first : first + 16]
            ran = records.get([mutant.snippet for mutant in some])
            for mutant, other in zip(some, ran, strict=True):
                if other.run.outcomes != record.run.outcomes:
                    survives = UNNOTICED
                elif other.run.figures != record.run.figures:
                    survives = "and changes a figure alone"
                else:
                    survives = "and changes no output"
                yield Fate(mutant, bool(compare(mutant.snippet, other)), survives)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("paths", metavar="FILE", type=Path, nargs="*", default=SNIPPETS)
    parser.add_argument("--every", type=int, default=1, metavar="N")
    options = parser.parse_args()
    snippets = [load(path.resolve()) for path in options.paths]
    records = Records(ROOT).get(snippets)
    pairs = [*zip(snippets, records, strict=True)]
    for name, fates in (
        ("#> lines", [fate for pair in pairs for fate in judged_outputs(*pair)]),
        ("constants", [f for pair in pairs for f in judged_constants(*pair, options.every)]),
    ):
        killed = sum(fate.killed for fate in fates)
        print(f"{name}: {killed}/{len(fates)} killed", flush=True)
        for survives, count in Counter(f.survives for f in fates if not f.killed).items():
            print(f"    {count} survive, {survives}")
        for fate in fates:
            if not fate.killed:
                print(fate)


if __name__ == "__main__":
    main()
