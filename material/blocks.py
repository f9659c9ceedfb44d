"""Blocks of code, formulas and tables, whole as they come, with as few elements as they need.

A button or a class that a script adds to each block has the browser make style and layout again,
block after block: what a reader can do with a block is written with the page. What has the
text's own colour needs no element: more than half of those that Pygments writes.
"""

from __future__ import annotations

import re
from itertools import count

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError

WORDS = {
    "fr": (
        "Copier le code",
        "Copier la formule en LaTeX",
        "Lien vers cette section",
    ),
    "en": (
        "Copy the code",
        "Copy the formula as LaTeX",
        "Link to this section",
    ),
}
"""What the buttons and a heading's link do."""

_BLOCK = re.compile(r'<div class="(?:[^"]* )?highlight[ "]')
"""The element around each block; the box of a finding has none."""

_CODE = re.compile(r"<pre><span></span><code>(.*?)</code></pre>", re.DOTALL)

_PLAIN = re.compile(r'<span class="(?:kc|n|p|w)">([^<]*)</span>|<span class="o">(\.)</span>')
"""Names, constants, punctuation, blanks; the dot between two names."""

_NOTED = re.compile(r'  <span class="c1">(?=# \(\d+\)!?</span>)')
"""A note and the blanks before it: Material's script makes a mark of it, and copies the blanks."""

_LINE = re.compile(r' id="__span-\d+-\d+"')

_FORMULA = re.compile(r'<div class="arithmatex">.*?</div>', re.DOTALL)

_PLACE = re.compile(r'<div class="admonition abstract">.*?</div>|<h2 .*?(?=<h2 )', re.DOTALL)
"""What the switch of predictions follows: the page's goals, which stand before any section; in a
recap, its first section. Below the first window, it moves nothing when it comes."""

_TABLE = re.compile(r"<table>.*?</table>", re.DOTALL)


def on_post_page(output: str, config: MkDocsConfig, **_: object) -> str:
    """Write the blocks of a page anew."""
    copy, latex, link = WORDS[config.plugins["i18n"].current_language]
    numbers = count(1)

    def block(match: re.Match[str]) -> str:
        name = f"code-{next(numbers)}"
        code = _LINE.sub("", _PLAIN.sub(r"\1\2", match[1]))
        code = _NOTED.sub('<span class="c1 precis-annotation">  ', code)
        return (
            f'<pre><span class="md-code__nav"><button type="button" class="md-code__button"'
            f' aria-label="{copy}" data-clipboard-target="#{name}" data-md-type="copy"></button>'
            f"</span>"
            f'<code id="{name}" class="md-code__content">{code}</code></pre>'
        )

    button = f'<button type="button" class="precis-latex" aria-label="{latex}">LaTeX</button>'
    output = output.replace('title="Permanent link"', f'aria-label="{link}"')
    output = _PLACE.sub(r'\g<0><div class="precis-predict-place"></div>', output, count=1)
    # Material's script puts a box around each table: what is beside it is made again
    output = _TABLE.sub(r"<div>\g<0></div>", output)
    output, written = _CODE.subn(block, output)
    if written != len(_BLOCK.findall(output)):
        raise PluginError("material/blocks.py: blocks of code begin otherwise than with _CODE")
    return _FORMULA.sub(rf"\g<0>{button}", output)
