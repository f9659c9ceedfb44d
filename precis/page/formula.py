"""Formulas as MathML, made when the site is built: no script, readable without one.

Works after pymdownx.arithmatex (generic), which finds the formulas. The LaTeX
stays inside, as the annotation that MathML has for it, so it can be copied.
"""

from __future__ import annotations

import html
import re
import unicodedata
import xml.etree.ElementTree as etree
from functools import lru_cache

from latex2mathml.converter import convert
from markdown import Markdown
from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor

from precis.page.extension import PrecisExtension, boxed

_DECIMAL_COMMA = re.compile(r"(\d)\{,\}(\d)")

_VARIANT = re.compile(
    r'<(m[in]) mathvariant="(bold|bold-italic|double-struck|script|fraktur)">([^<]*)</\1>'
)

_PUNCTUATION = re.compile("[\u00a0\u202f]?[.,;:!?)\u00bb…]+")

_UPRIGHT = re.compile(r"<mi>&#x000([46][1-9A-F]|[57][0-9A]);</mi>")
"""A Latin letter written as an entity: how the converter writes that of `\\mathrm{d}`."""

_PARTS = {"mfrac": 2, "mover": 2, "mroot": 2, "msub": 2, "msubsup": 3, "msup": 2, "munder": 2}
"""How many children a MathML element must have (MathML Core, section 3)."""

_AS_TEX = {
    "<mo>&#x02202;</mo>": "<mi>∂</mi>",
    "<mo>&#x0002F;</mo>": '<mo lspace="0" rspace="0">/</mo>',
    '<mo>max</mo><mo stretchy="false">': '<mi>max</mi><mo stretchy="false">',
    "<mo>&#x0005E;</mo>": "<mo>&#x002C6;</mo>",
}
"""What MathML would space as operators, and TeX sets tight: ∂L/∂w, max(0, w); a hat, which is
an accent of the letter's size, not the sign of a power."""

_SIGN = re.compile(
    r"(<mo[^>]*>(?:=|\(|\[|&#x(?:00028|0002C|0003D|000D7|02248);)</mo>)<mo>(?=&#x02212;)"
)
"""A minus after `=`, `(`, `[`, a comma, `×` or `≈`: of one number, not between two."""

_PRIME = re.compile(r"<msup>(<m[io][^>]*>[^<]*</m[io]>)<mi>(&#x0203[2-4];)</mi></msup>")
"""A prime is drawn raised: as an exponent it would be raised twice, and small."""

_FUNCTION = re.compile(
    r"<mi>[a-z]{2,}</mi>(?=<m(?:[in]|frac|over|root|sqrt|sub|sup))"
    r"|(?:</m[in]>|&#x00029;</mo>)(?=<mi>[a-z]{2,}</mi>)"
)
"""`y ln a` written as three identifiers, between which MathML leaves no space."""


class FormulaExtension(Extension):
    """`markdown_extensions: [precis.formula]`, with pymdownx.arithmatex: {generic: true}."""

    def extendMarkdown(self, md: Markdown) -> None:
        """Register after inline patterns, which find the formulas in paragraphs."""
        md.treeprocessors.register(_Formulas(md), "precis-formula", 1)


@lru_cache(maxsize=4096)  # each language has the same formulas
def mathml(latex: str, display: str) -> str:
    """A formula as a `<math>` element; `display` is "inline" or "block".

    Raises what latex2mathml raises at LaTeX that it cannot read, and ValueError at a command
    that lacks an argument, which it lets pass.
    """
    math = convert(_DECIMAL_COMMA.sub(r"\1.\2", latex), display=display)
    for element in etree.fromstring(math).iter():
        name = element.tag.rpartition("}")[2]
        if len(element) != _PARTS.get(name, len(element)):
            raise ValueError(f"a part of <{name}> is missing")
    presentation = re.sub(r"^<math[^>]*>|</math>$", "", math)
    if _DECIMAL_COMMA.search(latex):  # French: 0{,}5 is one number, not a list
        presentation = re.sub(r"(?<=<mn>)\d*\.\d+(?=</mn>)", _with_comma, presentation)
    presentation = _UPRIGHT.sub(r'<mi mathvariant="normal">&#x000\1;</mi>', presentation)
    presentation = _VARIANT.sub(_as_characters, presentation)
    for plain, as_tex in _AS_TEX.items():
        presentation = presentation.replace(plain, as_tex)
    presentation = _PRIME.sub(
        r'<mrow>\1<mo lspace="0.06em" rspace="0">\2</mo></mrow>', presentation
    )
    presentation = _SIGN.sub(r'\1<mo form="prefix">', presentation)
    presentation = _FUNCTION.sub(r'\g<0><mspace width="0.167em"/>', presentation)
    return (
        f'<math xmlns="http://www.w3.org/1998/Math/MathML" display="{display}"><semantics>'
        f"{presentation}"
        f'<annotation encoding="application/x-tex">{html.escape(latex)}</annotation>'
        "</semantics></math>"
    )


def _as_characters(element: re.Match[str]) -> str:
    """Bold, script, …: MathML Core knows them as characters, not as an attribute."""
    tag, variant, text = element.groups()
    style = variant.upper().replace("BOLD-", "BOLD ")
    drawn = "".join(_in_variant(style, char) for char in html.unescape(text))
    return f"<{tag}>{drawn}</{tag}>"


def _in_variant(variant: str, char: str) -> str:
    plain = unicodedata.name(char, "").removeprefix("LATIN ").removeprefix("GREEK ")
    name = f"{variant} {plain.replace('LETTER ', '')}"
    for candidate in (f"MATHEMATICAL {name}", name):
        try:
            return unicodedata.lookup(candidate)
        except KeyError:
            continue
    return char


def _with_comma(number: re.Match[str]) -> str:
    return number[0].replace(".", ",")


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
            except Exception as error:  # whatever the converter raises at what it cannot read
                element.text = self._refused(latex, error)
            if after := _PUNCTUATION.match(element.tail or ""):
                # kept with the formula, which CSS does not let break
                element.text += after[0]
                element.tail = (element.tail or "")[after.end() :]

    def _refused(self, latex: str, error: Exception) -> str:
        """Report a formula that cannot be read on its page, where a page is known."""
        what = f"a formula that cannot be read: {latex}"
        hint = f"{type(error).__name__} {error}".strip()
        for extension in self.md.registeredExtensions:
            if isinstance(extension, PrecisExtension):
                page = extension.page
                first = latex.split("\n")[0]
                numbered = enumerate(page.lines, page.first_line)
                line = next((n for n, text in numbered if first in text), page.first_line)
                return boxed(page.report(line, what, hint), self.md)
        raise ValueError(f"{what} ({hint})")
