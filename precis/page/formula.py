"""Formulas as MathML, made when the site is built: no script, readable without one.

Works after pymdownx.arithmatex (generic), which finds the formulas. The LaTeX
stays inside, as the annotation that MathML has for it, so it can be copied.
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

from precis.page.extension import PrecisExtension, boxed

_CONVERTER = LatexToMathML(fancy_error=False)

_DECIMAL_COMMA = re.compile(r"(\d)\{,\}(\d)")
"""French: 0{,}5 is one number, not a list."""

_PRIME = re.compile("<msup>(<m[io][^>]*>[^<]*</m[io]>)<mo>([′″‴])</mo></msup>")
"""A prime is drawn raised: as an exponent it would be raised twice, and small."""

_SCRIPT_STYLE = "\ufe00"
"""Asks for the other style of a script letter, which the site's fonts do not have."""

_PUNCTUATION = re.compile("[\u00a0\u202f]?[.,;:!?)\u00bb…]+")


class FormulaExtension(Extension):
    """`markdown_extensions: [precis.formula]`, with pymdownx.arithmatex: {generic: true}."""

    def extendMarkdown(self, md: Markdown) -> None:
        """Register after inline patterns, which find the formulas in paragraphs."""
        md.treeprocessors.register(_Formulas(md), "precis-formula", 1)


@lru_cache(maxsize=4096)  # each language has the same formulas
def mathml(latex: str, display: str) -> str:
    """Return a formula as a `<math>` element; `display` is "inline" or "block".

    Raises LatexError at LaTeX that cannot be read.
    """
    plain = _DECIMAL_COMMA.sub(r"\1.\2", latex)
    math = _CONVERTER.convert_with_local_state(plain, displaystyle=display == "block")
    presentation = re.sub(r"^<math[^>]*>|</math>$", "", math).replace(_SCRIPT_STYLE, "")
    if plain != latex:
        presentation = re.sub(r"(?<=<mn>)(\d*)\.(\d+)(?=</mn>)", r"\1,\2", presentation)
    presentation = _PRIME.sub(
        r'<mrow>\1<mo lspace="0.06em" rspace="0">\2</mo></mrow>', presentation
    )
    return (
        f'<math xmlns="http://www.w3.org/1998/Math/MathML" display="{display}"><semantics>'
        f"<mrow>{presentation}</mrow>"
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
            try:
                element.text = self.md.htmlStash.store(mathml(latex, display))
            except LatexError as error:
                element.text = self._refused(latex, str(error))
            if after := _PUNCTUATION.match(element.tail or ""):
                # kept with the formula, which CSS does not let break
                element.text += after[0]
                element.tail = (element.tail or "")[after.end() :]

    def _refused(self, latex: str, hint: str) -> str:
        """Report a formula that cannot be read on its page, where a page is known."""
        what = f"a formula that cannot be read: {latex}"
        for extension in self.md.registeredExtensions:
            if isinstance(extension, PrecisExtension):
                page = extension.page
                first = latex.split("\n")[0]
                numbered = enumerate(page.lines, page.first_line)
                line = next((n for n, text in numbered if first in text), page.first_line)
                return boxed(page.report(line, what, hint), self.md)
        raise ValueError(f"{what} ({hint})")
