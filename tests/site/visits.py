"""Each page opened as readers open it; everything that is asked there is asked in one visit.

`make test` opens a French page on a telephone, in light colours, and its English twin, which has
the same parts, on a desk, in dark ones. The rules of axe are tried in one of the two, in turn; that
on contrast, which takes four fifths of their time, on one page of each kind, since colours come
from the styles, which all pages share. `make test-all` tries both schemes and both widths in both
languages, with all rules. A file for each language takes `TestVisit` and the two fixtures of its
pages, so that two processes can visit at once.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
from built import (
    LANGUAGES,
    NAMES,
    PAGES,
    REACHABLE,
    becomes_true,
    open_page,
    violations,
)
from playwright.sync_api import Browser, BrowserContext, Page

WIDTHS = {"telephone": 320, "desk": 1280}
"""CSS pixels: the narrowest telephone, and a screen that shows both menus."""

SIZES_ON_FIGURES = """
[...document.querySelectorAll(".precis-figure svg")].flatMap(svg => {
  const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
  const size = text => parseFloat(getComputedStyle(text).fontSize);
  return [...svg.querySelectorAll("text")].map(text => size(text) * scale);
})
"""

FORMULAS_OUT_OF_REACH = """
[...document.querySelectorAll("div.arithmatex")].flatMap(box => {
  const edges = box.getBoundingClientRect();
  const row = box.querySelector("semantics > mrow");
  const at = scrolled => {
    box.scrollLeft = scrolled;
    return row.getBoundingClientRect();
  };
  const room = box.scrollWidth - box.clientWidth;
  const left = at(0).left - edges.left;
  const right = edges.right - at(room).right;
  const { top, bottom } = at(0);
  const faults = [
    [Math.min(left, right) < -1, "begins or ends outside its box"],
    [room > 0 && !["auto", "scroll"].includes(getComputedStyle(box).overflowX), "is cut"],
    [top < edges.top || bottom > edges.bottom, "is cut above or below"],
    [room > 0 && left + right > 1, "is scrolled for nothing but blanks"],
    [room <= 0 && Math.abs(left - right) > 1, "does not stand in the middle"],
  ];
  const formula = box.querySelector("annotation").textContent;
  return faults.filter(([wrong]) => wrong).map(([, what]) => `${formula} ${what}`);
})
"""
"""Ask each displayed formula whether a reader sees, or can scroll to, all of it."""

FORMULAS_CUT = """
[...document.querySelectorAll("span.arithmatex")]
  .filter(formula => !formula.closest(".md-typeset__scrollwrap"))
  .filter(formula => formula.firstElementChild.getBoundingClientRect().right > innerWidth)
  .map(formula => formula.querySelector("annotation").textContent + " in a line is cut")
"""
"""Ask each formula in a line of text the same; one that does not fit there must be displayed."""

ALL_IS_NEAR = """
window.IntersectionObserver = class extends IntersectionObserver {
  constructor(seen, options) {
    super(seen, { ...options, rootMargin: "1000000px" });
  }
};
"""
"""Has notes and quizzes made at once, which wait until a reader comes near."""

ALL_MADE = """
[...document.querySelectorAll(".precis-annotation")].every(
  note => note.querySelector("aside") || !note.checkVisibility())
&& [...document.querySelectorAll(".md-annotation__index")].every(mark => mark.ariaLabel)
&& (!document.querySelector("details.question") || document.querySelector(".precis-quiz"))
"""
"""Becomes true once Material's script, precis.js and quiz.js have made what they make of a page."""

OF_EACH_KIND = {"", "pretraining/", "errors/", "glossary/", "labs/boundary/", "autograd-explorer/"}
"""A page of each kind, by its French address."""


@dataclass(frozen=True)
class Visit:
    """What happened when a page was opened."""

    errors: list[str]
    """Of the console, of scripts, and failed requests."""

    foreign: list[str]
    """Addresses elsewhere that the page asked for."""

    excess: int
    """How much wider than the window the page is, in CSS pixels."""

    words: list[float]
    """The sizes of the words on its figures, in CSS pixels."""

    formulas: list[str]
    """Formulas of which a part cannot be seen, with all that is folded opened."""

    violations: list[str]
    """What axe finds with all that is folded opened, where it was asked."""


