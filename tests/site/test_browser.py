"""The site as a reader has it: in a real Chromium."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from built import PAGES, Site, becomes_true
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


@dataclass(frozen=True)
class Visit:
    """What happened when a page was opened on a telephone."""

    errors: list[str]
    """Of the console, of scripts, and failed requests."""

    foreign: list[str]
    """Addresses elsewhere that the page asked for."""

    width: int
    """Of what the page can scroll through, in CSS pixels."""

    words: list[float]
    """The sizes of the words on its figures, in CSS pixels."""


WIDTH = 320
"""The narrowest telephone."""

SIZES_ON_FIGURES = """
[...document.querySelectorAll(".precis-figure svg")].flatMap(svg => {
  const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
  const size = text => parseFloat(getComputedStyle(text).fontSize);
  return [...svg.querySelectorAll("text")].map(text => size(text) * scale);
})
"""


@pytest.fixture(
    scope="module",
    params=[(path, scheme) for path in PAGES for scheme in ("light", "dark")],
    ids=lambda param: f"/{param[0]}-{param[1]}",
)
def visit(request: pytest.FixtureRequest, browser: Browser, address: str) -> Visit:
    path, scheme = request.param
    errors: list[str] = []
    foreign: list[str] = []
    context = browser.new_context(color_scheme=scheme, viewport={"width": WIDTH, "height": 800})
    page = context.new_page()
    page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "request",
        lambda r: None if r.url.startswith((address, "data:", "blob:")) else foreign.append(r.url),
    )
    page.goto(address + path, wait_until="networkidle")
    # while fonts and scripts settle, a page may be wider
    becomes_true(page, f"document.documentElement.scrollWidth <= {WIDTH}", seconds=3)
    width = page.evaluate("document.documentElement.scrollWidth")
    words = page.evaluate(SIZES_ON_FIGURES)
    context.close()
    return Visit(errors, foreign, width, words)


def test_a_page_opens_without_an_error(visit: Visit) -> None:
    assert visit.errors == []


def test_a_page_asks_nothing_of_others(visit: Visit) -> None:
    assert visit.foreign == []


def test_no_page_scrolls_sideways_on_a_telephone(visit: Visit) -> None:
    assert visit.width <= WIDTH


def test_words_on_figures_can_be_read_on_a_telephone(visit: Visit) -> None:
    assert min(visit.words, default=10) >= 9.5


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
