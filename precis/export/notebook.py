"""Convert a chapter to a Jupyter notebook with its prose, code and outputs.

The same page always gives the same bytes.
"""

from __future__ import annotations

import ast
import json
import re
from base64 import encodebytes
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from precis.book.book import Book, Verified
from precis.export.plain import (
    Code,
    ExportedPage,
    code_without_outputs,
    is_own_cell,
    split_at_headings,
    split_parts,
    to_plain_markdown,
)
from precis.run.outcome import Outcome
from precis.source.snippet import Cell
from precis.text.prose import PageText

_SVG = "image/svg+xml"

_CSS_COLOUR = re.compile(r"var\(--[\w-]+, *([^)]+)\)")

FILES = "files"
"""The id of the cell that writes the data files of the snippet."""


def is_chapter(page: PageText) -> bool:
    """Return whether a page embeds cells of the snippet of the same name."""
    return any(is_own_cell(page, fence) for fence in page.fences)


def notebook_name(path: Path, language: str) -> str:
    """Return the name under which the notebook of a chapter or of a lab is downloaded."""
    return f"{path.stem}{f'.{language}' if language else ''}.ipynb"


def make_notebook(
    page: PageText, book: Book, address: str, absolute: Callable[[str], str]
) -> bytes:
    """Return the notebook of a chapter.

    `address` is the page's URL; `absolute` returns the URL of a link on the page.
    """
    return _notebook_json(ExportedPage(page, book, absolute), address).encode()


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


def _notebook_json(exported: ExportedPage, address: str) -> str:
    notebook = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "cells": list(_cells(exported, address)),
    }
    # nbformat would write the same JSON more slowly; the tests read it with nbformat
    return json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _introduction(exported: ExportedPage, address: str) -> str:
    """Return the page of the notebook, what printed its outputs, and how to open it."""
    texts = exported.book.project.words(exported.page.language)
    verified = _own_snippet(exported)
    versions = verified.record.run.packages
    names = sorted(verified.snippet.packages & {p for p, version in versions.items() if version})
    packages = ", ".join(f"{name} {versions[name]}" for name in names)
    page = f"[{exported.title or address}]({address})"
    text = texts.notebook_of_packages if packages else texts.notebook
    pinned = [f"{name}=={versions[name].partition('+')[0]}" for name in names]  # +cpu is local
    install = " ".join(["python -m pip install jupyterlab", *pinned])
    about = text.format(page=page, packages=packages)
    return f"*{about}*\n\n*{texts.notebook_open.format(install=install)}*"


def _cells(exported: ExportedPage, address: str) -> Iterator[dict[str, Any]]:
    """Yield the cells of the notebook, with ids from headings and cell names."""
    taken: set[str] = set()
    last_cell = "first"
    count = 0

    def unique_id(wanted: str) -> str:
        wanted, n = wanted[:56], 1
        while (id_ := wanted if n == 1 else f"{wanted}-{n}") in taken:
            n += 1
        taken.add(id_)
        return id_

    def markdown(text: str, wanted: str) -> dict[str, Any]:
        shown = re.sub(r"\n{3,}", "\n\n", to_plain_markdown(text, exported)).strip()
        id_ = unique_id(wanted)
        return {"cell_type": "markdown", "id": id_, "metadata": {}, "source": shown}

    yield markdown(_introduction(exported, address), "about")
    if files := _files(exported):
        count += 1
        yield {
            "cell_type": "code",
            "id": unique_id(FILES),
            "execution_count": count,
            "metadata": {"jupyter": {"source_hidden": True}},
            "source": files,
            "outputs": [],
        }
    for part in split_parts(exported):
        if isinstance(part, Code):
            count += 1
            last_cell = exported.verified(part.fence)[1].name
            if title := part.fence.options.get("title"):
                yield markdown(f"**{title}**", f"{last_cell}-title")
            yield _code_cell(part, unique_id(last_cell), count, exported)
            if caption := part.fence.options.get("caption"):
                yield markdown(f"*{caption}*", f"{last_cell}-caption")
            continue
        for heading, lines in split_at_headings(part.lines):
            wanted = f"text-{heading}" if heading else f"{last_cell}-text"
            yield markdown("\n".join(lines), wanted)
    if notes := exported.notes():
        yield markdown(f"---\n\n{notes}", "notes")


def _files(exported: ExportedPage) -> str:
    """Return code that writes the files among the snippets that the snippet reads."""
    verified = _own_snippet(exported)
    path = verified.snippet.path.resolve()
    folder = exported.book.folder.resolve()
    read = (folder.parent / name for name in verified.record.files)
    data_files = [file for file in read if file.is_relative_to(folder) and file != path]
    if not data_files:
        return ""
    # The folder of the notebook stands for that of the snippets, also for a lab.
    lines = ["from pathlib import Path", "", f'__file__ = "{path.relative_to(folder).as_posix()}"']
    for file in data_files:
        name = file.relative_to(folder)
        lines.append(f'Path("{name.parent.as_posix()}").mkdir(exist_ok=True)')
        lines.append(f'Path("{name.as_posix()}").{_write_call(file.read_bytes())};')
    if any("b64decode" in line for line in lines):
        lines.insert(0, "from base64 import b64decode")
    return "\n".join(lines)


def _write_call(content: bytes) -> str:
    """Return the call of a method of `Path` that writes a file, of text or other bytes."""
    try:
        text = content.decode("utf-8").replace("\\", "\\\\").replace('"""', '\\"""')
    except UnicodeDecodeError:
        encoded = encodebytes(content).decode("ascii")
        return f'write_bytes(b64decode("""{encoded}"""))'
    return f'write_text("""{text}""", encoding="utf-8")'


def _own_snippet(exported: ExportedPage) -> Verified:
    """Return the snippet of the chapter."""
    page = exported.page
    return next(exported.verified(fence)[0] for fence in page.fences if is_own_cell(page, fence))


def _code_cell(part: Code, id_: str, count: int, exported: ExportedPage) -> dict[str, Any]:
    verified, cell = exported.verified(part.fence)
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
        "id": id_,
        "execution_count": count,
        "metadata": metadata,
        "source": _hide_value(code_without_outputs(verified, cell)),
        "outputs": outputs,
    }


def _hide_value(code: str) -> str:
    """Add a semicolon to a final expression, so that Jupyter does not show its value."""
    last = ast.parse(code).body[-1]
    match last:
        case ast.Expr(value=ast.Call(func=ast.Name(id="print"))):
            return code  # the value is None
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
    """Return a figure in its light colours, on white."""
    svg = _CSS_COLOUR.sub(r"\1", svg)
    return svg.replace("<svg ", '<svg style="background: white; color: black" ', 1)
