"""Labs: snippets whose comments hold the text of their page, in each language.

A lab in one language becomes the Markdown of a page that embeds its cells. Lines keep their
numbers, so findings on the page point into the snippet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from precis.base.project import Project
from precis.book.book import LABS
from precis.source.snippet import Snippet
from precis.text.fences import EMBED

_OPTIONS = ("alt", "caption", "fold")

_FIGURE = re.compile(
    r'!\[(?P<alt>[^\]]*)\]\((?P<cell>[\w-]+)(?:\s+"(?P<fold>[^"]*)")?\)\s*(?P<caption>.*)', re.S
)
"""A paragraph: `![alternative text](cell "title of the folded code") caption`."""


def lab_languages(snippet: Snippet) -> list[str]:
    """Return the languages of a lab's text."""
    return sorted({text.language for text in snippet.texts})


def lab_page_path(path: Path, project: Project, language: str) -> Path:
    """Return the path of a lab's notebook among the pages of a language."""
    return project.pages_folder(language) / LABS / path.with_suffix(".ipynb").name


def lab_markdown(snippet: Snippet, language: str) -> list[str]:
    """Return the Markdown lines of a lab in a language, numbered as in the snippet."""
    page = [""] * (len(snippet.lines) + 3)
    figures: dict[str, str] = {}
    names = {cell.name for cell in snippet.cells}
    for text in snippet.texts:
        if text.language != language:
            continue
        for first, paragraph in _paragraphs(snippet.lines, text.line + 1, text.end):
            figure = _FIGURE.fullmatch("\n".join(paragraph))
            if figure and figure["cell"] in names:
                figures[figure["cell"]] = _embed_options(figure)
            else:
                page[first - 1 : first - 1 + len(paragraph)] = paragraph
    for cell in snippet.cells:
        options = figures.get(cell.name, "")
        embed = [f"```{EMBED}{options}", f"{snippet.name}:{cell.name}", "```"]
        page[cell.first_line - 1 : cell.first_line + 2] = embed
    return page


def _paragraphs(lines: tuple[str, ...], first: int, last: int) -> Iterator[tuple[int, list[str]]]:
    """Yield the paragraphs in the comments of some lines, each with its first line number."""
    paragraph: list[str] = []
    for number in range(first, last + 2):
        line = lines[number - 1].removeprefix("#").removeprefix(" ") if number <= last else ""
        if line.strip():
            paragraph.append(line)
        elif paragraph:
            yield number - len(paragraph), paragraph
            paragraph = []


def _embed_options(figure: re.Match[str]) -> str:
    """Return the options of the embed for a figure."""
    texts = ((name, re.sub(r"\s*\n\s*", " ", (figure[name] or "").strip())) for name in _OPTIONS)
    return "".join(f' {name}="{text}"' for name, text in texts if figure[name])
