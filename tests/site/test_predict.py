"""The switch that keeps outputs behind a button, where the text asks to predict them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from built import LANGUAGES, ROOT, open_page
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

PAGE = {"fr": "learning/", "en": "en/learning/"}
WORDS = {
    "fr": ("Prévoir avant de voir", "Voir ce qui s’affiche"),
    "en": ("Predict before you look", "Show what it prints"),
}


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def output(page: Page, cell: str) -> Locator:
    return page.locator(f"[data-cell={cell}] .precis-output .go").first


@pytest.mark.parametrize("language", ["fr", pytest.param("en", marks=pytest.mark.exhaustive)])
def test_where_the_text_asks_the_answer_waits_for_a_tap(
    page: Page, address: str, language: str
) -> None:
    keep, show = WORDS[language]
    open_page(page, address + PAGE[language])
    switch = page.get_by_role("switch", name=keep)
    expect(switch).to_have_attribute("aria-checked", "false")
    expect(output(page, "loader")).to_be_visible()

    switch.focus()
    page.keyboard.press("Space")
    expect(switch).to_have_attribute("aria-checked", "true")
    expect(output(page, "loader")).to_be_hidden()
    expect(output(page, "training")).to_be_visible()  # nothing was asked before it

    show_it = page.locator("[data-cell=loader]").get_by_role("button", name=show)
    expect(show_it).to_have_attribute("aria-expanded", "false")
    show_it.focus()
    page.keyboard.press("Enter")
    expect(output(page, "loader")).to_be_visible()
    expect(output(page, "validation")).to_be_hidden()
    assert not Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa"]}).response["violations"]

    switch.click()
    expect(output(page, "validation")).to_be_visible()
    assert page.locator(".precis-reveal").count() == 0


def test_the_choice_is_remembered_on_other_pages(page: Page, address: str) -> None:
    open_page(page, address + PAGE["fr"])
    page.get_by_role("switch", name=WORDS["fr"][0]).click()
    open_page(page, address + "en/tensors/")
    expect(page.get_by_role("switch")).to_have_attribute("aria-checked", "true")
    expect(output(page, "seed")).to_be_hidden()


def test_without_script_everything_is_in_view(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address + PAGE["fr"])
    expect(page.get_by_role("switch")).to_have_count(0)
    expect(output(page, "loader")).to_be_visible()
    context.close()


def test_both_languages_ask_for_the_same_cells(page: Page, address: str) -> None:
    page.add_init_script("localStorage.setItem('precis.predict', true)")
    chapters = [
        path.stem
        for path in sorted((ROOT / "docs/fr").glob("*.md"))
        if "{#exercises}" in path.read_text(encoding="utf-8")
    ]
    cells = "blocks => blocks.map(block => block.dataset.cell)"
    for name in chapters:
        covered = []
        for start in LANGUAGES.values():
            page.goto(f"{address}{start}{name}/", wait_until="domcontentloaded")
            covered.append(page.eval_on_selector_all(".precis-covered", cells))
        assert covered[0] == covered[1] != [], name
