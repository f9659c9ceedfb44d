"""Turn a chapter into a notebook: its prose, its code and what the run printed, for Jupyter.

A page's Markdown comes in with its fences; out come the bytes of an `.ipynb` file, the same for
the same page.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from precis.base.cache import digests, find, keep, state
from precis.book.book import Book, Verified
from precis.export.plain import Code, Source, by_heading, code_of, glossary, is_own, parts_of, plain
from precis.run.outcome import Outcome
from precis.source.snippet import Cell
from precis.text.fences import embeds
from precis.text.parity import behind
from precis.text.prose import Written

_WORDS = {
    "fr": {
        "about": "Notebook de la page {page}. Ses sorties ont été affichées par {packages}.",
        "bare": "Notebook de la page {page}.",
    },
    "en": {
        "about": "Notebook of the page {page}. Its outputs were printed by {packages}.",
        "bare": "Notebook of the page {page}.",
    },
}

_SVG = "image/svg+xml"

_CSS_COLOUR = re.compile(r"var\(--[\w-]+, *([^)]+)\)")

FILES = "files"
"""The id of the cell that writes the files which the other cells read."""


def is_chapter(page: Written) -> bool:
    """Whether a page is the one of a snippet, whose cells it shows."""
    return any(is_own(page, fence) for fence in page.fences)


def notebook_name(path: Path, language: str) -> str:
    """Return the name under which the notebook of a chapter or of a lab is downloaded."""
    return f"{path.stem}{f'.{language}' if language else ''}.ipynb"


def notebook(page: Written, book: Book, address: str, absolute: Callable[[str], str]) -> bytes:
    """The notebook of a chapter, made again only where something that it is made of changed.

    `address` is the page's own; `absolute` gives the address that a link of the page leads to.
    """
    name, now = f"notebook {page.at}", _state(page, book, address)
    known = find(book.records.cache, name, now)
    if known and all(absolute(href) == led for href, led in known["links"].items()):
        return str(known["notebook"]).encode()
    links: dict[str, str] = {}

    def led(href: str) -> str:
        links[href] = absolute(href)
        return links[href]

    made = _made(Source(page, book, led), address)
    keep(book.records.cache, name, now, links=links, notebook=made)
    return made.encode()


def with_outputs(verified: Verified, cells: Iterable[dict[str, Any]]) -> Verified:
    """Return a snippet with the outputs of a notebook's code cells in place of the recorded ones.

    Each statement shows as much of its cell's text as it printed, the last one all the rest. A
    recorded figure keeps its colours for light and dark pages.
    """
    by_name = {cell["metadata"].get("name"): cell["outputs"] for cell in cells}
    outcomes, figures = dict(verified.outcomes), dict(verified.record.run.figures)
    for cell in verified.snippet.cells:
        outputs = by_name.get(cell.name, [])
        text = "".join(o["text"] for o in outputs if o.get("name") == "stdout")
        ran = [s.line for s in cell.statements if s.line in outcomes]
        for line in ran:
            outcome = outcomes[line]
            size = len(text) if line == ran[-1] else len(_text(outcome))
            outcomes[line] = replace(outcome, printed=_lines(text[:size], outcome.open_line))
            text = text[size:]
        recorded = {_standalone(svg): svg for svg in figures.get(cell.name, ())}
        drawn = [o["data"][_SVG] for o in outputs if _SVG in o.get("data", ())]
        if recorded or drawn:
            figures[cell.name] = tuple(recorded.get(svg, svg) for svg in drawn)
    run = replace(verified.record.run, outcomes=tuple(outcomes.values()), figures=figures)
    return replace(verified, record=replace(verified.record, run=run))


def _lines(text: str, open_line: bool) -> tuple[str, ...]:
    """Return the lines of what a statement wrote."""
    if not text:
        return ()
    return tuple((text if open_line else text.removesuffix("\n")).split("\n"))


def _state(page: Written, book: Book, address: str) -> str:
    """That of all that a notebook is made of, but for where its links lead."""
    paths = sorted({book.cell(name)[0].path for name in embeds(page.fences)})
    ran = [book.verified(path).hash for path in paths]
    said = (
        *(page.path, page.place, page.language),
        *(page.lines, page.first_line, page.fences),
    )
    return state(said, address, ran, digests([glossary(page)]), behind(book.project, page))


def _made(source: Source, address: str) -> str:
    made = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "cells": list(_cells(source, address)),
    }
    # as nbformat writes it, which takes as long as all the rest; the tests read it with nbformat
    return json.dumps(made, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _about(source: Source, address: str) -> str:
    """What the notebook is, and what its outputs come from."""
    words = _WORDS.get(source.page.language, _WORDS["en"])
    verified = _own(source)
    known = verified.record.run.packages
    named = sorted(verified.snippet.packages & {p for p, version in known.items() if version})
    packages = ", ".join(f"{package} {known[package]}" for package in named)
    page = f"[{source.title or address}]({address})"
    text = words["about" if packages else "bare"].format(page=page, packages=packages)
    return f"*{text}*"


def _cells(source: Source, address: str) -> Iterator[dict[str, Any]]:
    """The cells of the notebook, each with an id that says what it is."""
    taken: set[str] = set()
    before = "first"
    count = 0

    def named(wanted: str) -> str:
        wanted, n = wanted[:56], 1
        while (name := wanted if n == 1 else f"{wanted}-{n}") in taken:
            n += 1
        taken.add(name)
        return name

    yield _markdown(_about(source, address), named("about"), source)
    if files := _files(source):
        count += 1
        yield {
            "cell_type": "code",
            "id": named(FILES),
            "execution_count": count,
            "metadata": {"jupyter": {"source_hidden": True}},
            "source": files,
            "outputs": [],
        }
    for part in parts_of(source):
        if isinstance(part, Code):
            count += 1
            before = source.verified(part.fence)[1].name
            if title := part.fence.options.get("title"):
                yield _markdown(f"**{title}**", named(f"{before}-title"), source)
            yield _code_cell(part, named(before), count, source)
            if caption := part.fence.options.get("caption"):
                yield _markdown(f"*{caption}*", named(f"{before}-caption"), source)
            continue
        for heading, lines in by_heading(part.lines):
            name = f"text-{heading}" if heading else f"{before}-text"
            yield _markdown("\n".join(lines), named(name), source)
    if notes := source.notes():
        yield _markdown(f"---\n\n{notes}", named("notes"), source)


def _files(source: Source) -> str:
    """Code that puts beside the notebook the files that its snippet finds beside itself."""
    verified = _own(source)
    path = verified.snippet.path.resolve()
    root = source.book.folder.resolve().parent
    read = (root / name for name in verified.record.files)
    beside = [file for file in read if file.is_relative_to(path.parent) and file != path]
    if not beside:
        return ""
    lines = ["from pathlib import Path", "", f'__file__ = "{path.name}"']
    for file in beside:
        name = file.relative_to(path.parent)
        text = file.read_text(encoding="utf-8").replace("\\", "\\\\").replace('"""', '\\"""')
        lines.append(f'Path("{name.parent.as_posix()}").mkdir(exist_ok=True)')
        lines.append(f'Path("{name.as_posix()}").write_text("""{text}""", encoding="utf-8");')
    return "\n".join(lines)


def _own(source: Source) -> Verified:
    """The snippet of the chapter."""
    return next(
        source.verified(fence)[0] for fence in source.page.fences if is_own(source.page, fence)
    )


def _markdown(text: str, name: str, source: Source) -> dict[str, Any]:
    shown = re.sub(r"\n{3,}", "\n\n", plain(text, source)).strip()
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": shown}


def _code_cell(part: Code, name: str, count: int, source: Source) -> dict[str, Any]:
    verified, cell = source.verified(part.fence)
    figures = verified.record.run.figures.get(cell.name, ())
    outputs: list[dict[str, Any]] = []
    if printed := _stdout(verified, cell):
        outputs.append({"output_type": "stream", "name": "stdout", "text": printed})
    for svg in figures:
        data = {_SVG: _standalone(svg)}
        outputs.append({"output_type": "display_data", "data": data, "metadata": {}})
    metadata: dict[str, Any] = {"name": cell.name}
    if part.folded or "fold" in part.fence.options:
        metadata["jupyter"] = {"source_hidden": True}
    if part.folded:
        metadata["jupyter"]["outputs_hidden"] = True
    return {
        "cell_type": "code",
        "id": name,
        "execution_count": count,
        "metadata": metadata,
        "source": _quiet(code_of(verified, cell)),
        "outputs": outputs,
    }


def _quiet(code: str) -> str:
    """The code with a semicolon after an expression at its end whose value Jupyter would show."""
    last = ast.parse(code).body[-1]
    match last:
        case ast.Expr(value=ast.Call(func=ast.Name(id="print"))):
            return code  # its value is None
        case ast.Expr():
            pass
        case _:
            return code
    lines = code.split("\n")
    end = (last.end_lineno or 1) - 1
    column = len(lines[end].encode()[: last.end_col_offset].decode())
    lines[end] = f"{lines[end][:column]};{lines[end][column:]}"
    return "\n".join(lines)


def _stdout(verified: Verified, cell: Cell) -> str:
    ran = [verified.outcomes[s.line] for s in cell.statements if s.line in verified.outcomes]
    return "".join(map(_text, ran))


def _text(outcome: Outcome) -> str:
    """Return what a statement wrote."""
    return "\n".join(outcome.printed) + "\n" * (not outcome.open_line) if outcome.printed else ""


def _standalone(svg: str) -> str:
    """A figure with its light colours, on the white that they are made for."""
    svg = _CSS_COLOUR.sub(r"\1", svg)
    return svg.replace("<svg ", '<svg style="background: white; color: black" ', 1)
