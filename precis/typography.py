"""Keep no-break spaces in tables of contents: Python-Markdown's toc makes them plain."""

from __future__ import annotations

import re
import xml.etree.ElementTree as etree
from collections.abc import Iterator
from typing import Any

from markdown import Markdown
from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor


class TypographyExtension(Extension):
    """`markdown_extensions: [precis.typography]`, with toc."""

    def extendMarkdown(self, md: Markdown) -> None:
        """Register after toc (5), which collects the headings."""
        md.treeprocessors.register(_Contents(md), "precis-typography", 4)


class _Contents(Treeprocessor):
    def run(self, root: etree.Element) -> None:
        for heading in _all(getattr(self.md, "toc_tokens", [])):
            heading["name"] = re.sub(r"<[^>]*>", "", heading["html"]).strip(" \n")


def _all(headings: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for heading in headings:
        yield heading
        yield from _all(heading["children"])
