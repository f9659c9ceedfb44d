"""The way through the book: the path on the home page, times of reading, and what comes next.

The path is the menu's: a chapter that gets a line in `nav` gets one on the home page, with a
thumbnail of its first figure.
"""

from __future__ import annotations

import os
import re
import xml.etree.ElementTree as etree
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count, pairwise
from pathlib import PurePosixPath
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure import StructureItem
from mkdocs.structure.nav import Navigation, Section
from mkdocs.structure.pages import Page

PART = re.compile(r"[IVX]+\. ")
"""The start of the title of a part, in the menu."""

WORDS_A_MINUTE = 40
"""Words of text read in a minute, with the code between them: what the authors' own times gave."""

MINUTES_AN_EXERCISE = 12
HALF_HOUR = 30

EXERCISE = re.compile(r'<h3 id="exercise-')
_NOT_TEXT = re.compile(r"<(pre|svg|math|style)\b.*?</\1>", re.DOTALL)
_TAG = re.compile(r"<[^>]+>")
_WORD = re.compile(r"\w[\w’'-]*")


@dataclass(frozen=True)
class Row:
    """One line of the path; a recap has no number."""

    page: Page
    number: int | None


@dataclass(frozen=True)
class Part:
    """A part of the book."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Times:
    """The minutes that a page takes somebody who meets its subject for the first time."""

    reading: int
    exercises: int


def on_nav(nav: Navigation, **_: object) -> None:
    """Lead from chapter to chapter, without labs, explorers or appendices between them."""
    home = [page for page in nav.items if isinstance(page, Page)]
    chapters = [page for section in _parts(nav) for page in _pages(section.children)]
    others = [
        item for item in nav.items if isinstance(item, Section) and not PART.match(item.title)
    ]
    for sequence in ([*home, *chapters], *(_pages(section.children) for section in others)):
        pages = list(sequence)
        for page in pages:
            page.previous_page = page.next_page = None
        for one, other in pairwise(pages):
            one.next_page, other.previous_page = other, one


def on_page_context(
    context: dict[str, Any], page: Page, config: MkDocsConfig, nav: Navigation
) -> None:
    """Give the template the times of a page and, at home, the path."""
    chapters = [chapter for part in _parts(nav) for chapter in _pages(part.children)]
    tools = list(_tools(nav))
    if page in chapters or page in tools:
        context["times"] = times(page)
    language: str = config.plugins["i18n"].current_language  # type: ignore[attr-defined]
    # `page.is_homepage` is that of the default language alone
    context["is_home"] = page.url.strip("./") in ("", language)
    if context["is_home"]:
        context["path"] = path(nav)
        context["tools"] = tools
        context["times_of"] = times
        context["thumbnail"] = thumbnail
        # where `make book` puts them next; a site built otherwise has none
        made = os.environ.get("PRECIS_BOOK") and not config.plugins["precis"].serving  # type: ignore[attr-defined]
        context["books"] = {
            suffix.upper(): f"assets/book/precis.{language}.{suffix}"
            for suffix in (("pdf", "epub") if made else ())
        }


def path(nav: Navigation) -> list[Part]:
    """Return the parts of the book, with the pages of the menu."""
    numbers = count(1)
    return [
        Part(
            part.title,
            tuple(
                Row(page, next(numbers) if page.meta.get("numbered", True) else None)
                for page in _pages(part.children)
            ),
        )
        for part in _parts(nav)
    ]


def times(page: Page) -> Times:
    """Estimate the times of a page from its words and its exercises."""
    content = page.content or ""
    words = len(_WORD.findall(_TAG.sub(" ", _NOT_TEXT.sub(" ", content))))
    exercises = len(EXERCISE.findall(content)) * MINUTES_AN_EXERCISE
    return Times(_half_hours(words / WORDS_A_MINUTE), _half_hours(exercises))


def _half_hours(minutes: float) -> int:
    """Return minutes in whole half hours, at least one unless there are none."""
    return max(minutes > 0, round(minutes / HALF_HOUR)) * HALF_HOUR


def _parts(nav: Navigation) -> Iterator[Section]:
    for item in nav.items:
        if isinstance(item, Section) and PART.match(item.title):
            yield item


def _tools(nav: Navigation) -> Iterator[Page]:
    """Yield the explorers, which have a script of their own, and the labs."""
    for section in nav.items:
        if isinstance(section, Section) and not PART.match(section.title):
            for page in _pages(section.children):
                if page.meta.get("script") or page.file.src_uri.endswith(".ipynb"):
                    yield page


def _pages(items: Iterable[StructureItem]) -> Iterator[Page]:
    return (item for item in items if isinstance(item, Page))


def _slug(page: Page) -> str:
    return PurePosixPath(page.file.src_uri).stem


_FIGURE = re.compile(r'<figure class="precis-figure">\s*<div>(<svg .*?</svg>)', re.DOTALL)
_CASE = {"viewbox": "viewBox", "clippath": "clipPath"}
"""Names that mkdocs-jupyter writes in lower case, which is right in HTML only."""

_AXIS = re.compile(r"matplotlib\.axis_\d+$")
"""The end of the id of a group of ticks and their numbers."""

_LINK = re.compile(r"#([^)]+)")
_STROKE = re.compile(r"stroke-(?:width|linejoin|linecap|miterlimit|dashoffset): [^;]+(?:; )?")
_NUMBER = re.compile(r"-?\d+\.\d+")
_SVG, _XLINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"
MOST = 16_000
"""Characters: a larger thumbnail would cost readers more than it shows."""


def thumbnail(page: Page) -> str:
    """Return a page's first figure as small as it will be seen, without words; "" if none is."""
    found = _FIGURE.search(page.content or "")
    if not found:
        return ""
    text = found[1]
    for wrong, right in _CASE.items():
        text = text.replace(wrong, right)
    figure = etree.fromstring(text)
    _simplify(figure)
    links = {name for element in figure.iter() for name in _links(element)}
    names = {name: f"{_slug(page)}-{n}" for n, name in enumerate(sorted(links), 1)}
    for element in figure.iter():
        element.tag = element.tag.removeprefix(_SVG)
        for key, text in element.attrib.copy().items():
            del element.attrib[key]
            text = _LINK.sub(lambda m: f"#{names.get(m[1], m[1])}", text)
            text = names.get(text, "") if key == "id" else _NUMBER.sub(_rounded, text)
            if text := " ".join(text.split()):
                element.attrib[key.removeprefix(_XLINK)] = text
    inside = "".join(etree.tostring(child, encoding="unicode") for child in figure)
    if len(inside) > MOST:
        return ""
    frame = figure.get("viewBox")
    return f'<svg class="home-thumbnail" viewBox="{frame}" aria-hidden="true">{inside}</svg>'


def _simplify(parent: etree.Element) -> None:
    """Drop words, axes and what is not painted; put in place of a group what it holds."""
    children: list[etree.Element] = []
    for child in list(parent):
        _simplify(child)
        tag, style = child.tag.removeprefix(_SVG), child.get("style", "")
        child.tail = child.text = None
        if style:
            child.set("style", _STROKE.sub("", style).strip("; "))
        group = tag == "g"
        if tag in ("text", "style", "metadata") or style == "fill: none":
            continue
        if group and (_AXIS.search(child.get("id", "")) or not len(child)):
            continue
        bare = group and not child.attrib.keys() - {"id"}
        children += list(child) if bare else [child]
    parent[:] = [child for child in children if len(child) or child.tag != f"{_SVG}defs"]


def _links(element: etree.Element) -> list[str]:
    places = element.get("clip-path", ""), element.get(f"{_XLINK}href", "")
    return _LINK.findall(" ".join(places))


def _rounded(match: re.Match[str]) -> str:
    number = float(match[0])
    return f"{number:.0f}" if abs(number) > 20 else f"{number:.1f}".removesuffix(".0")
