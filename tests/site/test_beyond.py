"""The chapters as Zensical builds them: what MkDocs shows of their cells, and what both refuse.

Needs Zensical (pip install -r .github/requirements.txt); PRECIS_REQUIRE_ZENSICAL says that these
tests must run.
"""

from __future__ import annotations

import importlib.util
import os
import re
from pathlib import Path

import pytest
from beyond import build, lay_out
from bs4 import BeautifulSoup, Tag
from built import LANGUAGES, ROOT, Site

pytestmark = pytest.mark.exhaustive

VERIFIED = "div.highlight[data-source][data-cell], figure.precis-figure, math"
CHAPTERS = sorted(path.stem for path in (ROOT / "docs/fr").glob("*.md"))


def said(part: Tag) -> object:
    """What a reader and a tool see of a part: hooks/blocks.py writes the rest of a block anew."""
    if part.code is None:
        return str(part)
    if "data-source" not in part.attrs:  # shown only
        return part.code.text
    lines = [line.text for line in part.select(".go")]
    return part["data-source"], part["data-cell"], part.code.text, lines


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if importlib.util.find_spec("zensical") is None:
        if os.environ.get("PRECIS_REQUIRE_ZENSICAL"):
            pytest.fail("PRECIS_REQUIRE_ZENSICAL is set, and Zensical is not installed")
        pytest.skip("Zensical is not installed: pip install -r .github/requirements.txt")
    folder = tmp_path_factory.mktemp("beyond")
    lay_out(folder)
    return folder


@pytest.fixture(scope="module")
def built(project: Path) -> Path:
    for language in LANGUAGES:
        done = build(project, language)
        assert done.returncode == 0, done.stderr
    return project / "site"


@pytest.mark.parametrize("chapter", CHAPTERS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_chapter_shows_the_same_cells_outputs_figures_and_formulas(
    site: Site, built: Path, language: str, chapter: str
) -> None:
    address = LANGUAGES[language] + ("" if chapter == "index" else f"{chapter}/")
    page = (built / address / "index.html").read_text(encoding="utf-8")
    source = (ROOT / f"docs/{language}/{chapter}.md").read_text(encoding="utf-8")

    here = site.pages[address].select(VERIFIED)
    beyond = BeautifulSoup(page, "html.parser").select(VERIFIED)

    assert list(map(said, beyond)) == list(map(said, here))
    cells = sum(part.has_attr("data-cell") for part in beyond)
    assert cells == len(re.findall(r"^[> ]*```snippet", source, re.M))


def test_a_wrong_value_ends_the_build_even_where_the_page_is_in_the_cache(built: Path) -> None:
    snippet = built.parent / "snippets/tensors.py"
    text = snippet.read_text(encoding="utf-8")
    snippet.write_text(text.replace("#> tensor([[[1, 2],", "#> tensor([[[1, 3],"), encoding="utf-8")
    assert snippet.read_text(encoding="utf-8") != text

    done = build(built.parent, "en", "--strict")

    snippet.write_text(text, encoding="utf-8")
    assert done.returncode == 1
    assert "snippets/tensors.py:10:1: printed something else than its #> lines say" in done.stderr
    assert "+ tensor([[[1, 2]," in done.stderr
