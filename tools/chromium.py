"""Start a Chromium, for the tests and for the book."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

PROGRAMS = ("chromium-headless-shell", "chromium", "google-chrome")
"""The first opens a page in half the time that the others take."""

MISSING = f"none of {', '.join(PROGRAMS)} is on the PATH"


def find() -> str | None:
    """Return the path of the first program that is installed."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


@contextmanager
def start(program: str) -> Iterator[Browser]:
    """Run a program as long as the context lasts."""
    with sync_playwright() as playwright:
        # the flags keep Chromium from calling home, where there may be no network
        browser = playwright.chromium.launch(
            executable_path=program,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        yield browser
        browser.close()
