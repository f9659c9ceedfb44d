"""The site for everyone: the keyboard, and axe's rules where menus and notes are open.

Axe on each page: `test_visits`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from built import open_page, violations
from playwright.sync_api import Browser, Page, expect

MENUS = [
    pytest.param("pretraining/", 360, "light", id="telephone-light"),
    pytest.param("en/pretraining/", 1280, "dark", id="desk-dark"),
    *(
        pytest.param(path, width, scheme, marks=pytest.mark.exhaustive)
        for path, width, scheme in (
            ("pretraining/", 360, "dark"),
            ("pretraining/", 1280, "light"),
            ("en/pretraining/", 360, "light"),
            ("en/pretraining/", 360, "dark"),
            ("en/pretraining/", 1280, "light"),
        )
    ),
]


@pytest.mark.parametrize(("path", "width", "scheme"), MENUS)
def test_search_menu_and_notes_break_no_rule_when_they_are_open(
    browser: Browser, address: str, path: str, width: int, scheme: str
) -> None:
    context = browser.new_context(
        color_scheme=scheme,  # type: ignore[arg-type]
        viewport={"width": width, "height": 900},
        reduced_motion="reduce",
    )
    page = context.new_page()
    open_page(page, address + path)

    page.locator(".highlight:has(.precis-annotation)").first.scroll_into_view_if_needed()
    page.locator(".md-annotation__index").first.focus()
    note = ".md-annotation .md-tooltip--active"
    expect(page.locator(note).first).to_be_visible()
    assert violations(page, note) == []

    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("softmax")
    expect(page.locator(".md-search-result__item").first).to_be_visible()
    assert violations(page, ".md-search") == []

    if width < 1000:
        page.keyboard.press("Escape")
        page.locator(".md-header button[for=__drawer]").focus()
        page.keyboard.press("Enter")
        expect(page.locator(".md-sidebar--primary")).to_be_visible()
        assert violations(page, ".md-sidebar--primary") == []
    context.close()


@pytest.fixture
def desk(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    open_page(page, address + "en/tensors/")
    yield page
    context.close()


def test_the_first_tab_skips_to_the_text(desk: Page) -> None:
    desk.keyboard.press("Tab")
    expect(desk.locator(".md-skip")).to_be_focused()
    desk.keyboard.press("Enter")
    expect(desk).to_have_url(re.compile("#.+"))
    desk.keyboard.press("Tab")
    assert desk.evaluate("document.activeElement.closest('article') !== null")


def test_what_takes_the_focus_shows_it(desk: Page) -> None:
    """Tab through a part of the page: each stop, or the label that stands for it, is outlined."""
    look = """() => {
      const stop = document.activeElement;
      return [stop, stop.matches(".md-option") && stop.nextElementSibling].some(shown => {
        const {outlineStyle, outlineWidth} = shown ? getComputedStyle(shown) : {};
        return shown && outlineStyle !== "none" && parseFloat(outlineWidth) > 0;
      });
    }"""
    what = "() => document.activeElement.outerHTML.slice(0, 80)"
    stops = set()
    for _ in range(40):
        desk.keyboard.press("Tab")
        stops.add(desk.evaluate(what))
        assert desk.evaluate(look), desk.evaluate(what)
    assert len(stops) > 30


def test_folded_parts_open_by_keyboard(desk: Page) -> None:
    folded = desk.locator("article details").first
    folded.locator("summary").focus()
    desk.keyboard.press("Enter")
    expect(folded).to_have_attribute("open", "")


def test_outputs_are_told_apart_where_the_reader_chose_the_colours(desk: Page) -> None:
    border = "element => getComputedStyle(element).borderInlineStartStyle"
    output = desk.locator("article .precis-output").first
    assert output.evaluate(border) == "none"  # there by its colour
    desk.emulate_media(forced_colors="active")
    assert output.evaluate(border) == "solid"
