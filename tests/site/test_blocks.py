"""Blocks of code, formulas and headings: what one can do with them is there as the page comes."""

from __future__ import annotations

import pytest
from built import PAGES, Site, open_page
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
    open_page(page, address + "en/tensors/")
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
    open_page(page, address + "tensors/")
    folded = page.locator("details:not([open]) > :not(summary)").first
    assert folded.evaluate("element => getComputedStyle(element).display") != "none"
    context.close()


def test_a_list_of_notes_takes_no_room_before_its_block_has_been_seen(
    browser: Browser, address: str
) -> None:
    page = browser.new_page()
    open_page(page, address + "training/")
    notes = page.locator(".highlight:has(.precis-annotation) + ol")
    unseen = notes.last
    assert unseen.get_attribute("hidden") is None
    expect(unseen).to_be_hidden()
    page.emulate_media(media="print")
    expect(unseen).to_be_visible()
    page.close()


@pytest.mark.parametrize("path", PAGES)
def test_a_figure_brings_no_style_of_its_own(site: Site, path: str) -> None:
    assert site.pages[path].select("svg style") == []


def test_a_line_with_a_note_is_copied_without_blanks_at_its_end(
    browser: Browser, address: str
) -> None:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    open_page(page, address + "autograd/")
    block = page.locator(".highlight:has(.precis-annotation)").first
    block.scroll_into_view_if_needed()
    expect(block.locator(".md-annotation").first).to_be_visible()
    block.locator(".md-code__button").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.splitlines() == [line.rstrip() for line in copied.splitlines()]
    context.close()


@pytest.mark.parametrize("path", ["tensors/", "backpropagation/"])
def test_a_heading_is_as_high_as_what_one_sees_of_it(
    browser: Browser, address: str, path: str
) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740})
    page = context.new_page()
    open_page(page, address + path)
    empty = page.evaluate("""[...document.querySelectorAll("article .headerlink")]
        .filter((link) => {
            const heading = link.parentElement;
            const words = document.createRange();
            words.selectNodeContents(heading);
            words.setEndBefore(link);
            const { bottom } = words.getBoundingClientRect();
            return heading.getBoundingClientRect().bottom - bottom > 12;
        }).map((link) => link.hash)""")
    assert empty == []
    context.close()


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("path", ["en/", "tokens/"])
def test_the_marks_of_a_block_lie_under_its_code_and_are_wide_enough(
    browser: Browser, address: str, path: str, width: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 740})
    page = context.new_page()
    open_page(page, address + path)
    marks = page.evaluate("""[...document.querySelectorAll(".highlight")].flatMap((block) => {
        if (block.closest("details:not([open])")) return [];
        return [...block.querySelectorAll(".md-code__button, .precis-seal")].map((mark) => {
            mark.scrollIntoView({ block: "center", behavior: "instant" });
            const code = block.querySelector("pre > code").getBoundingClientRect();
            const { bottom, height, right, top, width } = mark.getBoundingClientRect();
            const { bottom: foot } = block.querySelector("pre").getBoundingClientRect();
            const inside = bottom <= foot && right <= code.right;
            const [size, under] = [Math.min(width, height), top - code.bottom];
            const hit = document.elementFromPoint(right - width / 2, bottom - height / 2);
            return { inside, name: mark.className, seen: hit === mark, size, under };
        });
    })""")
    assert {mark["name"] for mark in marks} == {"md-code__button", "precis-seal"}
    assert [mark for mark in marks if not (mark["inside"] and mark["seen"])] == []
    assert [mark for mark in marks if mark["under"] < 0 or mark["size"] < 24] == []
    context.close()
