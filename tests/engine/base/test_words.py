"""The engine's words in the languages that a project adds."""

from __future__ import annotations

import subprocess

import pytest
from bs4 import BeautifulSoup
from project import PLAIN, Project, site_in

GERMAN = """
    de:
      one_value: "{n} Wert"
      many_values: "{n} Werte"
      version: "Fassung vom {day}"
      verified: "Geprüft:"
      outdated: "Der Text ({ahead}) hat sich geändert."
    """

SNIPPET = "# %% one\nprint(0.5)\n#> 0.5\n"
PAGE = "# A {#a}\n\n```snippet\na.py:one\n```\n"


def git(project: Project, *command: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *who, *command], cwd=project.folder, check=True, capture_output=True)


def badge(project: Project, page: str) -> BeautifulSoup:
    html = BeautifulSoup(project.read(page), "html.parser")
    assert html.select_one("p.precis-verified")
    return html


def test_a_third_language_has_its_words_from_one_file(project: Project) -> None:
    project.write(mkdocs_yml=site_in("de", "en", "fr"), snippets__a_py=SNIPPET, words_yml=GERMAN)
    pages = {f"docs__{language}__index_md": PAGE for language in ("de", "en", "fr")}
    project.write(**pages)
    assert project.run("precis", "bless", "index").returncode == 0
    project.write(docs__en__index_md=PAGE + "\nMore.\n", docs__fr__index_md=PAGE + "\nPlus.\n")
    late = project.run("precis", "bless", "index", "--late", "de")
    assert late.returncode == 0, late.stderr
    git(project, "init", "-q")
    git(project, "add", ".")
    git(project, "commit", "-q", "-m", "a", "--date", "2026-03-05T12:00:00+00:00")

    built = project.run("mkdocs", "build")

    assert built.returncode == 0, built.stderr
    html = badge(project, "site/index.html")
    assert "1 Wert\u00a0· CPU\u00a0· Fassung vom " in html.select("p.precis-verified")[0].text
    assert str(html.select("a.precis-seal")[0]["aria-label"]).startswith("Geprüft: CPU")
    assert "Der Text (Englisch, Französisch) hat sich geändert." in html.text
    assert "1 value" in badge(project, "site/en/index.html").text


def test_changed_words_change_a_page_that_was_kept(project: Project) -> None:
    config = PLAIN.replace("theme: mkdocs", "theme: {name: material, language: de, font: false}")
    project.write(mkdocs_yml=config, snippets__a_py=SNIPPET, words_yml=GERMAN)
    project.write(docs__index_md=PAGE + "\nEs ist 0,5.\n")
    assert project.run("mkdocs", "build").returncode == 0
    assert "1 Wert" in badge(project, "site/index.html").text

    project.write(words_yml=GERMAN.replace('{n} Wert"', '{n} WERT"'))
    assert project.run("mkdocs", "build").returncode == 0

    assert "1 WERT" in badge(project, "site/index.html").text


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("de:\n  one_valu: a\n", "words.yml:2:3: no text 'one_valu'; known: one_value, "),
        (
            "de:\n  verified: a\n  version: vom\n",
            "words.yml:3:3: version has other gaps than {day}",
        ),
        ("de: a\n", "words.yml:1:1: de: not a mapping of texts"),
    ],
)
def test_words_without_a_place_are_one_sentence(project: Project, text: str, finding: str) -> None:
    project.write(mkdocs_yml=PLAIN, snippets__a_py=SNIPPET, docs__index_md=PAGE, words_yml=text)

    for command in (["mkdocs", "build"], ["precis", "verify"]):
        refused = project.run(*command)
        assert refused.returncode == 1
        assert finding in refused.stderr
        assert "Traceback" not in refused.stderr
