"""The colours: the system's until the reader chooses, then the reader's, on every page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

NAMES = {"": "Thème sombre", "en/": "Dark theme"}


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(color_scheme="light")
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    page.goto(address)
    return page


def is_dark(page: Page, dark: bool) -> None:
    """Hold a page to its colours: of the text, of what the browser draws, of its own frame."""
    body = page.locator("body")
    expect(body).to_have_attribute("data-md-color-scheme", "slate" if dark else "default")
    ground = body.evaluate("body => getComputedStyle(body).backgroundColor.match(/[0-9.]+/g)")
    assert (float(ground[0]) < 128) is dark
    native = page.locator("meta[name=color-scheme]")
    expect(native).to_have_attribute("content", "dark" if dark else "light")
    header = page.locator(".md-header").evaluate("e => getComputedStyle(e).backgroundColor")
    frame = page.locator("meta[name=theme-color]").get_attribute("content") or ""
    channels = ", ".join(str(int(frame[at : at + 2], 16)) for at in (1, 3, 5))
    assert header == f"rgb({channels})"
    switch = page.locator(".precis-scheme")
    expect(switch).to_have_attribute("aria-pressed", "true" if dark else "false")
    expect(switch.locator("svg:visible")).to_have_count(1)


def test_the_colours_are_the_system_s_and_change_with_it(page: Page) -> None:
    is_dark(page, False)
    page.emulate_media(color_scheme="dark")
    is_dark(page, True)
    page.emulate_media(color_scheme="light")
    is_dark(page, False)


@pytest.mark.parametrize("start", NAMES)
def test_the_switch_has_a_name_and_works_by_keyboard(page: Page, address: str, start: str) -> None:
    page.goto(address + start)
    switch = page.get_by_role("button", name=NAMES[start])
    switch.focus()
    for key, dark in (("Enter", True), ("Space", False)):
        page.keyboard.press(key)
        is_dark(page, dark)
        expect(switch).to_be_focused()


def test_a_choice_holds_on_all_pages_whatever_the_system_says(page: Page, address: str) -> None:
    page.get_by_role("button", name=NAMES[""]).click()
    page.goto(address + "en/tensors/")
    is_dark(page, True)
    page.get_by_role("button", name=NAMES["en/"]).click()
    page.emulate_media(color_scheme="dark")
    page.reload()
    is_dark(page, False)


def test_a_page_is_painted_in_its_colours_from_the_first(page: Page, address: str) -> None:
    """With all that comes from elsewhere but the styles held back, the colours are there."""
    page.get_by_role("button", name=NAMES[""]).click()
    page.route("**/*.js", lambda route: route.abort())
    page.goto(address + "tensors/")
    is_dark(page, True)


def test_where_nothing_may_be_kept_a_choice_is_for_the_page(page: Page) -> None:
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new Error('refused') }})"
    )
    page.reload()
    page.get_by_role("button", name=NAMES[""]).click()
    is_dark(page, True)


def test_without_javascript_there_is_no_switch(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    expect(page.locator(".precis-scheme")).to_be_hidden()
    context.close()
