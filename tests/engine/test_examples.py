"""The examples, built and verified as their readers do: from the installed package."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from installed import ROOT, Environment

EXAMPLES = ROOT / "examples"

Make = Callable[..., Environment]


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Make an environment with the engine and some extras."""
    return lambda *extras: Environment(tmp_path_factory.mktemp("with") / "venv", wheel, *extras)


def copy(name: str, target: Path) -> Path:
    """Copy an example as git has it."""
    ignored = shutil.ignore_patterns(".*", "site", "__pycache__")
    return Path(shutil.copytree(EXAMPLES / name, target / name, ignore=ignored))


def change(file: Path, before: str, after: str) -> Callable[[], int]:
    """Change a text in a file; return what takes it back."""
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after), encoding="utf-8")
    return lambda: file.write_text(text, encoding="utf-8")


def test_pytest_alone_checks_a_file_without_a_site(environment: Make, tmp_path: Path) -> None:
    bare, folder = environment(), copy("pytest-alone", tmp_path)

    passed = bare.run(folder, "pytest", "-q")
    change(folder / "primes.py", "#> 10000 1229", "#> 10000 1230")
    failed = bare.run(folder, "pytest", "-q")

    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert "5 passed" in passed.stdout  # three cells, a test and a doctest
    assert failed.returncode == 1
    assert "primes.py:21:1: printed something else than its #> lines say" in failed.stdout
    assert bare.run(folder, "precis", "update").stdout == "primes.py: updated\n"
    assert bare.run(folder, "precis", "verify").stdout == "2 outputs: 2 verified on cpu\n"


@pytest.mark.exhaustive
def test_one_page_in_english(environment: Make, tmp_path: Path) -> None:
    installed, folder = environment("mkdocs"), copy("one-page", tmp_path)

    built = installed.run(folder, "mkdocs", "build")

    assert built.returncode == 0, built.stderr
    assert "3 outputs: 3 verified on cpu" in built.stderr
    html = BeautifulSoup((folder / "site/index.html").read_text(encoding="utf-8"), "html.parser")
    assert [out.text.strip() for out in html.select(".precis-output .go")] == [
        "#> 3",
        "#> 0.43",
        "#> 0",
    ]
    styles = folder / "site" / str(html.select("link[href*=precis]")[0]["href"])
    assert ".precis-output" in styles.read_text(encoding="utf-8")
    for file, before, after in (
        ("snippets/distance.py", "#> 0.43", "#> 0.44"),
        ("docs/index.md", "0.43 here", "0.44 here"),
    ):
        take_back = change(folder / file, before, after)
        refused = installed.run(folder, "mkdocs", "build")
        assert refused.returncode == 1
        assert re.search(rf"^{file}:\d+:\d+: ", refused.stderr, re.M), refused.stderr
        take_back()


@pytest.mark.exhaustive
def test_three_languages(environment: Make, tmp_path: Path) -> None:
    installed, folder = environment("languages"), copy("three-languages", tmp_path)

    built = installed.run(folder, "mkdocs", "build")

    assert built.returncode == 0, built.stderr
    assert "warning:" not in built.stderr
    for page, badge in (("", "2 values"), ("fr/", "2 valeurs"), ("de/", "2 Werte")):
        text = (folder / f"site/{page}index.html").read_text(encoding="utf-8")
        badges = BeautifulSoup(text, "html.parser").select("p.precis-verified")
        assert badges[0].text.startswith(f"{badge}\u00a0· CPU")
        assert "#&gt; 15 207.89" in text
    take_back = change(folder / "docs/de/index.md", "14,2 Jahre", "14,3 Jahre")
    refused = installed.run(folder, "precis", "verify", "--prose")
    assert refused.returncode == 1
    assert "docs/de/index.md:15:13: 14,3 has no witness" in refused.stderr
    assert "docs/en/index.md:15:7: the number 14.2 is not in docs/de/index.md" in refused.stderr
    take_back()
    assert installed.run(folder, "precis", "verify", "--prose").returncode == 0
