"""Colour a cell: Python, in which `#>` lines are outputs and not comments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import ClassVar

from pygments.lexers.python import PythonLexer
from pygments.token import Comment, Generic, _TokenType

_Token = tuple[int, _TokenType, str]


class CellLexer(PythonLexer):
    """Python whose `#>` comments are `Generic.Output` (`<span class="go">` in HTML)."""

    name = "Python with outputs"
    aliases: ClassVar[list[str]] = ["python-cell"]
    filenames: ClassVar[list[str]] = []
    mimetypes: ClassVar[list[str]] = []

    def get_tokens_unprocessed(
        self, text: str, stack: Iterable[str] = ("root",)
    ) -> Iterator[_Token]:
        """As Python's, with `#>` comments told apart."""
        yield from _tokens(text, tuple(stack))


@lru_cache(maxsize=4096)  # both languages show the same cells, the second after all of the first
def _tokens(text: str, stack: tuple[str, ...]) -> tuple[_Token, ...]:
    return tuple(
        (index, _told(token, value), value)
        for index, token, value in PythonLexer().get_tokens_unprocessed(text, stack)
    )


def _told(token: _TokenType, value: str) -> _TokenType:
    output = token is Comment.Single and value.startswith("#>")
    return Generic.Output if output else token
