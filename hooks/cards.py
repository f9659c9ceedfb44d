"""The picture that a link to a page shows elsewhere: its title and what it is about.

Drawn with Pillow and kept under `.precis/cards` by what it says, so that a build with nothing
changed draws none.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import textwrap
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.pages import Page

from precis import CACHE, write_cache

SIZE = (1200, 630)
"""Pixels; the ratio that the Open Graph readers cut to."""

_DRAWING = Path(__file__).read_text(encoding="utf-8")
"""Part of what a kept card is known by: another way of drawing makes another card."""

PAPER, INK, QUIET, GREEN = "#ffffff", "#1b2430", "#515b68", "#15803d"


def on_page_context(
    context: dict[str, object], page: Page, config: MkDocsConfig, **_: object
) -> None:
    """Put the page's card into the site, and its address where the template finds it."""
    language = config.plugins["i18n"].current_language
    title = "" if context["is_home"] else page.title or ""
    about = page.meta.get("description", "")
    said = "\0".join([_DRAWING, config.site_name, title, about])
    name = f"{hashlib.sha256(said.encode()).hexdigest()[:16]}.png"
    kept = Path(config.config_file_path).parent / CACHE / "cards" / name
    card = kept.read_bytes() if kept.exists() else b""
    if not card:
        card = _drawn(config.site_name, title, about)
        # whole or not at all: another build may be looking for the same card
        write_cache(kept, card)
    address = f"assets/cards/{language}/{page.file.name}.png"
    published = Path(config.site_dir, address)
    published.parent.mkdir(parents=True, exist_ok=True)
    published.write_bytes(card)
    context["card"] = address


def _drawn(site: str, title: str, about: str) -> bytes:
    from PIL import Image, ImageDraw, ImageFont  # where nothing changed, nothing needs it

    library = importlib.util.find_spec("matplotlib")  # whose fonts come with it
    fonts = Path(str(library and library.origin)).with_name("mpl-data") / "fonts/ttf"

    def font(size: int, weight: str = "") -> ImageFont.FreeTypeFont:
        return ImageFont.truetype(str(fonts / f"DejaVuSans{weight}.ttf"), size)

    image = Image.new("RGB", SIZE, PAPER)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 14, SIZE[1]), fill=GREEN)
    if title:
        draw.text((90, 76), site, QUIET, font(34, "-Bold"))
    lines = textwrap.wrap(title or site, 24)
    draw.multiline_text((90, 170), "\n".join(lines), INK, font(72, "-Bold"), spacing=18)
    below = 170 + 92 * len(lines) + 30
    room = (SIZE[1] - below - 40) // 50
    wrapped = textwrap.wrap(about, 52, max_lines=max(1, room), placeholder=" …")
    draw.multiline_text((90, below), "\n".join(wrapped), QUIET, font(34), spacing=14)
    png = io.BytesIO()
    image.quantize(16).save(png, "PNG", optimize=True)
    return png.getvalue()
