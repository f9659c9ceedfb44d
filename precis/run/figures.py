"""Export open Matplotlib figures as SVG whose colours are CSS variables of the page."""

from __future__ import annotations

import io
import re
import sys
import warnings
from collections.abc import Iterator

_COLOURS = {f"#0c010{n}": f"var(--precis-figure-{n}, {colour})" for n, colour in enumerate(
    ("#1f6feb", "#c2410c", "#15803d", "#9333ea", "#b45309", "#0e7490"))
} | {"#010203": "currentColor", "#010204": "var(--precis-figure-grid, #8884)"}  # fmt: skip
"""The placeholder colours of `matplotlibrc` and the CSS that replaces them."""

_STYLE = re.compile(
    r"\s*<defs>\s*<style type=\"text/css\">"
    r"\*\{stroke-linejoin: round; stroke-linecap: butt\}</style>\s*</defs>"
)
"""What Matplotlib writes for all elements; `butt` is what SVG begins with."""


def draw_figures(cell: str, file: str) -> Iterator[str]:
    """Yield the figures that a cell of a file left open as SVG, and close them.

    Raises Matplotlib's errors, and its warnings as errors: a missing glyph is one.
    """
    if "matplotlib.pyplot" not in sys.modules:
        return
    from matplotlib import pyplot

    for number in pyplot.get_fignums():
        text = io.StringIO()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            pyplot.figure(number).savefig(text, format="svg", metadata={"Date": None})
        pyplot.close(number)
        svg = text.getvalue()
        svg = svg[svg.index("<svg") :]
        svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
        # a style sheet holds for the whole page: each makes the browser style all of it again
        svg, styles = _STYLE.subn("", svg)
        svg = svg.replace("<svg ", '<svg stroke-linejoin="round" ', styles)
        for colour, css in _COLOURS.items():
            svg = re.sub(colour, css, svg, flags=re.I)
        prefix = f"{file}-{cell}-{number}-"  # ids of two figures on one page must differ
        svg = re.sub(r'\bid="([^"]+)"', rf'id="{prefix}\1"', svg)
        svg = re.sub(r'(xlink:href="#|url\(#)', rf"\g<1>{prefix}", svg)
        yield svg.strip()
