"""The notice of a page that is ahead of its site, in a real Chromium."""

from __future__ import annotations

import pytest
from mkdocs.config.defaults import MkDocsConfig
from playwright.sync_api import Browser, Route, expect

from precis.sites.notice import CHECKED, FAILED, STATE, WAITING, add_notice


@pytest.mark.parametrize("state", [CHECKED, "Checked: 1 finding", FAILED])
def test_a_page_that_is_ahead_of_its_site_says_what_became_of_it(
    browser: Browser, state: str
) -> None:
    config = MkDocsConfig()
    config.site_url = "http://site.test/book/"
    states = [WAITING, WAITING]
    page = browser.new_page()

    def answer(route: Route) -> None:
        if route.request.url.endswith(f"site.test/book/{STATE}"):
            route.fulfill(body=states.pop() if states else state, content_type="text/plain")
        else:
            html = add_notice("<html><body><p>Words.</p></body></html>", config)
            route.fulfill(body=html, content_type="text/html")

    page.route("**/*", answer)
    page.goto("http://site.test/book/a/")
    notice = page.locator(".precis-shown")

    assert "being checked" in notice.inner_text()
    expect(notice).to_have_text(state)
    assert states == []
    page.wait_for_timeout(2500)
    assert notice.count() == (state != CHECKED)
    page.close()
