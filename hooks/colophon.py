"""The foot of each page: licence, authors and, once there is a public repository, links to it.

Its address is one value, `extra.repository` in mkdocs.yml. While it is empty, what needs it is left
out: the links at the foot, and in the pages what stands between `<!-- with a repository -->` and
`<!-- end -->`. There, `https://repository.invalid` stands for the address.
"""

from __future__ import annotations

import datetime
import os
import re
import time
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.pages import Page
from mkdocs.structure.toc import AnchorLink
from mkdocs.utils import get_relative_url

PLACEHOLDER = "https://repository.invalid"

_PASSAGE = re.compile(r"<!-- with a repository -->\s*(.*?)\s*<!-- end -->\s*", re.DOTALL)
_ANCHOR = re.compile(r'\sid="([^"]+)"')


class Link(NamedTuple):
    """A link at the foot of a page."""

    words: str
    href: str


WORDS = {
    "fr": ("Source de cette page", "Modifier cette page", "Signaler une erreur", "Citer ce livre"),
    "en": ("Source of this page", "Edit this page", "Report a mistake", "Cite this book"),
}


def on_config(config: MkDocsConfig) -> None:
    """Let the environment give the address: a build tells where it is published from."""
    if address := os.environ.get("PRECIS_REPOSITORY"):
        config.extra["repository"] = address


def with_repository(text: str, repository: str) -> str:
    """Return a text with its passages about the repository, or without them if there is none."""
    return _PASSAGE.sub(r"\1\n\n" if repository else "", text).replace(PLACEHOLDER, repository)


def on_page_content(html: str, page: Page, config: MkDocsConfig, **_: object) -> str:
    """Leave out what needs a repository, in the text and in the list of its sections."""
    repository = config.extra.get("repository") or ""
    shown = with_repository(html, repository)
    ours = config.plugins["precis"].pages[page.file.src_uri]  # type: ignore[attr-defined]
    ours.markdown = with_repository(ours.markdown, repository)  # which hooks/texts.py publishes
    if shown != html:
        left_out = {*_ANCHOR.findall(html)} - {*_ANCHOR.findall(shown)}
        _remove(page.toc.items, left_out)
    return shown


def _remove(anchors: list[AnchorLink], names: set[str]) -> None:
    anchors[:] = [anchor for anchor in anchors if anchor.id not in names]
    for anchor in anchors:
        _remove(anchor.children, names)


def on_page_context(context: dict[str, Any], page: Page, config: MkDocsConfig, **_: object) -> None:
    """Give the template the links of a page's foot."""
    repository = (config.extra.get("repository") or "").rstrip("/")
    i18n: Any = config.plugins["i18n"]
    language = i18n.current_language
    context["colophon"] = []
    path = page.file.abs_src_path
    if repository and path:
        root = Path(config.config_file_path).parent
        source = quote(Path(os.path.relpath(path, root)).as_posix())
        title = quote(f"{page.title} ({language})")
        home = "." if i18n.is_default_language_build else f"{language}/"
        addresses = (
            f"{repository}/blob/main/{source}",
            f"{repository}/edit/main/{source}",
            f"{repository}/issues/new?title={title}",
            f"{get_relative_url(home, page.url)}#cite",
        )
        epoch = int(os.environ.get("SOURCE_DATE_EPOCH", time.time()))
        context["year"] = datetime.datetime.fromtimestamp(epoch, datetime.UTC).year
        context["colophon"] = [*map(Link, WORDS[language], addresses)]
