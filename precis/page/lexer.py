"""A Pygments lexer for cells: Python whose `#>` lines are outputs, not comments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from pygments.lexers.python import PythonLexer
from pygments.token import Comment, Generic, _TokenType

CELL = "python-cell"
"""The language of a fence with a cell."""


class CellLexer(PythonLexer):
    """Python whose `#>` comments are `Generic.Output` (`<span class="go">` in HTML)."""

    name = "Python with outputs"
    aliases: ClassVar[list[str]] = [CELL]
    filenames: ClassVar[list[str]] = []
    mimetypes: ClassVar[list[str]] = []

    def get_tokens_unprocessed(
        self, *arguments: Any, **options: Any
    ) -> Iterator[tuple[int, _TokenType, str]]:
        """Yield Python's tokens, with `#>` comments as outputs."""
        for index, token, value in super().get_tokens_unprocessed(*arguments, **options):
            output = token is Comment.Single and value.startswith("#>")
            yield index, Generic.Output if output else token, value
