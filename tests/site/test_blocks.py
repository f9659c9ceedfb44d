"""Blocks of code, formulas and headings: what one can do with them is there as the page comes."""

from __future__ import annotations

import pytest
from built import PAGES, Site
from playwright.sync_api import Browser, expect


@pytest.mark.parametrize("path", PAGES)
def test_blocks_come_with_their_buttons(site: Site, path: str) -> None:
    article = site.pages[path].article
    copies = [button["data-clipboard-target"] for button in article.select(".md-code__button")]
    assert copies == [f"#{code['id']}" for code in article.select("pre > code")]
    assert len(article.select(".precis-latex")) == len(article.select("div.arithmatex"))
    marks = article.select(".md-code__button, .precis-latex, .precis-seal, .headerlink")
    assert all(mark["aria-label"] and not mark.get("title") for mark in marks)


@pytest.mark.parametrize("path", PAGES)
def test_what_has_the_text_s_colour_has_no_element(site: Site, path: str) -> None:
    assert site.pages[path].select("pre :is(.n, .p, .w, span[id])") == []


def test_a_button_says_what_it_does_to_who_stops_at_it(browser: Browser, address: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(address + "en/tensors/", wait_until="networkidle")
    button = page.locator(".md-code__button").first
    said = "button => getComputedStyle(button, '::before').content"
    assert "Copy" not in button.evaluate(said)
    button.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    expect(button).to_be_focused()
    assert "Copy the code" in button.evaluate(said)
    context.close()


def test_what_is_folded_can_be_found_once_the_page_is_there(browser: Browser, address: str) -> None:
    """Hidden while the page opens, then as the browser folds: a search in the page unfolds it."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(address + "tensors/", wait_until="networkidle")
    folded = page.locator("details:not([open]) > :not(summary)").first
    assert folded.evaluate("element => getComputedStyle(element).display") != "none"
    context.close()
