"""A lab as a page: a snippet that says itself, in each language, what its cells are about.

The text of a lab stands in comments between its cells. Here it becomes, in one language, the
Markdown of a page that shows those cells. Each line keeps its number, so that what is found wrong
on the page is shown in the snippet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from precis.base.project import Project
from precis.book.book import LABS
from precis.source.snippet import Snippet
from precis.text.fences import EMBED

_FIGURE = re.compile(
    r'!\[(?P<alt>[^\]]*)\]\((?P<cell>[\w-]+)(?:\s+"(?P<fold>[^"]*)")?\)\s*(?P<caption>.*)', re.S
)
"""`![what it shows](cell "title under which its code is folded") its caption`, a paragraph."""


def languages(snippet: Snippet) -> list[str]:
    """The languages in which a lab says what it does."""
    return sorted({text.language for text in snippet.texts})


def place(snippet: Snippet, project: Project, language: str) -> Path:
    """The file of a lab among the pages of its language: the notebook that is made of it."""
    return project.home(language) / LABS / snippet.path.with_suffix(".ipynb").name


def lines(snippet: Snippet, language: str) -> list[str]:
    """The Markdown of a lab in a language, line by line as in the snippet."""
    page = [""] * (len(snippet.lines) + 3)
    figures: dict[str, str] = {}
    names = {cell.name for cell in snippet.cells}
    for text in snippet.texts:
        if text.language != language:
            continue
        for first, paragraph in _paragraphs(snippet.lines, text.line + 1, text.end):
            figure = _FIGURE.fullmatch("\n".join(paragraph))
            if figure and figure["cell"] in names:
                figures[figure["cell"]] = _options(figure)
            else:
                page[first - 1 : first - 1 + len(paragraph)] = paragraph
    for cell in snippet.cells:
        options = figures.get(cell.name, "")
        embed = [f"```{EMBED}{options}", f"{snippet.name}:{cell.name}", "```"]
        page[cell.line - 1 : cell.line + 2] = embed
    return page


def _paragraphs(lines: tuple[str, ...], first: int, last: int) -> Iterator[tuple[int, list[str]]]:
    """What stands in the comments of some lines, cut at blank ones, with their numbers."""
    paragraph: list[str] = []
    for number in range(first, last + 2):
        line = lines[number - 1].removeprefix("#").removeprefix(" ") if number <= last else ""
        if line.strip():
            paragraph.append(line)
        elif paragraph:
            yield number - len(paragraph), paragraph
            paragraph = []


def _options(figure: re.Match[str]) -> str:
    """Those of an embed, for what a lab says of a figure."""
    told = {"alt": figure["alt"], "caption": figure["caption"], "fold": figure["fold"] or ""}
    known = ((name, re.sub(r"\s*\n\s*", " ", text.strip())) for name, text in told.items() if text)
    return "".join(f' {name}="{text}"' for name, text in known)
