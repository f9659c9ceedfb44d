"""A search index for each language: a French reader gets French pages.

mkdocs-static-i18n leaves one index for all languages at the site's root. Here each language's
part goes to its own folder, where `material/main.html` tells Material to look.
"""

from __future__ import annotations

import json
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import event_priority

INDEX = Path("search/search_index.json")

SEPARATOR = r"[\s\-:;!?=\[\]{}()<>«»“”\"'’`/|·…]+|[.,](?!\d)|&[a-z]+;"
"""Between two words; Material's own leaves `l’entropie` whole, which nobody types."""


def on_page_content(html: str, **_: object) -> str:
    """Keep the LaTeX of formulas out of the index: what a reader sees of them is in it."""
    return html.replace("<annotation ", '<annotation data-search-exclude="latex" ')


@event_priority(-150)  # after static-i18n, which writes the whole index last of all
def on_post_build(config: MkDocsConfig) -> None:
    """Divide the index among the languages, once all of them are built."""
    i18n = config.plugins["i18n"]
    if i18n.building:
        return
    site = Path(config.site_dir)
    index = json.loads((site / INDEX).read_text(encoding="utf-8"))
    others = [f"{name}/" for name in i18n.build_languages if name != i18n.default_language]
    for folder in ["", *others]:
        language = folder.strip("/") or i18n.default_language
        docs = [
            {**entry, "location": entry["location"].removeprefix(folder)}
            for entry in index["docs"]
            if _folder(entry["location"], others) == folder
        ]
        own = {**index["config"], "lang": [language], "separator": SEPARATOR}
        path = site / folder / INDEX
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            json.dumps({"config": own, "docs": docs}, ensure_ascii=False, separators=(",", ":")),
            encoding="utf-8",
        )


def _folder(location: str, folders: list[str]) -> str:
    return next((folder for folder in folders if location.startswith(folder)), "")
