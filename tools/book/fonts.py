"""The fonts of both files: none of them needs to be installed where the book is made or read."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path

import matplotlib
from fontTools.subset import Options, Subsetter, load_font, save_font

_OURS = Path(__file__).with_name("fonts")
_MATPLOTLIB = Path(matplotlib.get_data_path(), "fonts/ttf")


@dataclass(frozen=True)
class Font:
    """A font and what a style sheet calls it."""

    family: str
    path: Path
    weight: int = 400
    style: str = "normal"

    def face(self, address: str) -> str:
        """Return the rule of a style sheet that loads the font from an address."""
        return (
            f'@font-face {{ font-family: "{self.family}"; src: url("{address}"); '
            f"font-weight: {self.weight}; font-style: {self.style} }}\n"
        )

    def embedded(self) -> str:
        """Return that rule with the font in it."""
        data = base64.b64encode(self.path.read_bytes()).decode()
        return self.face(f"data:font/{self.path.suffix[1:]};base64,{data}")

    def subset(self, text: str) -> bytes:
        """Return the font with the glyphs of a text alone, compressed (WOFF)."""
        options = Options(flavor="woff", layout_features=[])
        options.drop_tables += ["FFTM"]  # a date, which it would warn of
        font = load_font(str(self.path), options)
        subsetter = Subsetter(options)
        subsetter.populate(text=text)
        subsetter.subset(font)
        file = io.BytesIO()
        save_font(font, file, options)
        return file.getvalue()


MATH = Font("Precis Math", _OURS / "math.woff2")
CODE = Font("DejaVu Sans Mono", _MATPLOTLIB / "DejaVuSansMono.ttf")
SIGNS = Font("Precis Signs", _OURS / "signs.woff2")
PRINTED = (
    Font("Precis Text", _OURS / "text-regular.woff2"),
    Font("Precis Text", _OURS / "text-italic.woff2", style="italic"),
    Font("Precis Text", _OURS / "text-bold.woff2", weight=700),
    Font("Precis Text", _OURS / "text-bolditalic.woff2", weight=700, style="italic"),
    SIGNS,
    MATH,
    CODE,
    Font("DejaVu Sans Mono", _MATPLOTLIB / "DejaVuSansMono-Bold.ttf", weight=700),
    Font("DejaVu Sans Mono", _MATPLOTLIB / "DejaVuSansMono-Oblique.ttf", style="italic"),
    # those of the figures
    Font("DejaVu Sans", _MATPLOTLIB / "DejaVuSans.ttf"),
    Font("DejaVu Serif", _MATPLOTLIB / "DejaVuSerif.ttf"),
    Font("DejaVu Serif", _MATPLOTLIB / "DejaVuSerif-Italic.ttf", style="italic"),
)
