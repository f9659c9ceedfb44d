"""Find the characters that no reader sees as they are: control characters and text direction.

A source file and a printed line may hold neither. A terminal and a browser act on them instead of
showing them, and Python-Markdown uses two of them, U+0002 and U+0003, for placeholders.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_CONTROL = re.compile(
    "["
    "\x00-\x08\x0b-\x1f"  # C0 but tab and newline
    "\x7f-\x9f"  # DEL and C1
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # text direction
    "]"
)

_LINE_END = re.compile("(\r\n|\r|\n)")


def split_lines(text: str) -> tuple[list[str], list[str]]:
    """Return the lines of a file as Python reads them, and what ends each; "" for the last one."""
    parts = _LINE_END.split(text)
    return parts[::2], [*parts[1::2], ""]


def control(text: str, allowed: str = "") -> re.Match[str] | None:
    """Return the first control character of a text, except those allowed."""
    return next((found for found in _CONTROL.finditer(text) if found[0] not in allowed), None)


def code_point(char: str) -> str:
    """Return the name by which Unicode's tables list a character: U+001B."""
    return f"U+{ord(char):04X}"


def escaped(text: str) -> str:
    """Return a text with its control characters as Python escapes them."""
    return _CONTROL.sub(lambda found: ascii(found[0])[1:-1], text)


def why_unprintable(printed: Iterable[str]) -> tuple[str, str] | None:
    """Return why printed lines cannot stand on a page, and what to do; None if they can."""
    found = control("\n".join(printed))
    if found is None:
        return None
    return (
        f"printed the control character {code_point(found[0])}",
        "A page cannot show it. Print its repr, or leave it out.",
    )


def nfc(name: str) -> str:
    """Return a name with each letter and its accent as one character (NFC).

    macOS gives file names with accents apart, and people type them in one.
    """
    return unicodedata.normalize("NFC", name)
