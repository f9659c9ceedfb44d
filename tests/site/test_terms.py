"""Terms of the glossary: in place by touch, by pointer and by keyboard."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from built import open_page, violations
from playwright.sync_api import Browser, Locator, Page, expect

START = {"fr": ("autograd/", "Voir le glossaire"), "en": ("en/autograd/", "See the glossary")}


@pytest.fixture(params=START)
def telephone(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[Page]:
    scheme = "light" if request.param == "fr" else "dark"
    context = browser.new_context(
        viewport={"width": 390, "height": 844},
        has_touch=True,
        is_mobile=True,
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    page = context.new_page()
    open_page(page, address + START[request.param][0])
    expect(page.locator(".precis-definition")).to_be_attached()
    yield page
    context.close()


def definition(page: Page) -> Locator:
    return page.locator(".precis-definition:popover-open")


def test_a_tap_shows_the_definition_in_place(telephone: Page) -> None:
    term = telephone.locator("article a.precis-term").first
    meaning, where = term.get_attribute("title"), telephone.url
    term.tap()
    box = definition(telephone)
    expect(box.get_by_role("status")).to_have_text(meaning or "?")
    expect(box.get_by_role("link")).to_have_text(
        START[telephone.locator("html").get_attribute("lang") or ""][1]
    )
    assert telephone.url == where
    edges = box.evaluate(
        "box => { const {left, right} = box.getBoundingClientRect(); return [left, right] }"
    )
    assert edges[0] >= 0
    assert edges[1] <= 390
    assert violations(telephone, ".precis-definition") == []


def test_a_second_tap_goes_to_the_glossary(telephone: Page) -> None:
    term = telephone.locator("article a.precis-term").first
    address = term.evaluate("term => term.href")
    term.tap()
    expect(definition(telephone)).to_be_visible()
    term.tap()
    telephone.wait_for_url(address)


def test_the_link_in_the_definition_goes_to_the_glossary(telephone: Page) -> None:
    term = telephone.locator("article a.precis-term").first
    address = term.evaluate("term => term.href")
    term.tap()
    definition(telephone).get_by_role("link").tap()
    telephone.wait_for_url(address)


def test_a_tap_elsewhere_or_escape_closes_the_definition(telephone: Page) -> None:
    term = telephone.locator("article a.precis-term").first
    term.tap()
    expect(definition(telephone)).to_be_visible()
    telephone.locator("h1").tap()
    expect(definition(telephone)).to_have_count(0)
    term.tap()  # closed, so this is a first tap again
    expect(definition(telephone)).to_be_visible()
    telephone.keyboard.press("Escape")
    expect(definition(telephone)).to_have_count(0)


def test_the_keyboard_reads_the_definition_and_goes_on(browser: Browser, address: str) -> None:
    page = browser.new_page()
    open_page(page, address + "en/autograd/")
    term = page.locator("article a.precis-term").first
    meaning, there = term.get_attribute("title"), term.evaluate("term => term.href")
    term.focus()
    tooltip = page.get_by_role("tooltip")
    expect(tooltip).to_have_text(meaning or "?")
    expect(term).to_have_attribute("aria-describedby", tooltip.get_attribute("id") or "?")
    page.keyboard.press("Enter")
    page.wait_for_url(there)
    page.close()
