"""Colour a cell, once: Python, in which `#>` lines are outputs and not comments."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, ClassVar

from markdown import Markdown
from pygments.lexers.python import PythonLexer
from pygments.token import Comment, Generic, _TokenType
from pymdownx.highlight import Highlight, HighlightExtension

CELL = "python-cell"
"""The language of a fence that holds a cell."""


class CellLexer(PythonLexer):
    """Python whose `#>` comments are `Generic.Output` (`<span class="go">` in HTML)."""

    name = "Python with outputs"
    aliases: ClassVar[list[str]] = [CELL]
    filenames: ClassVar[list[str]] = []
    mimetypes: ClassVar[list[str]] = []

    def get_tokens_unprocessed(
        self, *arguments: Any, **options: Any
    ) -> Iterator[tuple[int, _TokenType, str]]:
        """As Python's, with `#>` comments told apart."""
        for index, token, value in super().get_tokens_unprocessed(*arguments, **options):
            output = token is Comment.Single and value.startswith("#>")
            yield index, Generic.Output if output else token, value


def colour_once(md: Markdown, known: dict[str, str]) -> None:
    """Let a cell take its colours from `known`: the pages of all languages show the same cells."""
    for extension in md.registeredExtensions:
        if isinstance(extension, HighlightExtension):
            extension.get_pymdownx_highlighter = lambda: partial(_Once, known)  # superfences asks


class _Once(Highlight):  # type: ignore[misc]
    def __init__(self, known: dict[str, str], md: Markdown, **settings: Any) -> None:
        super().__init__(md, **settings)
        self.known = known
        self.settings = settings

    def highlight(self, text: str, language: str, *arguments: Any, **options: Any) -> Any:
        def made() -> Any:
            return super(_Once, self).highlight(text, language, *arguments, **options)

        # a title may be HTML, which is stored with the page
        if language != CELL or self.settings["auto_title"]:
            return made()
        key = repr((text, arguments, options, self.settings))
        if key not in self.known:
            self.known[key] = made()
        return self.known[key]
