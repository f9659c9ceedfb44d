"""The pages of a built site as chapters: what paper can show of them, with links between them.

Hints, solutions and answers are gathered at the end of their chapter, where nobody reads them by
accident. The ids of a page get its name before them, so that all pages fit into one document.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, takewhile
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import yaml
from bs4 import BeautifulSoup, SoupStrainer, Tag
from bs4.element import PageElement
from mkdocs.utils.meta import get_data

ROOT = Path(__file__).parents[2]

UNPRINTED = (
    "button, input, script, .headerlink, .md-code__nav, .precis-about, .precis-line, .precis-seal"
)
"""What only a screen can do."""

NOWHERE = (".example", ".invalid", ".localhost", ".test")
"""The ends of hosts that nobody can have (RFC 2606): a site there is not published yet."""

FOLDED = {"tip": "hints", "success": "solutions"}
"""What a folded box of an exercise holds, by its class."""

GATHERED = {
    "fr": {"hints": "Indices", "solutions": "Solutions", "answers": "Réponses"},
    "en": {"hints": "Hints", "solutions": "Solutions", "answers": "Answers"},
}

_NUMBERED = re.compile(r"[IVX]+\. ")
"""The start of the title of a group whose chapters are counted."""

_VARIABLE = re.compile(r"var\(--[\w-]+,\s*([^()]+)\)")


@dataclass(frozen=True)
class Chapter:
    """A page of the book."""

    slug: str
    number: int | None
    title: str
    sections: tuple[tuple[str, str], ...]
    """The id and the title of each."""

    html: str


@dataclass(frozen=True)
class Part:
    """A group of the menu."""

    slug: str
    title: str
    chapters: tuple[Chapter, ...]


@dataclass(frozen=True)
class Book:
    """All pages of one language that can be read on paper."""

    language: str
    title: str
    about: str
    address: str
    """Where the site is published; empty if it is not."""

    date: datetime.datetime
    torch: str
    parts: tuple[Part, ...]


def languages() -> dict[str, dict[str, Any]]:
    """Return the settings of each language in mkdocs.yml."""
    plugins = [each for each in _settings()["plugins"] if isinstance(each, dict)]
    i18n = next(each["i18n"] for each in plugins if "i18n" in each)
    return {each["locale"]: each for each in i18n["languages"]}


def read_book(site: Path, language: str) -> Book:
    """Read the pages of one language in the order of the menu."""
    own = languages()[language]
    settings = _settings() | own
    start = "/" if own.get("default") else f"/{language}/"
    url = settings["site_url"]
    address = "" if (urlsplit(url).hostname or "").endswith(NOWHERE) else url
    groups = {title: dict(_readable(pages, language)) for title, pages in _groups(settings["nav"])}
    places = {f"{start}{slug}/": slug for pages in groups.values() for slug in pages}
    places[start] = "contents"  # in place of the home page
    numbers = count(1)
    parts = []
    for n, (title, pages) in enumerate(groups.items(), 1):
        chapters = []
        for slug, meta in pages.items():
            article = _article(site / f"{start}{slug}/index.html".removeprefix("/"))
            is_chapter = _NUMBERED.match(title)
            sections = article.select("h2[id]") if is_chapter else []  # a glossary has too many
            gather(article, GATHERED[language])
            unfold(article)
            link(article, f"{start}{slug}/", places, address)
            number = next(numbers) if is_chapter and meta.get("numbered", True) else None
            chapters.append(_chapter(article, slug, number, sections))
        title = settings.get("nav_translations", {}).get(title, title)
        parts.append(Part(f"part-{n}", title, tuple(chapters)))
    verified = json.loads((site / "verified.json").read_text(encoding="utf-8"))["verifications"][0]
    return Book(
        language,
        settings["site_name"],
        settings["site_description"],
        address,
        datetime.datetime.fromisoformat(verified["date"]),
        verified["torch"].partition("+")[0],
        tuple(part for part in parts if part.chapters),
    )


def _settings() -> dict[str, Any]:
    settings: dict[str, Any] = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    return settings


def _groups(nav: list[dict[str, Any]]) -> Iterator[tuple[str, list[dict[str, str]]]]:
    for entry in nav:
        yield from ((title, pages) for title, pages in entry.items() if isinstance(pages, list))


def _readable(pages: list[dict[str, str]], language: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the name and the front matter of each page that is no notebook and has no script."""
    for path in (path for page in pages for path in page.values() if path.endswith(".md")):
        _, meta = get_data((ROOT / "docs" / language / path).read_text(encoding="utf-8"))
        if "script" not in meta and meta.get("book", True):
            yield path.removesuffix(".md"), meta


