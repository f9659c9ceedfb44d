"""A real Chromium, for the tests of the site and of the engine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

BROWSERS = ("chromium-headless-shell", "chromium", "google-chrome")
"""The first opens a page in half the time that the others take."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        missing = f"none of {', '.join(BROWSERS)} is on the PATH"
        if os.environ.get("PRECIS_REQUIRE_CHROMIUM"):
            pytest.fail(f"PRECIS_REQUIRE_CHROMIUM is set, and {missing}")
        pytest.skip(f"{missing}: the browser tests did not run")
    with sync_playwright() as playwright:
        # the flags keep Chromium from calling home, where there may be no network
        chromium = playwright.chromium.launch(
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
        yield chromium
        chromium.close()
