"""Turn a chapter into a notebook: its prose, its code and what the run printed, for Jupyter.

A page's Markdown comes in with its fences; out come the bytes of an `.ipynb` file, the same for
the same page. What only the site's Markdown knows (boxes, tabs, folded solutions, notes,
abbreviations, relative links, code annotations) becomes what notebooks show everywhere.
"""

from __future__ import annotations

import ast
import html
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from precis.book import Book, Verified
from precis.glossary import GLOSSARY, definitions
from precis.kept import digests, find, keep, state
from precis.page import EMBED, Fence, embeds
from precis.prose import Written
from precis.snippet import Cell
from precis.translation import behind

_WORDS = {
    "fr": {
        "about": "Notebook de la page {page}. Ses sorties ont été affichées par {packages}.",
        "bare": "Notebook de la page {page}.",
        "more": "suite",
    },
    "en": {
        "about": "Notebook of the page {page}. Its outputs were printed by {packages}.",
        "bare": "Notebook of the page {page}.",
        "more": "continued",
    },
}

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
_CSS_COLOUR = re.compile(r"var\(--[\w-]+, *([^)]+)\)")


FILES = "files"
"""The id of the cell that writes the files which the other cells read."""


def is_chapter(page: Written) -> bool:
    """Whether a page is the one of a snippet, whose cells it shows."""
    return any(_is_own(page, fence) for fence in page.fences)


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

    made = _made(_Source(page, book, address, led))
    keep(book.records.cache, name, now, links=links, notebook=made)
    return made.encode()


def _state(page: Written, book: Book, address: str) -> str:
    """That of all that a notebook is made of, but for where its links lead."""
    paths = sorted({book.cell(name)[0].path for name in embeds(page.fences)})
    ran = [book.verified(path).hash for path in paths]
    said = (page.path, page.place, page.lines, page.first_line, page.fences)
    return state(said, address, ran, digests([_glossary(page)]), behind(page))


