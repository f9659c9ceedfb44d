"""The home page: its tune against PyTorch, its path against the menu, its head."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import torch
import yaml
from built import LANGUAGES, ROOT, Site, becomes_true, open_page
from playwright.sync_api import Browser, BrowserContext, Page, expect

STARTS = tuple(LANGUAGES.values())


def menu() -> list[tuple[str, list[str]]]:
    """The groups of the menu, each with the addresses of its pages."""
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    groups = []
    for group in yaml.safe_load(text)["nav"]:
        for title, pages in group.items():
            entries = pages if isinstance(pages, list) else []
            paths = [path for entry in entries for path in entry.values()]
            groups.append((title, [re.sub(r"\.\w+$", "/", path) for path in paths]))
    return groups


def chapters() -> list[str]:
    return [page for title, pages in menu() if re.match(r"[IVX]+\. ", title) for page in pages]


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, service_workers="block")
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


# The tune

MODEL = """
async ([path, lines, temperature]) => {
  const { counts, probabilities } = await import(path);
  const table = counts(lines);
  return Object.fromEntries(
    Object.entries(table).map(([name, row]) => [name, probabilities(row, temperature)]));
}
"""


@pytest.mark.parametrize("temperature", [0.01, 0.2, 0.5, 1.0, 1.7, 4.0, 100.0])
def test_the_probabilities_of_the_tune_are_pytorch_s(
    page: Page, address: str, site: Site, temperature: float
) -> None:
    block = site.pages[""].select_one('[data-cell="count-table"]')
    assert block is not None
    lines = [line.get_text() for line in block.select(".go")]
    names, *rows = [line.removeprefix("#>").split() for line in lines]
    assert [row[0] for row in rows] == names
    counted = torch.tensor([[int(n) for n in row[1:]] for row in rows], dtype=torch.float64)
    expected = torch.softmax(counted.log() / temperature, dim=1)
    open_page(page, address)

    found = page.evaluate(MODEL, ["/assets/home.js", lines, temperature])

    values = torch.tensor([[found[a][b] for b in names] for a in names], dtype=torch.float64)
    torch.testing.assert_close(values, expected, rtol=1e-12, atol=1e-15)


def test_the_bars_are_those_of_the_table_and_of_the_temperature(page: Page, address: str) -> None:
    open_page(page, address + "en/")
    keys = page.locator(".tune-key")
    expect(keys).to_have_count(7)
    after_c = torch.tensor([2, 3, 2, 1, 0, 1, 0], dtype=torch.float64)  # g C D E F G A
    for temperature in (1.0, 0.5, 3.0):
        page.get_by_label("Temperature").fill(str(temperature))
        expected = torch.softmax(after_c.log() / temperature, dim=0)
        shown = page.locator(".tune-share").all_text_contents()
        assert shown == [f"{share:.2f}" for share in expected.tolist()]


@pytest.mark.parametrize(
    ("number", "name"), [(0.0, "C"), (0.24, "C"), (0.26, "D"), (0.99, "D"), (1.0, "D")]
)
def test_a_note_is_drawn_as_wide_as_its_probability(
    page: Page, address: str, number: float, name: str
) -> None:
    open_page(page, address)
    draw = "async n => (await import('/assets/home.js')).drawn({A: 0, C: 0.25, D: 0.75, E: 0}, n)"

    assert page.evaluate(draw, number) == name


def test_the_tune_is_played_by_keyboard_and_says_what_it_does(page: Page, address: str) -> None:
    open_page(page, address + "en/")
    page.get_by_role("button", name="D, probability 0.22").focus()
    page.keyboard.press("Enter")

    expect(page.locator(".tune-played")).to_have_text("C D")
    said = page.locator("precis-tune").get_by_role("status")
    expect(said).to_have_text("D had the probability 0.22: a loss of 1.50.")
    expect(page.get_by_role("button", name="E, probability 1.00")).to_be_visible()
    page.get_by_role("button", name="A, probability 0.00").press("Space")
    expect(said).to_contain_text("A never follows D")
    page.get_by_role("button", name="Eight more notes").press("Enter")
    expect(page.locator(".tune-played")).to_have_text(re.compile(r"^C D A( \w){8}$"))
    page.get_by_role("button", name="Start again").press("Enter")
    expect(page.locator(".tune-played")).to_have_text("C")


def test_nothing_is_heard_before_it_is_asked_for(page: Page, address: str) -> None:
    page.add_init_script("""
        window.sounds = 0;
        const Real = AudioContext;
        window.AudioContext = class extends Real { constructor() { super(); sounds += 1; } };
    """)
    open_page(page, address)
    page.get_by_role("button", name="Note suivante").click()
    assert page.evaluate("sounds") == 0
    page.get_by_role("button", name="Écouter").click()
    assert page.evaluate("sounds") == 1


@pytest.mark.parametrize("start", STARTS)
def test_without_a_script_the_verified_figure_and_its_table_are_there(
    browser: Browser, address: str, start: str
) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(address + start)
    expect(page.locator("precis-tune figure svg")).to_be_visible()
    expect(page.locator("precis-tune .go").first).to_be_visible()
    expect(page.locator(".home-start")).to_be_visible()
    layout = context.new_cdp_session(page).send("Page.getLayoutMetrics")
    assert layout["cssContentSize"]["width"] <= 390
    context.close()


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_moves_when_the_tune_comes(browser: Browser, address: str, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 844})
    page = context.new_page()
    page.add_init_script("""
        window.moved = 0;
        new PerformanceObserver((list) => list.getEntries().forEach((e) => { moved += e.value; }))
            .observe({ type: "layout-shift", buffered: true });
    """)
    open_page(page, address)
    expect(page.locator(".tune-key").first).to_be_visible()
    page.wait_for_timeout(300)
    assert page.evaluate("moved") < 0.005
    context.close()


@pytest.mark.parametrize("locale", ["fr-FR", "en-GB"])
def test_the_title_stands_beside_the_tune_with_and_without_the_line_of_a_language(
    browser: Browser, address: str, locale: str
) -> None:
    context = browser.new_context(locale=locale, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    open_page(page, address)
    line, title, tune = (
        page.locator(name).first.bounding_box() for name in (".precis-line", "h1", "precis-tune")
    )
    assert (line is None) == (locale == "fr-FR")
    assert title is not None
    assert tune is not None
    assert abs(title["y"] - tune["y"]) < 60
    assert title["x"] + title["width"] <= tune["x"]
    context.close()


# The path


@pytest.mark.parametrize("start", STARTS)
def test_the_path_has_the_chapters_of_the_menu_in_its_order(site: Site, start: str) -> None:
    home = site.pages[start]
    parts = home.select("h2#start ~ .home-rows")
    tools = parts.pop()

    assert [link["href"] for part in parts for link in part.select("a")] == chapters()
    numbers = [part.get_text() for part in home.select(".home-number") if part.get_text()]
    numbered = [path for path in chapters() if "recap" not in path]
    assert numbers == [str(n) for n in range(1, len(numbered) + 1)]
    explorers = [path for _, paths in menu() for path in paths if re.search("labs|explorer", path)]
    assert [link["href"] for link in tools.select("a")] == explorers
    assert all(row.select_one(".home-time") for row in home.select(".home-row"))


@pytest.mark.parametrize("start", STARTS)
def test_a_site_without_the_book_s_files_does_not_lead_to_them(site: Site, start: str) -> None:
    """`make book` makes them, and test_book.py tests the page that leads to them."""
    assert not site.pages[start].select(".home-books")


@pytest.mark.parametrize("start", STARTS)
def test_a_thumbnail_is_a_chapter_s_own_figure_without_words(site: Site, start: str) -> None:
    for row in site.pages[start].select(".home-rows")[0].select(".home-row"):
        thumbnail = row.select_one(".home-thumbnail")
        figure = site.pages[start + row.a["href"]].select_one(".precis-figure svg")
        assert thumbnail["viewbox"]
        assert figure is not None
        assert not thumbnail.select("text, style, title")
        assert thumbnail.select("path, rect, use")


@pytest.mark.parametrize("start", STARTS)
def test_arrows_lead_from_chapter_to_chapter(site: Site, start: str) -> None:
    pages = site.pages
    order = ["", *chapters()]
    for one, other in zip(order, [*order[1:], None], strict=True):
        following = pages[start + one].select_one(".md-footer__link--next")
        assert (following is None) is (other is None)
        if following is not None:
            depth = "../" * len([part for part in one.split("/") if part])
            assert following["href"] == depth + other


# The head


def head(site: Site, start: str) -> dict[str, str]:
    page = site.pages[start]
    found = {tag["property"]: tag["content"] for tag in page.select("meta[property]")}
    data = page.select_one('script[type="application/ld+json"]')
    assert page.title is not None
    assert data is not None
    kind = re.search(r'"@type": "(\w+)"', data.get_text())
    assert kind
    return {**found, "title": page.title.get_text(), "kind": kind[1]}


NAMES = {"": "Le précis des LLM", "en/": "The LLM Précis"}


@pytest.mark.parametrize("start", STARTS)
def test_a_home_page_is_one_in_each_language(site: Site, start: str) -> None:
    found = head(site, start)
    assert found["og:title"] == NAMES[start]
    assert (found["og:type"], found["kind"]) == ("website", "Book")
    assert found["title"].startswith(NAMES[start])
    assert re.search("modèles de langage|language models", found["title"])
    assert head(site, start + "tensors/")["kind"] == "LearningResource"


def test_headings_have_the_font_that_comes_with_the_site(page: Page, address: str) -> None:
    open_page(page, address)
    loaded = "[...document.fonts].filter(font => font.status === 'loaded').map(font => font.family)"
    assert becomes_true(page, f"{loaded}.some(family => family.includes('Pagella'))")
    family = page.locator("h1").evaluate("heading => getComputedStyle(heading).fontFamily")
    assert family.startswith("Pagella")


def test_the_ring_of_a_chapter_shows_what_was_read(page: Page, address: str) -> None:
    page.add_init_script("""localStorage.setItem("precis.progress", JSON.stringify(
        { last: "tokens", chapters: { tokens: { read: ["a", "b"], of: 8 } } }))""")
    open_page(page, address + "en/")
    row = page.locator(".home-row", has=page.locator("[href='tokens/']"))
    expect(row.locator(".precis-progress")).to_have_text(", 25% read")
    expect(page.locator(".precis-resume a")).to_have_attribute("href", re.compile("en/tokens/$"))
    assert becomes_true(page, "document.querySelectorAll('.precis-progress').length === 2")
