"""The changes of Material's HTML: each matches, or the build ends."""

from __future__ import annotations

from types import ModuleType, SimpleNamespace

import pytest
from built import hook
from mkdocs.exceptions import PluginError


@pytest.fixture
def patches() -> ModuleType:
    return hook("material/patches")


def test_a_patch_puts_in_what_the_template_passes(patches: ModuleType) -> None:
    link = '<link rel="alternate" href="{}" hreflang="{}">'
    html = link.format("../en/", "en") + link.format(".", "fr")

    patched = patches.patch(html, "alternate", r"https://a.example/\1/", "en")

    assert patched == html.replace("../en/", r"https://a.example/\1/")


@pytest.mark.parametrize("html", ["<div>", '<div role="dialog"><div role="dialog">'])
def test_a_patch_that_matches_otherwise_ends_the_build(patches: ModuleType, html: str) -> None:
    with pytest.raises(PluginError, match=r'role="dialog" was found \d times in a block, not 1'):
        patches.patch(html, "dialog", "Search")


def test_a_patch_of_pages_that_matches_nowhere_ends_the_build(patches: ModuleType) -> None:
    config = SimpleNamespace(plugins={"i18n": SimpleNamespace(building=False)})
    patches.on_post_page('<input tabindex="">')

    with pytest.raises(PluginError, match="nowhere on the site"):
        patches.on_post_build(config)


CODE = '<div class="highlight" data-cell="a"><pre><span></span><code>{}</code></pre></div>'


def test_a_page_may_hold_the_box_of_a_finding_beside_its_blocks() -> None:
    config = SimpleNamespace(plugins={"i18n": SimpleNamespace(current_language="en")})
    box = '<div class="precis-finding"><pre>a.py:1:1: printed something else</pre></div>'

    page = hook("material/blocks").on_post_page(CODE.format("x = 1") + box, config)

    assert page.count("md-code__button") == 1
    assert box in page


def test_blocks_of_another_form_end_the_build() -> None:
    config = SimpleNamespace(plugins={"i18n": SimpleNamespace(current_language="en")})

    page = CODE.replace("<span></span>", "").format("x = 1")

    with pytest.raises(PluginError, match="blocks of code begin otherwise"):
        hook("material/blocks").on_post_page(page, config)
