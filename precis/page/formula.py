"""Convert formulas to MathML at build time, so that pages need no script.

pymdownx.arithmatex (generic) finds the formulas. The MathML keeps the LaTeX as an annotation, so
that readers can copy it.
"""

from __future__ import annotations

import html
import re
import xml.etree.ElementTree as etree
from functools import lru_cache

from markdown import Markdown
from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor
from math_core import LatexError, LatexToMathML

from precis.page.box import stash_box
from precis.page.extension import PrecisExtension

_CONVERTER = LatexToMathML(fancy_error=False)

_DECIMAL_COMMA = re.compile(r"(\d)\{,\}(\d)")
"""0{,}5 in French, 4{,}096 in English: one number, not a list."""

_NUMBER = re.compile(r"<mn>[\d.]+</mn>")

_PRIME = re.compile("<msup>(<m[io][^>]*>[^<]*</m[io]>)<mo>([′″‴])</mo></msup>")
"""A prime as an exponent: since fonts raise the character already, it would be too high."""

_SCRIPT_STYLE = "\ufe00"
"""The variation selector of script letters, which the site's fonts do not support."""

_PUNCTUATION = re.compile("[\u00a0\u202f]?[.,;:!?)\u00bb…]+")


class FormulaExtension(Extension):
    """`markdown_extensions: [precis.formula]`, with pymdownx.arithmatex: {generic: true}."""

    def extendMarkdown(self, md: Markdown) -> None:
        """Register after inline patterns, which find the formulas in paragraphs."""
        md.treeprocessors.register(_FormulaProcessor(md), "precis-formula", 1)


@lru_cache(maxsize=4096)  # each language has the same formulas
def to_mathml(latex: str, display: str) -> str:
    """Return a formula as a `<math>` element; `display` is "inline" or "block".

    Raises LatexError.
    """
    plain = _DECIMAL_COMMA.sub(r"\1.\2", latex)
    math = _CONVERTER.convert_with_local_state(plain, displaystyle=display == "block")
    presentation = re.sub(r"^<math[^>]*>|</math>$", "", math).replace(_SCRIPT_STYLE, "")
    if plain != latex:
        presentation = _NUMBER.sub(lambda number: number[0].replace(".", ","), presentation)
    presentation = _PRIME.sub(
        r'<mrow>\1<mo lspace="0.06em" rspace="0">\2</mo></mrow>', presentation
    )
    return (
        f'<math xmlns="http://www.w3.org/1998/Math/MathML" display="{display}"><semantics>'
        f"<mrow>{presentation}</mrow>"
        f'<annotation encoding="application/x-tex">{html.escape(latex)}</annotation>'
        "</semantics></math>"
    )


class _FormulaProcessor(Treeprocessor):
    def run(self, root: etree.Element) -> None:
        for element in root.iter():
            if element.get("class") != "arithmatex" or not element.text:
                continue
            # arithmatex's generic form: \( … \) in a span, \[ … \] in a div
            wrapped = element.text.strip()
            display = "block" if wrapped.startswith("\\[") else "inline"
            latex = html.unescape(wrapped[2:-2].strip())
            try:
                element.text = self.md.htmlStash.store(to_mathml(latex, display))
            except LatexError as error:
                element.text = self._report(latex, str(error))
            if punctuation := _PUNCTUATION.match(element.tail or ""):
                # CSS prevents a line break inside the element
                element.text += punctuation[0]
                element.tail = (element.tail or "")[punctuation.end() :]

    def _report(self, latex: str, hint: str) -> str:
        """Report an invalid formula on its page, or raise ValueError without PrecisExtension."""
        message = f"a formula that cannot be read: {latex}"
        for extension in self.md.registeredExtensions:
            if isinstance(extension, PrecisExtension):
                page = extension.page
                first, first_line = latex.split("\n")[0], page.source.first_line
                numbered = enumerate(page.source.lines, first_line)
                line = next((n for n, text in numbered if first in text), first_line)
                return stash_box(page.report(line, message, hint), self.md)
        raise ValueError(f"{message} ({hint})")