def _made(source: _Source) -> str:
    parts = _parts(list(enumerate(source.page.lines, source.page.first_line)), source)
    made = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "cells": list(_cells(parts, source)),
    }
    # as nbformat writes it, which takes as long as all the rest; the tests read it with nbformat
    return json.dumps(made, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


@dataclass
class _Source:
    """A page, and what is known around it."""

    page: Written
    book: Book
    address: str
    absolute: Callable[[str], str]
    footnotes: dict[str, str] = field(default_factory=dict)
    abbreviations: dict[str, str] = field(default_factory=dict)
    referred: dict[str, int] = field(default_factory=dict)
    """The notes that the text refers to, with their numbers."""

    def __post_init__(self) -> None:
        self.fences = {fence.line: fence for fence in self.page.fences}
        self.words = _WORDS.get(self.page.language, _WORDS["en"])
        self.behind = behind(self.page)
        self.terms = definitions(_glossary(self.page))
        for line in self.page.lines:
            if found := _ABBREVIATION.fullmatch(line):
                self.abbreviations[found["short"]] = found["long"].strip()

    def verified(self, fence: Fence) -> tuple[Verified, Cell]:
        """What an embed shows."""
        snippet, cell = self.book.cell(fence.body.strip())
        return self.book.verified(snippet.path), cell

    def notes(self) -> str:
        """The notes that the text converted so far refers to."""
        known = [self.footnotes.get(name, "") for name in self.referred]
        return "\n".join(f"{n}. {text}" for n, text in enumerate(known, 1))


@dataclass
class _Text:
    lines: list[str]


@dataclass
class _Code:
    fence: Fence
    folded: bool = False
    """Whether it is part of what readers are to find themselves."""


_Part = _Text | _Code
_Lines = Sequence[tuple[int, str]]
"""Lines with their numbers in the page's file."""


def _glossary(page: Written) -> Path:
    """That whose terms the page links to; one folder up from a lab."""
    folders = Path(page.at).parents
    return next((f for f in folders if (f / GLOSSARY).is_file()), folders[0]) / GLOSSARY


def _is_own(page: Written, fence: Fence) -> bool:
    file = fence.body.strip().partition(":")[0]
    return fence.language == EMBED and file == f"{Path(page.path).stem}.py"


def _about(source: _Source) -> str:
    """What the notebook is, and what its outputs come from."""
    headings = (line for line in source.page.lines if _HEADING.fullmatch(line))
    title = _ATTRIBUTES.sub("", next(headings, "")).strip("# ")
    verified = _own(source)
    known = verified.record.packages
    named = sorted(verified.snippet.packages & {p for p, version in known.items() if version})
    packages = ", ".join(f"{package} {known[package]}" for package in named)
    page = f"[{title or source.address}]({source.address})"
    text = source.words["about" if packages else "bare"].format(page=page, packages=packages)
    return f"*{text}*"


def _parts(lines: _Lines, source: _Source) -> list[_Part]:
    """The parts of some lines of a page, in order."""
    parts: list[_Part] = []
    text: list[str] = []
    hang = 0
    at = 0

    def close() -> None:
        if any(map(str.strip, text)):
            parts.append(_Text(text.copy()))
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
            if _is_own(source.page, fence):
                close()
                parts.append(_Code(fence))
                hang = indent  # what follows in the same list item is no code
            else:
                text += [(line[:indent] + shown).rstrip() for shown in _shown_only(fence, source)]
        elif box := _BOX.fullmatch(line[indent:]):
            inner, at = _inside(lines, at, indent)
            close()
            parts += _boxed(box, _parts(inner, source))
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


def _boxed(box: re.Match[str], parts: list[_Part]) -> Iterator[_Part]:
    """A box or a tab: its texts as quotations or as what can be unfolded, its code as it is."""
    kind = (box["type"] or "").split(" ")[0]
    title = kind.capitalize() if box["title"] is None else box["title"]
    is_tab = box["mark"].startswith("===")
    is_folded = box["mark"] == "???"
    if (is_tab or not parts or isinstance(parts[0], _Code)) and title:
        yield _Text([f"**{title}**", ""])
    shown = 0
    for part in parts:
        if isinstance(part, _Code):
            yield _Code(part.fence, folded=part.folded or is_folded)
            continue
        shown += 1
        if is_tab:
            yield part
        elif is_folded:
            yield _Text(_details(title, part.lines, shown))
        else:
            head = [f"**{title}**", ""] if shown == 1 and part is parts[0] and title else []
            yield _Text([*(f"> {line}".rstrip() for line in [*head, *_flat(part.lines)]), ""])


def _details(title: str, lines: list[str], shown: int) -> list[str]:
    more = _MORE if shown > 1 else ""
    summary = f"<summary>{_as_html(title)}{more}</summary>"
    return ["", f"<details>{summary}", "", *_trimmed(lines), "", "</details>", ""]


_MORE = " (\x00)"
"""Stands for the word that says in the page's language that a box goes on."""


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


def _shown_only(fence: Fence, source: _Source) -> list[str]:
    """A fence that the notebook does not run: another chapter's cell, or text."""
    language, body = "text", fence.body
    if fence.language == EMBED:
        verified, cell = source.verified(fence)
        language = "python"
        body = "\n".join(
            [_code(verified, cell), *(f"#> {line}".rstrip() for line in verified.printed(cell))]
        )
    longest = max(map(len, re.findall("`+", body)), default=0)
    ticks = "`" * max(3, longest + 1)
    return [f"{ticks}{language}", *body.split("\n"), ticks]


def _cells(parts: list[_Part], source: _Source) -> Iterator[dict[str, Any]]:
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

    yield _markdown(_about(source), named("about"), source)
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
    for part in _joined(parts):
        if isinstance(part, _Code):
            count += 1
            before = source.verified(part.fence)[1].name
            if title := part.fence.options.get("title"):
                yield _markdown(f"**{title}**", named(f"{before}-title"), source)
            yield _code_cell(part, named(before), count, source)
            if caption := part.fence.options.get("caption"):
                yield _markdown(f"*{caption}*", named(f"{before}-caption"), source)
            continue
        for lines in _by_heading(part.lines):
            heading = _HEADING.fullmatch(lines[0])
            name = f"text-{heading['id']}" if heading and heading["id"] else f"{before}-text"
            yield _markdown("\n".join(lines), named(name), source)
    if notes := source.notes():
        yield _markdown(f"---\n\n{notes}", named("notes"), source)


def _files(source: _Source) -> str:
    """Code that puts beside the notebook the files that its snippet finds beside itself."""
    verified = _own(source)
    path = verified.snippet.path.resolve()
    root = source.book.folder.resolve().parent
    read = (root / name for name, sha in verified.record.reads.items() if sha)
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


def _own(source: _Source) -> Verified:
    """The snippet of the chapter."""
    return next(
        source.verified(fence)[0] for fence in source.page.fences if _is_own(source.page, fence)
    )


def _joined(parts: list[_Part]) -> list[_Part]:
    """Texts that follow each other as one."""
    joined: list[_Part] = []
    for part in parts:
        if isinstance(part, _Text) and joined and isinstance(joined[-1], _Text):
            joined[-1] = _Text([*joined[-1].lines, *part.lines])
        else:
            joined.append(part)
    return joined


def _by_heading(lines: list[str]) -> Iterator[list[str]]:
    """A text cut before each heading, so that Jupyter can fold its sections."""
    piece: list[str] = []
    inside = ""
    for line in lines:
        ticks = re.match(r"[ >]*(`{3,})", line)
        if ticks:
            inside = "" if inside == ticks[1] else inside or ticks[1]
        if not inside and _HEADING.fullmatch(line) and any(map(str.strip, piece)):
            yield _trimmed(piece)
            piece = []
        piece.append(line)
    if any(map(str.strip, piece)):
        yield _trimmed(piece)


def _markdown(text: str, name: str, source: _Source) -> dict[str, Any]:
    text = text.replace(_MORE, f" ({source.words['more']})")
    shown = re.sub(r"\n{3,}", "\n\n", _plain(text, source)).strip()
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": shown}


def _plain(text: str, source: _Source) -> str:
    """A text as Markdown that needs no extension; code and formulas as they are."""
    out, done = [], 0
    for found in _VERBATIM.finditer(text):
        out += [_converted(text[done : found.start()], source), found[0]]
        done = found.end()
    return "".join([*out, _converted(text[done:], source)])


def _converted(text: str, source: _Source) -> str:
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


def _code_cell(part: _Code, name: str, count: int, source: _Source) -> dict[str, Any]:
    verified, cell = source.verified(part.fence)
    figures = verified.record.run.figures.get(cell.name, ())
    outputs: list[dict[str, Any]] = []
    if printed := _stdout(verified, cell):
        outputs.append({"output_type": "stream", "name": "stdout", "text": printed})
    for svg in figures:
        data = {"image/svg+xml": _standalone(svg)}
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
        "source": _quiet(_code(verified, cell)),
        "outputs": outputs,
    }


def _code(verified: Verified, cell: Cell) -> str:
    """A cell's code, without what it must print."""
    _, *lines = verified.snippet.code(cell)
    return _ANNOTATION.sub(r"\1", "\n".join(lines).strip("\n"))


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
    return "".join(
        "\n".join(outcome.printed) + "\n" * (not outcome.open_line)
        for outcome in ran
        if outcome.printed
    )


def _standalone(svg: str) -> str:
    """A figure with its light colours, on the white that they are made for."""
    svg = _CSS_COLOUR.sub(r"\1", svg)
    return svg.replace("<svg ", '<svg style="background: white; color: black" ', 1)
