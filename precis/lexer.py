"""Colour a cell: Python, in which `#>` lines are outputs and not comments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from pygments.lexers.python import PythonLexer
from pygments.token import Comment, Generic, _TokenType


class CellLexer(PythonLexer):
    """Python whose `#>` comments are `Generic.Output` (`<span class="go">` in HTML)."""

    name = "Python with outputs"
    aliases: ClassVar[list[str]] = ["python-cell"]
    filenames: ClassVar[list[str]] = []
    mimetypes: ClassVar[list[str]] = []

    def get_tokens_unprocessed(
        self, *arguments: Any, **options: Any
    ) -> Iterator[tuple[int, _TokenType, str]]:
        """As Python's, with `#>` comments told apart."""
        for index, token, value in super().get_tokens_unprocessed(*arguments, **options):
            output = token is Comment.Single and value.startswith("#>")
            yield index, Generic.Output if output else token, value
