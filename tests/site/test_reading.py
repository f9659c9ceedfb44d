"""What the site does for its reader, in a real Chromium: the place kept, formulas, offline."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from built import becomes_true, open_page, violations
from playwright.sync_api import Browser, BrowserContext, Page, expect


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, address: str) -> Page:
    return context.new_page()


def top(page: Page, selector: str) -> float:
    return page.locator(selector).evaluate("element => element.getBoundingClientRect().top")


def switch(page: Page, language: str) -> None:
    page.locator("header .md-select").hover()
    page.locator(f"header .md-select__link[hreflang={language}]").click()
    expect(page.locator("html")).to_have_attribute("lang", language)
    page.wait_for_load_state("load")


def test_the_other_language_opens_at_the_same_place(page, address):
    page.goto(address + "tensors/#broadcasting")
    page.evaluate("scrollBy({top: 300, behavior: 'instant'})")
    before = top(page, "#broadcasting")
    switch(page, "en")
    expect(page).to_have_url(address + "en/tensors/#broadcasting")
    assert before < 0
    there = "document.querySelector('#broadcasting').getBoundingClientRect().top"
    assert becomes_true(page, f"Math.abs({there} - {before}) < 150")


def test_the_chosen_language_is_found_again_at_the_door_only(page, address):
    page.goto(address)
    expect(page).to_have_url(address)
    switch(page, "en")
    page.goto("about:blank")
    page.goto(address)
    page.wait_for_url(address + "en/")
    page.goto("about:blank")
    open_page(page, address + "tensors/")
    expect(page).to_have_url(address + "tensors/")


def test_a_first_visit_is_never_sent_elsewhere(browser, address):
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    open_page(page, address)
    expect(page).to_have_url(address)
    context.close()


@pytest.mark.parametrize(
    ("preferred", "path", "offered"),
    [
        ("en-GB", "tensors/", "en/tensors/"),
        ("de-DE", "", "en/"),
        ("fr-CA", "en/tensors/", "tensors/"),
        ("fr-FR", "tensors/", None),
        ("en-US", "en/", None),
        ("de-DE", "en/tensors/", None),
    ],
)
def test_a_page_in_the_other_language_offers_the_reader_s_own(
    browser, address, preferred, path, offered
):
    context = browser.new_context(locale=preferred)
    page = context.new_page()
    open_page(page, address + path)
    line = page.locator(".precis-line")
    expect(line).to_be_visible(visible=offered is not None)
    if offered is not None:
        language = "en" if offered.startswith("en/") else "fr"
        expect(line).to_have_attribute("lang", language)
        assert violations(page, ".precis-line") == []
        line.get_by_role("link").click()
        page.wait_for_url(address + offered)
        page.go_back()
        expect(line).to_be_hidden()  # a language was chosen
    context.close()


def test_the_line_is_dismissed_once(browser, address):
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    open_page(page, address + "tensors/")
    line = page.locator(".precis-line")
    line.get_by_role("button", name="Close").click()
    expect(line).to_be_hidden()
    open_page(page, address + "tokens/")
    expect(line).to_be_hidden()
    context.close()


def test_progress_is_kept_shown_and_forgotten(page, address):
    page.goto(address + "tensors/")
    assert page.locator(".precis-progress").count() == 0
    page.locator("#axes").evaluate("element => element.scrollIntoView({block: 'end'})")
    mark = page.locator(".md-nav--primary .md-nav__item--active .precis-progress").last
    expect(mark).to_have_text(re.compile(r", lu à \d+ %"), timeout=5000)
    page.goto(address + "en/")
    resume = page.locator(".precis-resume")
    expect(resume.get_by_role("link")).to_have_text(re.compile(r"Go on: Tensors, \d+% read"))
    expect(page.locator(".home-row .precis-progress")).to_have_text(re.compile(r", \d+% read"))
    resume.get_by_role("button").click()
    expect(resume).to_have_count(0)
    page.goto(address + "tensors/")
    assert page.locator(".precis-progress").count() == 0


def test_a_displayed_formula_is_copied_as_latex_by_keyboard(page, address):
    page.goto(address + "autograd/")
    button = page.locator(".precis-latex").first
    formula = page.locator("div.arithmatex annotation").first.text_content()
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Formule copiée")).to_have_count(1)
    assert page.evaluate("navigator.clipboard.readText()") == f"$$\n{formula}\n$$"


def test_a_selection_is_copied_with_its_formulas_as_latex(page, address):
    page.goto(address + "en/autograd/")
    paragraph = page.locator("p:has(math)").first
    formula = paragraph.locator("annotation").first.text_content()
    paragraph.evaluate("element => getSelection().selectAllChildren(element)")
    page.keyboard.press("Control+c")
    assert f"${formula}$" in page.evaluate("navigator.clipboard.readText()")


@pytest.mark.parametrize(("start", "word"), [("", "Vérifié"), ("en/", "Verified")])
def test_outputs_say_where_and_with_what_they_were_verified(page, address, start, word):
    page.goto(address + start + "tensors/")
    seal = page.locator(".precis-seal").first
    expect(seal).to_have_attribute("aria-label", re.compile(rf"{word}.*CPU, torch \d"))
    shown = "element => getComputedStyle(element, '::after').content"
    assert seal.evaluate(shown) == "none"
    seal.focus()
    assert word in seal.evaluate(shown)
    blocks = page.locator(".highlight[data-source]")
    printing = blocks.filter(has=page.locator(".go"))
    assert page.locator(".precis-seal").count() == printing.count() < blocks.count()


def test_the_whole_book_is_there_without_network_after_one_visit(context, page, address, site):
    wrong: list[str] = []
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    page.goto(address)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    assert becomes_true(page, "navigator.serviceWorker.controller !== null")
    context.set_offline(True)
    for path in site.pages:
        open_page(page, address + path)
        expect(page.locator("h1")).to_have_count(1)
        assert (
            page.evaluate("getComputedStyle(document.querySelector('.md-grid')).maxWidth") != "none"
        )
    page.goto(address + "tensors/")
    page.keyboard.press("/")
    page.keyboard.insert_text("gradient")
    page.keyboard.press("Shift")  # the search looks at its field when a key comes up
    expect(page.locator(".md-search-result__link").first).to_be_attached(timeout=20_000)
    assert wrong == []
    context.set_offline(False)


def test_what_is_folded_is_printed(page, address):
    page.goto(address + "tensors/")
    folded = page.locator("details:not([open])")
    count = folded.count()
    assert count > 4
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert folded.count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert folded.count() == count


def test_paper_has_the_text_alone(page, address):
    page.goto(address + "tensors/")
    page.emulate_media(media="print", color_scheme="dark")
    for part in (".md-header", ".md-sidebar--primary", ".md-footer", ".precis-seal >> nth=0"):
        expect(page.locator(part)).to_be_hidden()
    background = "getComputedStyle(document.body).backgroundColor"
    assert becomes_true(page, f"{background} === 'rgb(255, 255, 255)'")


def test_paper_has_the_light_colours_and_the_whole_of_long_lines(page, address):
    page.set_viewport_size({"width": 680, "height": 900})
    page.goto(address + "backpropagation/")
    output = "getComputedStyle(document.querySelector('.precis-output .go')).color"
    light = page.evaluate(output)
    page.emulate_media(color_scheme="dark")
    assert becomes_true(page, f"{output} !== '{light}'")
    page.emulate_media(media="print", color_scheme="dark")
    assert becomes_true(page, f"{output} === '{light}'")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("document.documentElement.scrollWidth") <= 680


def test_reduced_motion_moves_nothing(page, address):
    page.emulate_media(reduced_motion="reduce")
    page.goto(address + "en/tensors/")
    moving = """[...document.querySelectorAll("*")].filter(element => {
      const style = getComputedStyle(element);
      return parseFloat(style.transitionDuration) || style.animationName !== "none";
    }).map(element => element.className)"""
    assert page.evaluate(moving) == []
