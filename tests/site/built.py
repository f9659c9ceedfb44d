"""What the tests of the site share: where it is, what it is made of."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from bs4 import BeautifulSoup
from playwright.sync_api import Page

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


def becomes_true(page: Page, expression: str, seconds: float = 10) -> bool:
    """Whether an expression becomes true in a page while one waits.

    Playwright's own `wait_for_function` evaluates text in the page, which our policy forbids.
    """
    end = time.monotonic() + seconds
    while not page.evaluate(expression):
        if time.monotonic() > end:
            return False
        page.wait_for_timeout(50)
    return True
