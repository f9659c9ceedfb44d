"""The foot of each page, and what the pages say of a repository: with its address and without."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urljoin

import pytest
from bs4 import BeautifulSoup
from built import LANGUAGES, PAGES, ROOT, Site, hook

REPOSITORY = "https://git.example/precis"


@pytest.mark.parametrize("path", PAGES)
def test_each_page_names_its_authors_and_licence(site: Site, path: str) -> None:
    foot = site.pages[path].select_one(".precis-colophon")
    assert foot is not None
    assert "CC BY 4.0" in foot.get_text()
    assert "Précis" in foot.get_text()


def test_without_a_repository_nothing_speaks_of_one(site: Site) -> None:
    if os.environ.get("PRECIS_REPOSITORY"):
        pytest.skip("PRECIS_REPOSITORY is set")
    for path, page in site.pages.items():
        assert page.select(".precis-colophon nav") == [], path
        text = page.get_text()
        assert "repository.invalid" not in str(page), path
        assert "copy of the repository" not in text, path
        assert "copie du dépôt" not in text, path
        sections = {anchor["href"] for anchor in page.select(".md-nav--secondary a[href^='#']")}
        assert sections <= {f"#{tag['id']}" for tag in page.select("[id]")}, path
    for path in site.folder.rglob("*.md"):
        assert "with a repository" not in path.read_text(encoding="utf-8"), path


@pytest.mark.parametrize("repository", ["", REPOSITORY])
def test_a_passage_is_there_with_a_repository_only(repository: str) -> None:
    text = "A\n\n<!-- with a repository -->\n\nB https://repository.invalid\n\n<!-- end -->\n\nC"

    shown = hook("hooks/colophon").with_repository(text, repository)

    assert shown.split() == (["A", "B", REPOSITORY, "C"] if repository else ["A", "C"])


@pytest.mark.exhaustive
def test_one_value_gives_every_page_its_links(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "--site-dir", tmp_path]
    environment = os.environ | {"PRECIS_REPOSITORY": REPOSITORY}
    subprocess.run(command, cwd=ROOT, env=environment, check=True)

    for start in LANGUAGES.values():
        for path in ("", "tensors/", "labs/engine/"):
            text = (tmp_path / start / path / "index.html").read_text(encoding="utf-8")
            page = BeautifulSoup(text, "html.parser")
            links = [link["href"] for link in page.select(".precis-colophon nav a")]
            source = f"docs/{start or 'fr/'}{path.strip('/') or 'index'}.md"
            source = "snippets/labs/engine.py" if "labs" in path else source
            assert links[:2] == [f"{REPOSITORY}/{do}/main/{source}" for do in ("blob", "edit")]
            assert links[2].startswith(f"{REPOSITORY}/issues/new?title=")
            assert urljoin(f"https://x.example/{start}{path}", links[3]).endswith(
                f".example/{start}#cite"
            )
        home = BeautifulSoup((tmp_path / start / "index.html").read_text("utf-8"), "html.parser")
        assert "@misc{precis" in home.select_one("#cite + p").get_text()
        assert home.select_one(f'#reading ~ p a[href="{REPOSITORY}"]') is not None
        verification = (tmp_path / start / "verification/index.html").read_text(encoding="utf-8")
        assert 'id="check-all"' in verification
