"""The book without network: a service worker that keeps every file of the site.

Written last, when all files are there; their hashes make its version, so that a reader's copy
changes when the site does. `mkdocs serve` has none: it would show what was, not what is.
"""

from __future__ import annotations

import hashlib
import json
from fnmatch import fnmatch
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import event_priority

WORKER = "worker.js"

LEFT_OUT = (
    "*.ipynb",
    "*.map",
    "*.md",
    "404.html",
    "assets/cards/*",
    "assets/javascripts/lunr/*",
    "llms.txt",
    "sitemap.xml*",
    "verified.*",
)
"""What no reader opens from a page; of the search's languages, those of the site are kept."""

_TEMPLATE = Path(__file__).with_name(WORKER)


def on_startup(command: str, dirty: bool) -> None:
    """Learn whether the site is to be published."""
    global _published
    _published = command != "serve"


_published = False


def on_config(config: MkDocsConfig) -> None:
    """Tell the pages whether there is a worker."""
    config.extra["worker"] = WORKER if _published else None


@event_priority(-300)  # after all other files
def on_post_build(config: MkDocsConfig) -> None:
    """Write the worker, once all languages are built."""
    if config.plugins["i18n"].building or not _published:
        return
    site = Path(config.site_dir)
    languages = config.plugins["i18n"].build_languages
    hashes = {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(site.rglob("*"))
        if path.is_file() and _opened(name := path.relative_to(site).as_posix(), languages)
    }
    version = hashlib.sha256(json.dumps(hashes).encode())
    files = [f"./{name}".removesuffix("index.html") for name in hashes]
    text = _TEMPLATE.read_text(encoding="utf-8")
    text = text.replace('"VERSION"', json.dumps(f"precis-{version.hexdigest()[:16]}"))
    (site / WORKER).write_text(text.replace('["FILES"]', json.dumps(files)), encoding="utf-8")


def _opened(name: str, languages: list[str]) -> bool:
    searched = ("stemmer.support", *languages)
    if name.startswith("assets/javascripts/lunr/min/"):
        return name.removeprefix("assets/javascripts/lunr/min/lunr.")[: -len(".min.js")] in searched
    return not any(fnmatch(name, pattern) for pattern in LEFT_OUT)
