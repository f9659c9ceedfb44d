"""Formulas as MathML, made when the site is built: no script, readable without one.

Works after pymdownx.arithmatex (generic), which finds the formulas. The LaTeX
stays inside, as the annotation that MathML has for it, so it can be copied.
"""

from __future__ import annotations

import html
import re
import xml.etree.ElementTree as etree
from typing import Any

from latex2mathml.converter import convert
from markdown import Markdown
from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor


class FormulaExtension(Extension):
    """`markdown_extensions: [precis.formula]`, with pymdownx.arithmatex: {generic: true}."""

    def extendMarkdown(self, md: Markdown) -> None:
        """Register after inline patterns, which find the formulas in paragraphs."""
        md.treeprocessors.register(_Formulas(md), "precis-formula", 1)


def makeExtension(**options: Any) -> FormulaExtension:
    """What Python-Markdown calls."""
    return FormulaExtension(**options)


def mathml(latex: str, display: str) -> str:
    """A formula as a `<math>` element; `display` is "inline" or "block"."""
    math = convert(latex, display=display)
    presentation = re.sub(r"^<math[^>]*>|</math>$", "", math)
    return (
        f'<math xmlns="http://www.w3.org/1998/Math/MathML" display="{display}"><semantics>'
        f"{presentation}"
        f'<annotation encoding="application/x-tex">{html.escape(latex)}</annotation>'
        "</semantics></math>"
    )


class _Formulas(Treeprocessor):
    def run(self, root: etree.Element) -> None:
        for element in root.iter():
            if element.get("class") != "arithmatex" or not element.text:
                continue
            # arithmatex's generic form: \( … \) in a span, \[ … \] in a div
            wrapped = element.text.strip()
            display = "block" if wrapped.startswith("\\[") else "inline"
            latex = html.unescape(wrapped[2:-2].strip())
            element.text = self.md.htmlStash.store(mathml(latex, display))
