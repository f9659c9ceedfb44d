"""The pages as plain text: each one's Markdown beside it, and `llms.txt`, which lists them.

A page's Markdown has the code of its cells with what the run printed, as the page has; figures
are their alternative text. `llms.txt` follows https://llmstxt.org.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from urllib.parse import urljoin

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import event_priority
from mkdocs.structure.files import Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

NAME = "index.md"

_FENCE = re.compile(r"^( *)(`{3,}) \{\.python-cell[^}]*\}$", re.MULTILINE)
_LINK = re.compile(r"(?<=\]\()([^):\s#]+\.md)(?=[)#])")
_IDS = re.compile(r" \{ *#[\w-]+ *\}$", re.MULTILINE)

_ATTRIBUTES = re.compile(r"\n?\{ \.[^}]*\}|<div id=\"[\w-]+\"></div>\n*")
"""Classes of a paragraph or a link; places that a template fills."""

_languages: dict[str, tuple[str, list[Page]]] = {}
"""The name of the site in each language, and its pages in reading order."""


def on_nav(nav: Navigation, config: MkDocsConfig, **_: object) -> None:
    """Learn the order of the pages of one language."""
    _languages[config.plugins["i18n"].current_language] = (config.site_name, nav.pages)


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> None:
    """Write the page's Markdown; the engine has just put the outputs into it."""
    text = config.plugins["precis"].pages[page.file.src_uri].markdown
    path = Path(config.site_dir, page.file.dest_uri).with_name(NAME)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_plain(text, page, config, files), encoding="utf-8")


def _plain(text: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    def linked(match: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(page.file.src_uri), match[1]))
        file = files.get_file_from_path(target)
        return urljoin(config.site_url or "", posixpath.join(file.url, NAME) if file else match[1])

    text = _FENCE.sub(r"\1\2python", text)
    text = _ATTRIBUTES.sub("", _IDS.sub("", text))
    return _LINK.sub(linked, text).strip() + "\n"


@event_priority(-150)  # once all languages are built
def on_post_build(config: MkDocsConfig) -> None:
    """Write the list of all pages, in all languages."""
    i18n = config.plugins["i18n"]
    if i18n.building:
        return
    names = {language.locale: language.name for language in i18n.config.languages}
    lines = [f"# {' · '.join(site for site, _ in _languages.values())}", ""]
    for locale, (_, pages) in _languages.items():
        lines += [f"## {names[locale]}", ""]
        for page in pages:
            address = urljoin(config.site_url or "", posixpath.join(page.url, NAME))
            about = page.meta.get("description", "")
            lines.append(f"- [{page.title}]({address}){': ' if about else ''}{about}")
        lines.append("")
    Path(config.site_dir, "llms.txt").write_text("\n".join(lines), encoding="utf-8")
