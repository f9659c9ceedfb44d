"""A real Chromium, for the tests of the site and of the engine."""

from __future__ import annotations

import os
from collections.abc import Iterator

import chromium
import pytest
from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = chromium.find()
    if program is None:
        if os.environ.get("PRECIS_REQUIRE_CHROMIUM"):
            pytest.fail(f"PRECIS_REQUIRE_CHROMIUM is set, and {chromium.MISSING}")
        pytest.skip(f"{chromium.MISSING}: the browser tests did not run")
    with chromium.start(program) as browser:
        yield browser
