"""Search, by keyboard, in a real Chromium: hits in the page's language, accents or not."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

ANSWER = re.compile("document|trouvé|No matching")
"""What stands above the hits once they are there, in either language."""


@pytest.fixture(scope="module")
def search(browser: Browser, address: str):
    """Type a question on a page: the paths of what is found, and what went wrong."""
    context = browser.new_context()

    def asked(path: str, question: str) -> tuple[list[str], list[str]]:
        page, wrong = context.new_page(), []
        page.on("console", lambda message: wrong.append(message.text))
        page.on("requestfailed", lambda request: wrong.append(request.url))
        page.goto(address + path)
        page.keyboard.press("/")
        page.keyboard.insert_text(question)  # at once: one question, one answer
        page.keyboard.press("Shift")  # the search looks at its field when a key comes up
        expect(page.locator(".md-search-result__meta")).to_have_text(ANSWER, timeout=30_000)
        expect(page.locator(".md-search-result__link").first).to_be_attached()
        links = page.locator(".md-search-result__link").all()
        paths = [urlsplit(link.get_attribute("href") or "").path for link in links]
        page.close()
        return paths, wrong

    yield asked
    context.close()


@pytest.mark.parametrize(
    ("start", "question"),
    [("", "gradient"), ("tensors/", "tensor"), ("en/", "gradient"), ("en/tensors/", "tensor")],
)
def test_hits_are_in_the_page_s_language(search, start, question):
    paths, wrong = search(start, question)
    assert paths
    assert {path.startswith("/en/") for path in paths} == {start.startswith("en/")}
    assert not wrong


@pytest.mark.parametrize(("typed", "read"), [("dérivée", "derivee"), ("Élément", "element")])
def test_accents_may_be_typed_or_not(search, typed, read):
    with_accents, _ = search("", typed)
    assert with_accents
    assert search("", read)[0] == with_accents


def test_an_elided_article_hides_no_word(search):
    paths, _ = search("", "entropie")
    assert "/pretraining/" in paths


def test_numbers_are_no_error(search):
    """Lunr fails on `0*` in an index of as many numbers as ours."""
    paths, wrong = search("", "0")
    assert paths
    assert not wrong
