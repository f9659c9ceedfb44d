"""The book without network: a service worker that keeps every file of the site.

Written last, when all files are there; it has their hashes, so that a reader fetches again what
has changed, and only that. `mkdocs serve` has none: it would show what was, not what is.
"""

from __future__ import annotations

import hashlib
import json
from fnmatch import fnmatch
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import event_priority

WORKER = "worker.js"

LEFT_OUT = (
    "*.ipynb",
    "*.map",
    "*.md",
    "assets/cards/*",
    "assets/javascripts/lunr/*",
    "*feed.xml",
    "llms.txt",
    "sitemap.xml*",
    "verified.*",
    WORKER,
)
"""What no reader opens from a page; of the search's languages, those of the site are kept."""

_TEMPLATE = Path(__file__).with_name(WORKER)


def on_config(config: MkDocsConfig) -> None:
    """Tell the pages whether there is a worker."""
    config.extra["worker"] = None if config.plugins["precis"].serving else WORKER


@event_priority(-300)  # after all other files
def on_post_build(config: MkDocsConfig) -> None:
    """Write the worker, once all languages are built."""
    if config.plugins["i18n"].building or config.plugins["precis"].serving:
        return
    write_worker(Path(config.site_dir), config.plugins["i18n"].build_languages)


def write_worker(site: Path, languages: list[str]) -> None:
    """Write the worker of a site whose other files are all there."""
    hashes = {
        name.removesuffix("index.html") or "./": hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        for path in sorted(site.rglob("*"))
        if path.is_file() and _opened(name := path.relative_to(site).as_posix(), languages)
    }
    version = hashlib.sha256(json.dumps(hashes).encode()).hexdigest()[:16]
    text = _TEMPLATE.read_text(encoding="utf-8")
    for mark, value in (
        ('"VERSION"', f"precis-{version}"),
        ('{ FILES: "hash of its content" }', hashes),
    ):
        if mark not in text:
            raise PluginError(f"{_TEMPLATE.name} has no {mark}")
        text = text.replace(mark, json.dumps(value))
    (site / WORKER).write_text(text, encoding="utf-8")


def _opened(name: str, languages: list[str]) -> bool:
    searched = ("stemmer.support", *languages)
    if name.startswith("assets/javascripts/lunr/min/"):
        return name.removeprefix("assets/javascripts/lunr/min/lunr.")[: -len(".min.js")] in searched
    return not any(fnmatch(name, pattern) for pattern in LEFT_OUT)
