"""Let stdout and stderr take every character of a message."""

from __future__ import annotations

import io
import sys


def set_output_encoding() -> None:
    """Write UTF-8 to files and pipes; let a terminal escape what its encoding does not have.

    Where Python was told of another encoding (Windows, the C locale, PYTHONIOENCODING), a message
    would end in a traceback and be lost.
    """
    for stream in (sys.stdout, sys.stderr):
        if not isinstance(stream, io.TextIOWrapper):
            continue  # pytest, a notebook or a window takes it
        encoding = stream.encoding if stream.isatty() else "utf-8"
        stream.reconfigure(encoding=encoding, errors="backslashreplace")
