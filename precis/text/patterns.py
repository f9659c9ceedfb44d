"""Regular expressions of Markdown that several modules share."""

from __future__ import annotations

import re

HEADING = re.compile(r"(?P<level>#{1,6}) (?P<title>.*?)\s*(?:\{#(?P<id>[\w-]+)\})?\s*")

BOX_MARK = r"!!!|\?\?\?\+?"
"""The start of an admonition, `!!!`, or of a folded one, `???`."""

CODE_SPAN = r"(?<!`)(?P<ticks>`++)(?P<code>.+?)(?<!`)(?P=ticks)(?!`)"
DISPLAY_FORMULA = r"\$\$(?P<display>.+?)\$\$"
INLINE_FORMULA = r"(?<![\\$\w])\$(?P<inline>[^$\n]+?)\$"
FOOTNOTE = r"\[\^(?P<note>[\w-]+)\]"
"""A reference to a footnote; with `: ` after it, its definition."""
