"""Give links to the glossary the definition that stands there, as a tooltip.

A glossary is a page, `glossary.md`, in the folder of the pages that use it: under each
heading with an id, the first paragraph is the definition.
"""

from __future__ import annotations

import functools
import re
import xml.etree.ElementTree as etree
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from markdown import Markdown
from markdown.treeprocessors import Treeprocessor

GLOSSARY = "glossary.md"

_ENTRY = re.compile(r"^#+ [^\n]*\{#([\w-]+)\}\s*\n\s*\n(.+?)(?=\n\s*\n|\Z)", re.M | re.S)
_MARKS = re.compile(r"\[([^\]]*)\]\([^)]*\)|[*`]+")


class Definitions(Treeprocessor):
    """Turns `[tensor](glossary.md#tensor)` into a link that says what a tensor is."""

    def __init__(self, md: Markdown, page: Callable[[], str]) -> None:
        super().__init__(md)
        self.page = page
        """The path of the page being converted, from which its links start."""

    def run(self, root: etree.Element) -> None:
        """Add the definition to each link that names an entry."""
        known = None
        for link in root.iter("a"):
            file, _, entry = link.get("href", "").partition("#")
            if PurePosixPath(file).name != GLOSSARY or not entry:
                continue
            if known is None:
                known = definitions(Path(self.page()).parent / file)
            if entry in known:
                link.set("title", known[entry])
                link.set("class", "precis-term")


def definitions(glossary: Path) -> dict[str, str]:
    """The definitions of a glossary page by id, as plain text; none where there is no page."""
    if not glossary.is_file():
        return {}
    return _parsed(glossary.read_text(encoding="utf-8"))


@functools.lru_cache(maxsize=8)
def _parsed(text: str) -> dict[str, str]:
    return {
        entry: _MARKS.sub(r"\1", definition).replace("\n", " ").strip()
        for entry, definition in _ENTRY.findall(text)
    }