def _article(path: Path) -> Tag:
    html = _VARIABLE.sub(r"\1", path.read_text(encoding="utf-8"))  # figures in their own colours
    article = BeautifulSoup(html, "html.parser", parse_only=SoupStrainer("article")).article
    assert article is not None, path
    for element in article.select(UNPRINTED):
        element.decompose()
    for mark in article.select(".precis-annotation"):  # “# (1)!”: Material's, for its script
        mark.string = mark.get_text().removesuffix("!")
    return article


def gather(article: Tag, titles: dict[str, str]) -> None:
    """Move hints, solutions and answers to the end of a page, with links there and back."""
    entries = dict.fromkeys(titles, "")
    for heading in article.select("h3[id^=exercise-]"):
        below = takewhile(lambda each: each.name not in ("h2", "h3"), heading.find_next_siblings())
        links = []
        for details in [each for each in below if each.name == "details"]:
            kind = FOLDED.get(details["class"][0])
            if kind:
                name = f"{kind}-{heading['id']}"
                links.append(f'<a href="#{name}">{details.summary.extract().decode_contents()}</a>')
                title = f'<h3><a href="#{heading["id"]}">{heading.decode_contents()}</a></h3>'
                entries[kind] += f'<div id="{name}">{title}{details.decode_contents()}</div>'
                place = details.find_previous_sibling()
                details.extract()
        if links:
            place.insert_after(*_parse(f'<p class="precis-turn">{" · ".join(links)}</p>'))
    for n, question in enumerate(article.select("p:has(+ details.question)"), 1):
        below = takewhile(lambda each: each.name == "details", question.find_next_siblings())
        offered, said = "", ""
        for choice in list(below):
            offered += f"<li>{choice.summary.extract().decode_contents()}</li>"
            said += f"<li>{choice.decode_contents()}</li>"
            choice.extract()
        question["id"] = f"question-{n}"
        title = question.strong.get_text() if question.strong else f"{n}."
        entries["answers"] += (
            f'<div id="answer-{n}" class="precis-answer"><p><a href="#question-{n}">{title}</a></p>'
            f'<ol type="a">{said}</ol></div>'
        )
        question.insert_after(*_parse(f'<ol type="a">{offered}</ol>'))
        last = question.find_next_sibling()
    if entries["answers"]:
        there = f'<p class="precis-turn"><a href="#answers">{titles["answers"]}</a></p>'
        last.insert_after(*_parse(there))
    html = "".join(
        f'<h2 id="{kind}">{titles[kind]}</h2>{text}' for kind, text in entries.items() if text
    )
    foot = article.select_one("div.footnote, p.precis-verified")
    if foot:
        foot.insert_before(*_parse(html))
    else:
        article.extend(_parse(html))


def unfold(article: Tag) -> None:
    """Open what is folded: a box like the others, with its title."""
    for details in article.find_all("details"):
        summary = details.summary
        summary.name, summary["class"] = "p", "admonition-title"
        details.name, details["class"] = "div", ["admonition", "precis-folded", *details["class"]]


def link(article: Tag, place: str, places: dict[str, str], address: str) -> None:
    """Name ids after their page, and have links lead to them.

    A link to a page that is not in the book leads to the site; while that is nowhere, only its
    words stay.
    """
    for element in article.find_all(True):
        for name, value in element.attrs.items():
            if name == "id":
                element[name] = f"{places[place]}--{value}"
            elif name == "xlink:href":
                element[name] = value.replace("#", f"#{places[place]}--", 1)
            elif isinstance(value, str):
                element[name] = value.replace("url(#", f"url(#{places[place]}--")
    for a in article.select("a[href]"):
        target = urlsplit(urljoin(place, a["href"]))
        a.attrs.pop("title", None)  # what a pointer would show
        if target.scheme:
            continue
        if target.path in places:
            slug = places[target.path]
            whole = slug == "contents" or not target.fragment
            a["href"] = f"#{slug}" if whole else f"#{slug}--{target.fragment}"
        elif address:
            a["href"] = urljoin(address, target.geturl().removeprefix("/"))
        else:
            a.unwrap()


def _chapter(article: Tag, slug: str, number: int | None, headings: list[Tag]) -> Chapter:
    """Return a page as a chapter, its headings one level down: the first is that of parts."""
    title = article.h1.get_text()
    if number:
        article.h1.insert(0, *_parse(f'<span class="precis-number">{number}</span> '))
    sections = tuple((str(each["id"]), each.get_text()) for each in headings)
    for level in (3, 2, 1):
        for heading in article.find_all(f"h{level}"):
            heading.name = f"h{level + 1}"
    return Chapter(slug, number, title, sections, article.decode_contents())


def _parse(html: str) -> list[PageElement]:
    return list(BeautifulSoup(html, "html.parser").contents)
