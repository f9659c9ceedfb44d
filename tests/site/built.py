"""What the tests of the site share: where it is, what it is made of."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from axe_playwright_python.sync_playwright import Axe
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


def hook(name: str) -> ModuleType:
    """Load a hook of the build, by its path without suffix."""
    spec = importlib.util.spec_from_file_location(Path(name).name, ROOT / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Pages(Mapping[str, BeautifulSoup]):
    """The pages of a site, each parsed when it is first asked for.

    By path from the site's root, as in a URL: `en/tensors/`.
    """

    def __init__(self, folder: Path) -> None:
        self._files = {
            path.parent.relative_to(folder).as_posix().removeprefix(".") + "/": path
            for path in sorted(folder.rglob("index.html"))
        }
        self._files = {path.removeprefix("/"): file for path, file in self._files.items()}
        self._parsed: dict[str, BeautifulSoup] = {}

    def __getitem__(self, path: str) -> BeautifulSoup:
        if path not in self._parsed:
            text = self._files[path].read_text(encoding="utf-8")
            self._parsed[path] = BeautifulSoup(text, "html.parser")
        return self._parsed[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


@dataclass(frozen=True)
class Site:
    """A built site."""

    folder: Path
    pages: Pages


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


READY = """
async () => {
  await document.fonts.ready;
  const waiting = [...document.querySelectorAll(":not(:defined)")];
  await Promise.all(waiting.map(element => customElements.whenDefined(element.localName)));
}
"""
"""Ends once a page that is loaded has its fonts and its explorers."""


def open_page(page: Page, url: str) -> None:
    """Open an address, and wait until the page is as its reader has it."""
    page.goto(url)
    page.evaluate(READY)


REACHABLE = """
[...document.querySelectorAll("pre > code")].every(
  code => code.scrollWidth <= code.clientWidth || code.tabIndex === 0)
"""
"""Becomes true once the page's scripts have seen every block that is shown."""


def violations(page: Page, part: str | None = None, without: tuple[str, ...] = ()) -> list[str]:
    """Return what axe finds on a page as it stands, or in a part of it, at any impact.

    Without some of its rules where their names are given.
    """
    rules = {"target-size": {"enabled": True}}  # of WCAG 2.2, which axe leaves off
    rules |= {name: {"enabled": False} for name in without}
    options = {"resultTypes": ["violations"], "rules": rules}
    return [
        f"{rule['id']}: {node['target']} {node['html'][:100]}"
        for rule in Axe().run(page, part, options).response["violations"]
        for node in rule["nodes"]
    ]
