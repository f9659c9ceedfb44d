"""The site as other programs have it: search engines, feeds of links, readers of plain text."""

from __future__ import annotations

import json
import re
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup
from built import LANGUAGES, PAGES, Site
from PIL import Image

HOME = "https://precis.example/"

SITEMAP, XHTML = "{http://www.sitemaps.org/schemas/sitemap/0.9}", "{http://www.w3.org/1999/xhtml}"


def only(page: BeautifulSoup, selector: str, attribute: str) -> str:
    (tag,) = page.select(selector)
    return str(tag[attribute])


@pytest.mark.parametrize("path", PAGES)
def test_each_page_names_itself_and_its_twin_by_whole_addresses(site: Site, path: str) -> None:
    page = site.pages[path]
    name = path.removeprefix(LANGUAGES["en"])
    assert only(page, "link[rel=canonical]", "href") == HOME + path
    twins = {tag["hreflang"]: tag["href"] for tag in page.select("link[hreflang]")}
    assert twins == {"fr": HOME + name, "en": f"{HOME}en/{name}", "x-default": HOME + name}


@pytest.mark.parametrize("path", PAGES)
def test_each_page_has_a_card_and_says_what_it_is(site: Site, path: str) -> None:
    page = site.pages[path]
    card = site.folder / urlsplit(only(page, "meta[property='og:image']", "content")).path[1:]
    with Image.open(card) as image:
        assert image.size == (1200, 630)
    data = json.loads(page.select_one("script[type='application/ld+json']").string)
    assert data["inLanguage"] == page.html["lang"]
    assert data["description"] == only(page, "meta[name=description]", "content")
    assert data["url"] == HOME + path


def test_no_two_pages_have_the_same_card(site: Site) -> None:
    cards = [path.read_bytes() for path in site.folder.glob("assets/cards/*/*.png")]
    assert len(set(cards)) == len(cards) == len(PAGES)


@pytest.mark.parametrize("path", PAGES)
def test_each_page_has_its_markdown_with_what_the_run_printed(site: Site, path: str) -> None:
    page = site.pages[path]
    address = urlsplit(only(page, "link[type='text/markdown']", "href")).path[1:]
    text = (site.folder / address).read_text(encoding="utf-8")
    shown = [go.get_text().rstrip() for go in page.select("article span.go")]
    assert re.findall(r"^ *(#>.*)$", text, re.MULTILINE) == shown
    assert "```snippet" not in text
    assert not re.search("[\x02\x03]", text)
    for tag in page.select("article .precis-figure svg[aria-label]"):
        assert str(tag["aria-label"]) in text


def test_llms_txt_lists_every_page_in_reading_order(site: Site) -> None:
    text = (site.folder / "llms.txt").read_text(encoding="utf-8")
    listed = [urlsplit(address).path[1:] for address in re.findall(r"\]\((\S+)\)", text)]
    assert sorted(listed) == sorted(f"{path}index.md" for path in PAGES)
    links = site.pages[""].select(".md-nav--primary a.md-nav__link[href]")
    read = [str(link["href"]) for link in links if "#" not in str(link["href"])]
    french = [path for path in listed if not path.startswith("en/")]
    assert french == [f"{address}index.md".removeprefix(".") for address in read]


def test_a_missing_page_is_answered_in_both_languages(site: Site) -> None:
    page = BeautifulSoup((site.folder / "404.html").read_text(encoding="utf-8"), "html.parser")
    assert page.html["lang"] == "fr"  # that of its title, and of most readers
    for language, start in LANGUAGES.items():
        links = page.select(f"section[lang={language}] a[href]")
        assert links
        for link in links:
            assert str(link["href"]).startswith(f"/{start}")
            assert (site.folder / str(link["href"])[1:] / "index.html").is_file()


def test_the_sitemap_has_every_page_with_its_twin(site: Site) -> None:
    sitemap = ElementTree.parse(site.folder / "sitemap.xml")
    found = {element.text for element in sitemap.iter(f"{SITEMAP}loc")}
    assert found == {HOME + path for path in PAGES}
    assert len([*sitemap.iter(f"{XHTML}link")]) == 2 * len(PAGES)


ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.mark.parametrize("start", LANGUAGES.values())
def test_each_page_names_the_feed_of_its_language(site: Site, start: str) -> None:
    for path in PAGES:
        if path.startswith("en/") == (start == "en/"):
            address = only(site.pages[path], "link[type='application/atom+xml']", "href")
            assert address == f"{HOME}{start}feed.xml"


@pytest.mark.parametrize("start", LANGUAGES.values())
def test_the_feed_has_each_item_of_whats_new_with_its_date(site: Site, start: str) -> None:
    feed = ElementTree.parse(site.folder / f"{start}feed.xml").getroot()
    entries = feed.findall(f"{ATOM}entry")
    items = site.pages[f"{start}changes/"].select("article h2 ~ ul > li")
    read = [
        BeautifulSoup(entry.findtext(f"{ATOM}content") or "", "html.parser") for entry in entries
    ]
    assert [text.get_text() for text in read] == [item.get_text().strip() for item in items]
    for text in read:
        assert all(str(link["href"]).startswith("https://") for link in text.select("a[href]"))
    names = [entry.findtext(f"{ATOM}id") for entry in entries]
    assert len(set(names)) == len(names)
    dates = [entry.findtext(f"{ATOM}updated") or "" for entry in entries]
    assert all(re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", date) for date in dates)
    assert feed.findtext(f"{ATOM}updated") == max(dates)
    assert feed.get("xml:lang") or feed.get("{http://www.w3.org/XML/1998/namespace}lang")
    link = site.pages[f"{start}changes/"].select_one("article a[href$='feed.xml']")
    assert link is not None
    assert link["href"] == "../feed.xml"
