"""A feed of What's new in each language (Atom), for those who follow the book in a feed reader.

An entry is an item of the page's list. Its date is that of the commit that last wrote its line;
what is not committed, or has no history, has the date of the site. `mkdocs serve` has none.
"""

from __future__ import annotations

import datetime
import os
import re
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin
from xml.etree import ElementTree

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.pages import Page

from precis import git

PAGE = "changes.md"

FEED = "feed.xml"
"""Its name in the folder of a language."""

_ITEM = re.compile(r"<li>(.*?)</li>", re.DOTALL)
_LINE = re.compile(r"^- ", re.MULTILINE)
_BOLD = re.compile(r"<strong>(.*?)</strong>", re.DOTALL)
_TAG = re.compile(r"<[^>]+>")
_ADDRESS = re.compile(r'(?<= href=")[^"]+')
_BLAMED = re.compile(r"^([0-9a-f]{40}) \d+ (\d+)", re.MULTILINE)
_TIME = re.compile(r"^committer-time (\d+)$", re.MULTILINE)
_NOT_COMMITTED = "0" * 40


@dataclass(frozen=True)
class Entry:
    """An item of the list."""

    name: str
    """Part of the entry's identity, which stays when its text is corrected."""

    title: str
    html: str
    date: str


def on_page_content(html: str, page: Page, config: MkDocsConfig, **_: object) -> None:
    """Write the feed of the page's language."""
    if (
        config.plugins["precis"].serving
        or Path(page.file.src_uri).name != PAGE
        or not page.file.abs_src_path
    ):
        return
    address = _address(config)
    entries = read_entries(html, Path(page.file.abs_src_path), page.canonical_url or page.url)
    text = atom(entries, page, config, urljoin(config.site_url or "", address))
    path = Path(config.site_dir, address)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text)


def on_post_page(output: str, config: MkDocsConfig, **_: object) -> str:
    """Name the feed in the head of each page."""
    if config.plugins["precis"].serving:
        return output
    address, title = urljoin(config.site_url or "", _address(config)), escape(config.site_name)
    link = f'<link rel="alternate" type="application/atom+xml" title="{title}" href="{address}">'
    return output.replace("</head>", f"{link}</head>", 1)


def _address(config: MkDocsConfig) -> str:
    """Return where the feed of the language lies, from the site's root."""
    i18n: Any = config.plugins["i18n"]
    return FEED if i18n.is_default_language_build else f"{i18n.current_language}/{FEED}"


def read_entries(html: str, source: Path, address: str) -> list[Entry]:
    """Return the items of a page, in its order; each is one line of the source."""
    items = _ITEM.findall(html)
    dates = _dates(source)
    if len(items) != len(dates):
        raise PluginError(f"{source.name}: {len(dates)} lines begin with “- ”, {len(items)} items")
    entries = []
    for item, date in zip(items, dates, strict=True):
        whole = _ADDRESS.sub(lambda link: urljoin(address, link[0]), item.strip())
        bold = _BOLD.search(item)
        title = _TAG.sub("", bold[1] if bold else item).strip(" .,:\u00a0\u202f")
        name = re.sub(r"\W+", "-", title.lower()).strip("-")
        entries.append(Entry(name, title, whole, date))
    return entries


def _dates(source: Path) -> list[str]:
    """Return when each line that begins an item was last written."""
    site = datetime.datetime.fromtimestamp(
        int(os.environ.get("SOURCE_DATE_EPOCH", 0)), datetime.UTC
    )
    text = source.read_text(encoding="utf-8")
    lines = [text.count("\n", 0, item.start()) + 1 for item in _LINE.finditer(text)]
    blamed = git("blame", "--line-porcelain", "--", source.name, folder=source.parent) or ""
    times: dict[int, datetime.datetime] = {}
    for part in re.split(r"^(?=[0-9a-f]{40} \d+ \d+)", blamed, flags=re.MULTILINE):
        commit, time = _BLAMED.match(part), _TIME.search(part)
        if commit and time and commit[1] != _NOT_COMMITTED:
            times[int(commit[2])] = datetime.datetime.fromtimestamp(int(time[1]), datetime.UTC)
    return [f"{times.get(line, site):%Y-%m-%dT%H:%M:%SZ}" for line in lines]


def atom(entries: list[Entry], page: Page, config: MkDocsConfig, address: str) -> bytes:
    """Return a feed (RFC 4287)."""
    where = page.canonical_url or page.url
    i18n: Any = config.plugins["i18n"]
    language = i18n.current_language
    feed = ElementTree.Element(
        "feed", {"xmlns": "http://www.w3.org/2005/Atom", "xml:lang": language}
    )

    def add(parent: ElementTree.Element, tag: str, text: str = "", **attributes: str) -> None:
        ElementTree.SubElement(parent, tag, attributes).text = text or None

    add(feed, "title", f"{config.site_name} · {page.title}")
    add(feed, "id", where)
    add(feed, "link", rel="self", type="application/atom+xml", href=address)
    add(feed, "link", rel="alternate", type="text/html", href=where)
    add(feed, "updated", max((entry.date for entry in entries), default="1970-01-01T00:00:00Z"))
    author = ElementTree.SubElement(feed, "author")
    add(author, "name", config.site_name)
    for entry in entries:
        element = ElementTree.SubElement(feed, "entry")
        add(element, "title", entry.title)
        add(element, "id", f"{where}#{entry.name}")
        add(element, "link", rel="alternate", type="text/html", href=where)
        add(element, "updated", entry.date)
        add(element, "content", entry.html, type="html")
    ElementTree.indent(feed)
    text: bytes = ElementTree.tostring(feed, encoding="utf-8", xml_declaration=True)
    return text
