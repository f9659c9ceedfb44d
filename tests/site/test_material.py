"""The changes of Material's HTML: each matches, or the build ends."""

from __future__ import annotations

import importlib.util
from types import ModuleType, SimpleNamespace

import pytest
from built import ROOT
from mkdocs.exceptions import PluginError


@pytest.fixture
def patches() -> ModuleType:
    spec = importlib.util.spec_from_file_location("patches", ROOT / "material/patches.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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
