"""What the tests of the site share: where it is, what it is made of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bs4 import BeautifulSoup

ROOT = Path(__file__).parents[2]

LANGUAGES = {"fr": "", "en": "en/"}
"""Each language and where its pages start."""

LABS = sorted((ROOT / "snippets/labs").glob("*.py"))
NAMES = [
    "",
    *(f"{path.stem}/" for path in (ROOT / "docs/fr").glob("*.md") if path.stem != "index"),
    *(f"labs/{path.stem}/" for path in LABS),
]
PAGES = sorted(start + name for start in LANGUAGES.values() for name in NAMES)
"""The address of each page, from the site's root."""


@dataclass(frozen=True)
class Site:
    """A built site, its pages parsed."""

    folder: Path
    pages: dict[str, BeautifulSoup]
    """By path from the site's root, as in a URL: `en/tensors/`."""
