"""The site as a reader has it: in a real Chromium."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from built import Site
from playwright.sync_api import Browser, Page, expect

PAGES = ["", "tensors/", "autograd/", "en/", "en/tensors/", "en/autograd/"]


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def page(browser: Browser, scheme: str) -> Iterator[Page]:
    context = browser.new_context(color_scheme=scheme)  # type: ignore[arg-type]
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_opens_without_error_and_asks_nothing_of_others(
    page: Page, address: str, path: str
) -> None:
    wrong: list[str] = []
    page.on(
        "console", lambda message: wrong.append(message.text) if message.type == "error" else None
    )
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith((address, "data:", "blob:"))
            else wrong.append(request.url)
        ),
    )

    page.goto(address + path, wait_until="networkidle")

    assert wrong == []


@pytest.mark.parametrize("path", PAGES)
def test_no_page_scrolls_sideways_on_a_phone(page: Page, address: str, path: str) -> None:
    page.set_viewport_size({"width": 360, "height": 800})

    page.goto(address + path)

    assert page.evaluate("document.documentElement.scrollWidth") <= 360


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
        name: block.locator(f"span.{name}").first.evaluate("e => getComputedStyle(e).color")
        for name in ("go", "n")
    }

    assert colours["go"] != colours["n"]


def test_a_page_can_be_read_without_javascript(browser: Browser, address: str, site: Site) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address + "autograd/")

    expect(page.locator("math").first).to_be_visible()
    expect(page.locator("figure svg").first).to_be_visible()
    expect(page.locator('[data-cell="neuron-loss"] .go').first).to_be_visible()
    context.close()