class Context(NamedTuple):
    """How a page is opened."""

    path: str
    width: str
    scheme: str

    @property
    def is_usual(self) -> bool:
        """Whether `make test` opens the page so."""
        on_desk = self.path.startswith("en/")
        return (self.width, self.scheme) == (
            ("desk", "dark") if on_desk else ("telephone", "light")
        )

    @property
    def has_axe(self) -> bool:
        """Whether the rules of axe are tried: in `make test`, in one of two twins, in turn."""
        name = self.path.removeprefix("en/")
        return not self.is_usual or NAMES.index(name) % 2 == self.path.startswith("en/")

    @property
    def rules_left_out(self) -> tuple[str, ...]:
        """The rules of axe that are not tried in it."""
        colours = not self.is_usual or self.path.removeprefix("en/") in OF_EACH_KIND
        return () if colours else ("color-contrast",)


def visits(language: str, only_with_axe: bool = False) -> Any:
    """Return the fixture that visits each page of a language in each context.

    Those that `make test` leaves out are marked.
    """
    start = LANGUAGES[language]
    pages = [path for path in PAGES if path.startswith("en/") == (start == "en/")]
    contexts = [
        Context(path, width, scheme)
        for path in pages
        for width in WIDTHS
        for scheme in ("light", "dark")
    ]

    def usual(context: Context) -> bool:
        return context.is_usual and (context.has_axe or not only_with_axe)

    def visit(request: pytest.FixtureRequest, browser: Browser, address: str) -> Visit:
        return visited(browser, address, request.param, only_with_axe or request.param.has_axe)

    return pytest.fixture(
        name="visit_with_axe" if only_with_axe else "visit",
        params=[
            pytest.param(
                context,
                id=f"/{context.path}-{context.width}-{context.scheme}",
                marks=() if usual(context) else pytest.mark.exhaustive,
            )
            for context in contexts
        ],
    )(visit)


@functools.cache
def reader(browser: Browser, width: str, scheme: str) -> BrowserContext:
    """Return what opens pages so: it has the styles and scripts of pages opened before."""
    context = browser.new_context(
        color_scheme=scheme,  # type: ignore[arg-type]
        viewport={"width": WIDTHS[width], "height": 900},
        reduced_motion="reduce",
        service_workers="block",  # which would fetch the whole book in each visit
    )
    context.add_init_script("localStorage.clear(); sessionStorage.clear()")
    context.add_init_script(ALL_IS_NEAR)
    return context


@functools.cache
def visited(browser: Browser, address: str, how: Context, with_axe: bool) -> Visit:
    """Open a page and ask it everything."""
    errors: list[str] = []
    foreign: list[str] = []
    page = reader(browser, how.width, how.scheme).new_page()
    page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "request",
        lambda r: None if r.url.startswith((address, "data:", "blob:")) else foreign.append(r.url),
    )
    open_page(page, address + how.path)
    # while fonts and scripts settle, a page may be wider
    becomes_true(page, "document.documentElement.scrollWidth <= innerWidth", seconds=3)
    excess = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    words = page.evaluate(SIZES_ON_FIGURES)
    page.evaluate("document.querySelectorAll('details').forEach(folded => folded.open = true)")
    formulas = page.evaluate(FORMULAS_OUT_OF_REACH) + page.evaluate(FORMULAS_CUT)
    found = rules_broken(page, how.rules_left_out) if with_axe else []
    page.close()
    return Visit(errors, foreign, excess, words, formulas, found)


def rules_broken(page: Page, without: tuple[str, ...]) -> list[str]:
    """What axe finds once the scripts have seen all that is folded opened."""
    assert becomes_true(page, ALL_MADE)
    becomes_true(page, REACHABLE)
    return violations(page, without=without)


class TestVisit:
    """What is asked of each visit."""

    def test_a_page_opens_without_an_error(self, visit: Visit) -> None:
        assert visit.errors == []

    def test_a_page_asks_nothing_of_others(self, visit: Visit) -> None:
        assert visit.foreign == []

    def test_no_page_scrolls_sideways(self, visit: Visit) -> None:
        assert visit.excess <= 0

    def test_a_formula_is_seen_or_scrolled_to_whole(self, visit: Visit) -> None:
        assert visit.formulas == []

    def test_words_on_figures_can_be_read(self, visit: Visit) -> None:
        assert min(visit.words, default=10) >= 9.5

    def test_a_page_breaks_no_rule_of_accessibility(self, visit_with_axe: Visit) -> None:
        assert visit_with_axe.violations == []
