"""Add definitions to links into the glossary, as tooltips.

A glossary is a page, `glossary.md`, beside the pages that use it. Below each heading with an id,
the first paragraph is the definition.
"""

from __future__ import annotations

import functools
import re
import xml.etree.ElementTree as etree
from pathlib import Path, PurePosixPath

from markdown import Markdown
from markdown.treeprocessors import Treeprocessor

from precis.page.page import Page

GLOSSARY = "glossary.md"

_ENTRY = re.compile(r"^#+ [^\n]*\{#([\w-]+)\}\s*\n\s*\n(.+?)(?=\n\s*\n|\Z)", re.M | re.S)
_MARKUP = re.compile(r"\[([^\]]*)\]\([^)]*\)|[*`]+")


class TermTooltips(Treeprocessor):
    """Adds the definition of a tensor to `[tensor](glossary.md#tensor)`."""

    def __init__(self, md: Markdown, page: Page) -> None:
        super().__init__(md)
        self.page = page
        """The page being converted, from whose path its links start."""

    def run(self, root: etree.Element) -> None:
        """Add the definition to each link that names an entry."""
        entries = None
        for link in root.iter("a"):
            file, _, entry = link.get("href", "").partition("#")
            if PurePosixPath(file).name != GLOSSARY or not entry:
                continue
            if entries is None:
                entries = read_definitions(Path(self.page.source.page_path).parent / file)
            if entry in entries:
                link.set("title", entries[entry])
                link.set("class", "precis-term")


def read_definitions(glossary: Path) -> dict[str, str]:
    """Return the definitions of a glossary as plain text, by id; none without a file."""
    if not glossary.is_file():
        return {}
    return _parse(glossary.read_text(encoding="utf-8"))


@functools.lru_cache(maxsize=8)
def _parse(text: str) -> dict[str, str]:
    return {
        entry: _MARKUP.sub(r"\1", definition).replace("\n", " ").strip()
        for entry, definition in _ENTRY.findall(text)
    }
