"""Make stdout and stderr accept every character of a message."""

from __future__ import annotations

import io
import sys


def set_output_encoding() -> None:
    """Write UTF-8 to files and pipes; escape what a terminal's encoding cannot represent.

    With another encoding (Windows, the C locale, PYTHONIOENCODING), printing a message would raise
    UnicodeEncodeError.
    """
    for stream in (sys.stdout, sys.stderr):
        if not isinstance(stream, io.TextIOWrapper):
            continue  # replaced by pytest, a notebook or a GUI
        encoding = stream.encoding if stream.isatty() else "utf-8"
        stream.reconfigure(encoding=encoding, errors="backslashreplace")
