"""Find control characters, and those that set the direction of text.

Source files and printed lines must not contain them: terminals and browsers act on them instead
of showing them, and Python-Markdown uses U+0002 and U+0003 for placeholders.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_CONTROL = re.compile(
    "["
    "\x00-\x08\x0b-\x1f"  # C0, except tab and newline
    "\x7f-\x9f"  # DEL and C1
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # text direction
    "]"
)

_LINE_END = re.compile("(\r\n|\r|\n)")


def split_lines(text: str) -> tuple[list[str], list[str]]:
    """Return a file's lines, split where Python splits them, and the line end of each."""
    parts = _LINE_END.split(text)
    return parts[::2], [*parts[1::2], ""]


def find_control_character(text: str, allowed: str = "") -> re.Match[str] | None:
    """Return the first control character in a text; None without one."""
    return next((match for match in _CONTROL.finditer(text) if match[0] not in allowed), None)


def code_point(char: str) -> str:
    """Return a character's code point as Unicode writes it: U+001B."""
    return f"U+{ord(char):04X}"


def escape_control_characters(text: str) -> str:
    """Replace each control character with its escape in Python."""
    return _CONTROL.sub(lambda match: ascii(match[0])[1:-1], text)


def why_unprintable(printed: Iterable[str]) -> tuple[str, str] | None:
    """Return why a page cannot show printed lines, and a hint; None if it can."""
    match = find_control_character("\n".join(printed))
    if match is None:
        return None
    return (
        f"printed the control character {code_point(match[0])}",
        "A page cannot show it. Print its repr, or leave it out.",
    )


def nfc(name: str) -> str:
    """Return a name in Unicode's composed form, NFC.

    macOS returns file names in the decomposed form, NFD; keyboards type NFC.
    """
    return unicodedata.normalize("NFC", name)
