"""What the site changes in the HTML that Material's templates write: one table.

Templates in this folder call `patch(html, name, …)`; the patches of whole pages are applied here.
A patch that no longer matches as often as it says ends the build: Material has changed, and what
the patch was for may be wrong on every page.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, NamedTuple

from jinja2 import Environment
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import event_priority


class Patch(NamedTuple):
    """A change of what Material writes; `{}` stands for what the template passes."""

    pattern: str
    new: str


IN_TEMPLATES = {  # each matches once in its block
    # the search is a dialog without a name
    "dialog": Patch('role="dialog"', 'role="dialog" aria-label="{}"'),
    # our switch of colours: Material's makes the style of the whole page again, five times
    "scheme": Patch('<div class="md-header__option">', '<div class="md-header__option">{}'),
    # each language has an index of its own (hooks/search.py), in its own folder
    "base": Patch('"base": "[^"]*"', '"base": "{}"'),
    # a worker that folds accents, and passes the rest on to Material's
    "worker": Patch(r"workers/search\.", "workers/search.js?search."),
    # the one sentence that Material has in English alone
    "footer": Patch("Made with", "{}"),
    # above it, whose book it is
    "colophon": Patch('<div class="md-copyright">', '{}<div class="md-copyright">'),
    # search engines want whole addresses of the other languages' pages
    "alternate": Patch('rel="alternate" href="[^"]*" hreflang="({})"', 'rel="alternate" href="{}"'
                       r' hreflang="\1"'),
}  # fmt: skip

IN_PAGES = (  # each matches somewhere on the site
    # a box to tick completes nothing by itself; precis.js unticks it when a page comes back
    Patch(r'(type="checkbox" id="__\w+") autocomplete="off"', r"\1"),
    Patch(r' tabindex=""', ""),
    Patch(r"<style>\s*</style>", ""),  # mkdocs-jupyter's, of a notebook without styles
    # nothing of a page waits for a script
    Patch(r'<script (src="[^"]+")>', r"<script defer \1>"),
    Patch('<button (?=class="md-header__button)', '<button type="button" '),
)

_LIST_OF_SECTIONS = re.compile(r'(<nav class="md-nav(?: md-nav--secondary)?" aria-label="[^"]+)"')

matched: Counter[str] = Counter()
"""How often each patch of pages has matched, by its pattern."""


def patch(html: str, name: str, new: str = "", where: str = "") -> str:
    """Apply a patch of the table to what a block of Material's template gives."""
    pattern, replacement = IN_TEMPLATES[name]
    pattern = pattern.replace("{}", re.escape(where))
    before, mark, after = replacement.partition("{}")
    whole = before + (new.replace("\\", r"\\") if mark else "") + after
    patched, count = re.subn(pattern, whole, html)
    if count != 1:
        raise _changed(pattern, f"{count} times in a block, not 1")
    return patched


def on_env(env: Environment, config: MkDocsConfig, **_: object) -> None:
    """Give templates their function; leave the page for what is not found in one language.

    That page is written in the default language, whose title comes first.
    """
    env.globals["patch"] = patch
    i18n: Any = config.plugins["i18n"]
    if not i18n.is_default_language_build:
        config.theme.static_templates.discard("404.html")


def on_post_page(output: str, **_: object) -> str:
    """Patch a page."""
    for pattern, new in IN_PAGES:
        output, count = re.subn(pattern, new, output)
        matched[pattern] += count
    # the page's sections are listed twice, in the menu and beside the text: two names
    menu, beside, rest = output.partition('data-md-type="toc"')
    menu, count = _LIST_OF_SECTIONS.subn(r'\1 (menu)"', menu)
    matched[_LIST_OF_SECTIONS.pattern] += count
    return menu + beside + rest


def on_post_template(output_content: str, template_name: str, **_: object) -> str:
    """Patch the page for what is not found."""
    return on_post_page(output_content) if template_name.endswith(".html") else output_content


@event_priority(-150)  # after static-i18n, which builds the other languages
def on_post_build(config: MkDocsConfig) -> None:
    """Refuse a site on which a patch of pages matched nowhere."""
    i18n: Any = config.plugins["i18n"]
    if i18n.building:
        return
    patterns = [*(pattern for pattern, _ in IN_PAGES), _LIST_OF_SECTIONS.pattern]
    nowhere = [pattern for pattern in patterns if not matched[pattern]]
    matched.clear()
    if nowhere:
        raise _changed(nowhere[0], "nowhere on the site")


def _changed(pattern: str, found: str) -> PluginError:
    return PluginError(
        f"material/patches.py: {pattern} was found {found}: Material writes something else now. "
        "Look at what, then change the patch or drop it."
    )
