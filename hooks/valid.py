"""Material's pages as the HTML standard has them: what its templates write otherwise, mended.

`tests/site/test_html.py` holds the result against html-validate's rules.
"""

from __future__ import annotations

import re

from mkdocs.config.defaults import MkDocsConfig

_MENDED = [
    # a box to tick completes nothing by itself; precis.js unticks it when a page comes back
    (re.compile(r'(type="checkbox" id="__\w+") autocomplete="off"'), r"\1"),
    (re.compile(r' tabindex=""'), ""),
    (re.compile(r"<style>\s*</style>"), ""),  # mkdocs-jupyter's, of a notebook without styles
    (re.compile(r'<button (?=class="md-header__button)'), '<button type="button" '),
]

_LIST_OF_SECTIONS = re.compile(r'(<nav class="md-nav(?: md-nav--secondary)?" aria-label="[^"]+)"')


def on_post_page(output: str, **_: object) -> str:
    """Mend a page."""
    for pattern, new in _MENDED:
        output = pattern.sub(new, output)
    # the page's sections are listed twice, in the menu and beside the text: two names
    menu, beside, rest = output.partition('data-md-type="toc"')
    return _LIST_OF_SECTIONS.sub(r'\1 (menu)"', menu) + beside + rest


def on_env(env: object, config: MkDocsConfig, **_: object) -> None:
    """Leave the page for what is not found in the default language, whose title comes first."""
    if not config.plugins["i18n"].is_default_language_build:
        config.theme.static_templates.discard("404.html")


def on_post_template(output_content: str, template_name: str, **_: object) -> str:
    """Mend the page for what is not found."""
    return on_post_page(output_content) if template_name.endswith(".html") else output_content
