"""A search index for each language: a French reader gets French pages.

mkdocs-static-i18n leaves one index for all languages at the site's root. Here each language's
part goes to its own folder, where `material/main.html` tells Material to look. Each message of the
page of errors has an anchor and an entry of its own.
"""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import event_priority
from mkdocs.structure.pages import Page

INDEX = Path("search/search_index.json")

SEPARATOR = r"[\s\-:;!?=\[\]{}()<>«»“”\"'’`/|·…]+|[.,](?!\d)|&[a-z]+;"
"""Between two words; Material's own leaves `l’entropie` whole, which nobody types."""

FIELDS = {"title": {"boost": 8}, "text": {"boost": 1}, "words": {"boost": 8}}
"""Material counts a word of a title a thousand times, and so finds titles only."""

BELOW = {
    r"glossary/": 0.03,
    r"bibliography/|changes/|verification/": 0.3,
    r"checks/|errors/|labs/": 0.5,
    r".*#(exercise|next|self-test|solution|summary)": 0.5,
}
"""What stands below the sections of chapters where both have the words."""

WORDS = Path(__file__).with_name("search.tsv")
"""What readers call the subject of a section that has other words for it."""

ERRORS = "errors.md"
"""The page whose rows are messages."""

_ROW = re.compile(r"<tr>\s*<td>(.*?)</td>\s*<td>(.*?)</td>\s*<td>(.*?)</td>\s*</tr>", re.DOTALL)

_TAG = re.compile(r"<[^>]+>")

_FOLDED_FIGURE = re.compile(
    r'(<figure class="precis-figure">.*?</figure>)\s*<details(?= class="abstract">)', re.DOTALL
)

_entries: dict[str, list[dict[str, Any]]] = {}
"""The entries of messages, by the address of their page."""


def on_page_content(html: str, page: Page, **_: object) -> str:
    """Keep out of the index what no reader looks for; give each message its anchor and entry.

    Out of it: the LaTeX of formulas, the labels of figures, and the code that draws them. What a
    reader sees of formulas is in it.
    """
    html = html.replace("<annotation ", '<annotation data-search-exclude="latex" ')
    html = _FOLDED_FIGURE.sub(r'\1<details data-search-exclude="figure"', html)
    html = html.replace('<svg role="img"', '<svg data-search-exclude="figure" role="img"')
    if Path(page.file.src_uri).name == ERRORS:
        html, _entries[page.url] = _with_anchors(html, page.url)
    return html


def _with_anchors(content: str, url: str) -> tuple[str, list[dict[str, Any]]]:
    """Return the page of errors with an anchor for each message, and their entries."""
    entries: dict[str, dict[str, Any]] = {}

    def anchored(match: re.Match[str]) -> str:
        message = html.unescape(_TAG.sub("", match[1])).strip()
        name = anchor(message)
        if name in entries:
            raise PluginError(f"{ERRORS}: two rows begin with “{message}”; make one of them longer")
        entries[name] = {
            "location": f"{url}#{name}",
            "title": html.escape(message, quote=False),
            "text": f"<p>{match[2]} {match[3]}</p>",
            "boost": 1,
        }
        link = f'<a class="headerlink" href="#{name}" title="Permanent link">#</a>'
        return (
            f'<tr id="{name}" data-search-exclude="row"><td>{match[1]}{link}</td>'
            f"<td>{match[2]}</td><td>{match[3]}</td></tr>"
        )

    return _ROW.sub(anchored, content), list(entries.values())


def anchor(message: str) -> str:
    """Return the anchor of a message, the same in both languages: its first words."""
    words = re.findall(r"[a-z0-9]+", message.lower())
    return "-".join(words[:12])


@event_priority(-150)  # after static-i18n, which writes the whole index last of all
def on_post_build(config: MkDocsConfig) -> None:
    """Divide the index among the languages, once all of them are built."""
    i18n = config.plugins["i18n"]
    if i18n.building:
        return
    site = Path(config.site_dir)
    index = json.loads((site / INDEX).read_text(encoding="utf-8"))
    words = _words()
    others = [f"{name}/" for name in i18n.build_languages if name != i18n.default_language]
    for folder in ["", *others]:
        language = folder.strip("/") or i18n.default_language
        docs = [
            _entry(entry, folder, words[language])
            for first in index["docs"]
            if _folder(first["location"], others) == folder
            for entry in [first, *_entries.get(first["location"], [])]
        ]
        if missing := words[language].keys() - {entry["location"] for entry in docs}:
            raise PluginError(f"{WORDS.name}: the site has no {', '.join(sorted(missing))}")
        own = {**index["config"], "lang": [language], "separator": SEPARATOR, "fields": FIELDS}
        path = site / folder / INDEX
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            json.dumps({"config": own, "docs": docs}, ensure_ascii=False, separators=(",", ":")),
            encoding="utf-8",
        )


def _words() -> dict[str, dict[str, str]]:
    """Return the readers' words for sections, by language and address."""
    _, *languages = (rows := [row.split("\t") for row in WORDS.read_text("utf-8").splitlines()])[0]
    return {
        language: {row[0]: row[n] for row in rows[1:]} for n, language in enumerate(languages, 1)
    }


def _entry(entry: dict[str, Any], folder: str, words: dict[str, str]) -> dict[str, Any]:
    """Return an entry of one language's index, below others where it belongs there."""
    location = entry["location"].removeprefix(folder)
    placed: dict[str, Any] = {}
    for pattern, boost in BELOW.items():
        if re.match(pattern, location):
            placed["boost"] = boost
    if location in words:
        placed["words"] = words[location]
    return {**placed, **entry, "location": location}


def _folder(location: str, folders: list[str]) -> str:
    return next((folder for folder in folders if location.startswith(folder)), "")
