"""The site as a reader has it: in a real Chromium."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

import pytest
from built import Site
from playwright.sync_api import Browser, Page, expect


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def page(browser: Browser, scheme: str) -> Iterator[Page]:
    context = browser.new_context(color_scheme=scheme)  # type: ignore[arg-type]
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield context.new_page()
    context.close()


def test_the_scheme_follows_the_system(page: Page, address: str, scheme: str) -> None:
    page.goto(address + "tensors/")

    expected = {"light": "default", "dark": "slate"}[scheme]
    assert page.locator("body").get_attribute("data-md-color-scheme") == expected


def test_copying_a_block_gives_the_code_without_the_outputs(page: Page, address: str) -> None:
    page.goto(address + "autograd/")
    block = page.locator('[data-cell="neuron-loss"]')
    assert "#>" in block.inner_text()

    block.locator("[data-clipboard-target]").click()

    copied = page.evaluate("navigator.clipboard.readText()")
    assert "print(z)" in copied
    assert "#>" not in copied
    assert "\n\n\n" not in copied
    compile(copied, "copied", "exec")


def test_the_language_switch_stays_on_the_page(page: Page, address: str) -> None:
    page.goto(address + "tensors/")

    page.locator(".md-header button.md-icon:has(+ .md-select__inner)").hover()
    page.locator(".md-select__link[hreflang=en]").click()

    page.wait_for_url(address + "en/tensors/")
    expect(page.locator("h1")).to_contain_text("Tensors")


@pytest.mark.parametrize(
    ("path", "query", "title"), [("", "tenseur", "tenseurs"), ("en/", "tensor", "Tensors")]
)
def test_search_finds_a_chapter(
    page: Page, address: str, path: str, query: str, title: str
) -> None:
    page.goto(address + path)

    page.locator(".md-search__input").click()
    page.keyboard.type(query)

    expect(page.locator(".md-search-result__item").first).to_contain_text(title)


def test_outputs_are_told_apart_from_code(page: Page, address: str) -> None:
    page.goto(address + "autograd/")
    block = page.locator('[data-cell="neuron-loss"]')

    colours = {
        name: block.locator(name).first.evaluate("e => getComputedStyle(e).color")
        for name in ("code", ".go")
    }

    assert colours[".go"] != colours["code"]


def test_a_page_can_be_read_without_javascript(browser: Browser, address: str, site: Site) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address + "autograd/")

    expect(page.locator("math").first).to_be_visible()
    expect(page.locator("figure svg").first).to_be_visible()
    expect(page.locator('[data-cell="neuron-loss"] .go').first).to_be_visible()
    context.close()


def test_lines_of_text_have_65_to_75_characters(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(address + "en/autograd/")
    lengths = page.evaluate("""[...document.querySelectorAll("article > p")].flatMap(p => {
      const lines = Math.round(p.offsetHeight / parseFloat(getComputedStyle(p).lineHeight));
      return lines < 4 || p.querySelector("math") ? [] : [p.textContent.length / (lines - 0.5)];
    })""")
    context.close()
    assert len(lengths) > 5
    assert 65 <= statistics.median(lengths) <= 75
