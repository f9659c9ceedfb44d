"""`precis new`: a chapter that builds as it is written, or nothing at all."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import jsonschema
import pytest
import yaml
from project import BILINGUAL, Project, site_in

from precis.base.finding import Malformed
from precis.cli.navigation import listed
from precis.cli.new import Beginning

EXTENSIONS = "admonition, pymdownx.magiclink: {social_url_shorthand: !ENV [NOT_SET, false]}"

TRANSLATED = """- locale: en
          name: English
          nav_translations:
            Accueil: Home  # first
            Fin: End"""

SITE = (
    "# the site\n"
    + BILINGUAL.replace("superfences]", f"superfences, pymdownx.details, {EXTENSIONS}]").replace(
        "- {locale: en, name: English}", TRANSLATED
    )
    + """\
nav:
  - Accueil: index.md  # the start
  # what follows the chapters
  - Annexes:
      - Fin: end.md
"""
)

TITLES = ("--fr", "L'essai : pourquoi ?", "--en", "A try: why?")


@pytest.fixture
def site(project: Project) -> Project:
    home = {"fr": "# Accueil\n", "en": "# Home\n"}
    project.write(mkdocs_yml=SITE, snippets__a_txt="")
    for language, text in home.items():
        project.write(**{f"docs__{language}__index_md": text, f"docs__{language}__end_md": "# X\n"})
    assert project.run("precis", "bless", "index", "end").returncode == 0
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "a"]):
        git(project, *command)
    return project


def git(project: Project, *command: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    ran = subprocess.run(
        ["git", *who, *command], cwd=project.folder, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def new(project: Project, *words: str) -> subprocess.CompletedProcess[str]:
    return project.run("precis", "new", *words)


def test_its_pages_open_with_what_the_book_asks_for(site: Project) -> None:
    schema = Path(__file__).parents[2] / "content/front-matter.schema.json"
    new(site, "a", "--fr", "Essai", "--en", "Try")

    for language in ("fr", "en"):
        front = yaml.safe_load(site.read(f"docs/{language}/a.md").split("---\n")[1])
        jsonschema.validate(front, json.loads(schema.read_text(encoding="utf-8")))


def test_a_new_chapter_passes_and_builds_at_once(site: Project) -> None:
    made = new(site, "demo", *TITLES)

    assert made.returncode == 0, made.stderr
    assert "mkdocs.yml:15: 'L’essai\u00a0: pourquoi\u202f?': 'A try: why?'" in made.stdout
    for check in (["verify"], ["verify", "--prose"], ["update"], ["bless", "demo"]):
        checked = site.run("precis", *check)
        assert checked.returncode == 0, checked.stderr
    assert "updated" not in checked.stdout
    built = site.run("mkdocs", "build", "--strict")
    assert built.returncode == 0, built.stderr
    assert "2 outputs: 2 verified on cpu" in built.stderr
    assert "A try: why?" in site.read("site/en/demo/index.html")


def test_the_navigation_gains_one_line_a_place_and_keeps_the_rest(site: Project) -> None:
    before = site.read("mkdocs.yml").splitlines()
    new(site, "demo", "--fr", "Essai", "--en", "Try")
    after = site.read("mkdocs.yml").splitlines()

    assert [line for line in after if line not in before] == [
        "            Essai: Try",
        "  - Essai: demo.md",
    ]
    assert [line for line in after if line in before] == before
    assert (
        after.index("  - Essai: demo.md") == after.index("  - Accueil: index.md  # the start") + 1
    )


def test_the_command_that_it_prints_takes_every_trace_back(site: Project) -> None:
    said = new(site, "demo", *TITLES).stdout
    undo = said.splitlines()[-1].removeprefix("To take it back: ")

    assert undo.startswith("git checkout")
    subprocess.run(undo, shell=True, cwd=site.folder, check=True, capture_output=True)

    assert git(site, "status", "--porcelain", "--", "docs", "snippets", "mkdocs.yml") == ""
    assert git(site, "status", "--porcelain", "--", "translations.lock") == ""


def test_no_command_is_printed_that_would_lose_other_changes(site: Project) -> None:
    site.path("mkdocs.yml").write_text(site.read("mkdocs.yml") + "# mine\n", encoding="utf-8")

    assert "git checkout" not in new(site, "demo", *TITLES).stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("Demo", *TITLES), 2, "not 'Demo'"),
        (("a/b", *TITLES), 2, "not 'a/b'"),
        (("random", *TITLES), 2, "Python has a module random"),
        (("en", *TITLES), 2, "docs/en has that address"),
        (("end", *TITLES), 1, "docs/en/end.md:1:1: this file is there already"),
        (("demo", "--fr", "Fin", "--en", "B"), 2, "an entry “Fin” already (mkdocs.yml:22)"),
        (("demo", "--fr", "Un {#x}", "--en", "B"), 2, "--fr: a title is plain text"),
        (("demo", "--fr", "A\nb", "--en", "B"), 2, "--fr: a title is plain text"),
        (("demo", "--fr", " ", "--en", "B"), 2, "--fr: a title has 1 to 80 characters"),
        (("demo", "--fr", "2 mots", "--en", "Words"), 2, "the number 2 is not in"),
        (("demo", "--fr", "Essai"), 2, "--en"),
    ],
)
def test_what_cannot_be_is_refused_in_one_message_and_nothing_is_written(
    site: Project, words: tuple[str, ...], code: int, said: str
) -> None:
    refused = new(site, *words)

    assert refused.returncode == code
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr
    assert git(site, "status", "--porcelain", "--untracked-files=all") == ""


def test_a_navigation_in_another_form_is_left_alone(site: Project) -> None:
    site.write(mkdocs_yml=BILINGUAL + "nav: [{A: index.md}]\n")

    refused = new(site, "demo", *TITLES)

    line = len(BILINGUAL.splitlines()) + 1
    assert refused.returncode == 1
    assert f"mkdocs.yml:{line}:7: no place was found here" in refused.stderr
    assert not site.path("docs/fr/demo.md").exists()


def test_outside_a_project_the_command_says_so(project: Project) -> None:
    assert "run it from the project's folder" in new(project, "demo", *TITLES).stderr


def test_a_title_is_missing_in_a_language_of_the_project(site: Project) -> None:
    site.write(mkdocs_yml=site_in("fr", "en", "de"))

    refused = new(site, "demo", *TITLES)

    assert refused.returncode == 2
    assert "a chapter has a title in each language: --de" in refused.stderr


@pytest.mark.parametrize(
    ("languages", "titles"),
    [
        ((), ("--title", "A try")),
        (("en", "fr", "de"), ("--en", "A try", "--fr", "Essai", "--de", "Versuch")),
    ],
    ids=["one", "three"],
)
def test_a_chapter_of_a_site_in_other_languages_builds_at_once(
    project: Project, languages: tuple[str, ...], titles: tuple[str, ...]
) -> None:
    options = [word for name in languages for word in ("--language", name)]
    assert project.run("precis", "init", *options).returncode == 0

    made = new(project, "demo", *titles)

    assert made.returncode == 0, made.stderr
    built = project.run("mkdocs", "build")
    assert built.returncode == 0, built.stderr
    assert "2 outputs: 2 verified on cpu" in built.stderr
    last = f"{languages[-1]}/" if languages else ""
    assert f"{titles[-1]}</h1>" in project.read(f"site/{last}demo/index.html")
    assert project.path("translations.lock").exists() == bool(languages)


def test_an_error_while_writing_leaves_nothing(site: Project) -> None:
    old, taken = site.path("old.txt"), site.path("b.txt")
    old.write_text("as it was")
    taken.write_text("")
    half = Beginning({site.path("a.txt"): "a", taken: "b"}, {old: "other"}, ())

    with pytest.raises(FileExistsError):
        half.write()

    assert not site.path("a.txt").exists()
    assert taken.exists()
    assert old.read_text() == "as it was"


def test_line_ends_of_windows_stay(site: Project) -> None:
    text = site.read("mkdocs.yml").replace("\n", "\r\n")
    after, lines = listed(text, "demo", {"fr": "Essai", "en": "Try"})

    assert after.count("\r\n") == after.count("\n") == text.count("\n") + 2
    assert [line.text for line in lines] == ["Essai: Try", "- Essai: demo.md"]


def test_a_navigation_without_chapters_has_no_place(site: Project) -> None:
    with pytest.raises(Malformed):
        listed("nav: []\n", "demo", {"fr": "Essai", "en": "Try"})


def test_a_chapter_follows_the_one_that_is_named(site: Project) -> None:
    assert new(site, "one", *TITLES).returncode == 0
    assert new(site, "two", "--fr", "Deux", "--en", "Two", "--after", "one").returncode == 0
    assert new(site, "three", "--fr", "Trois", "--en", "Three", "--after", "one").returncode == 0

    order = re.findall(r"(one|two|three)\.md", site.read("mkdocs.yml"))
    assert order == ["one", "three", "two"]
    refused = new(site, "four", "--fr", "Quatre", "--en", "Four", "--after", "five")
    assert (refused.returncode, "there is no chapter five" in refused.stderr) == (2, True)


def test_a_chapter_follows_the_last_one_in_its_part() -> None:
    parts = "  - Part I:\n      - One: one.md\n      - Recap: recap.md\n"
    nav = f"nav:\n  - Home: index.md\n{parts}  - Labs:\n      - L: l.md\n"

    after, lines = listed(nav, "demo", {"en": "Try"}, {"one.md", "recap.md", "demo.md"})

    assert [(line.number, line.text) for line in lines] == [(6, "- Try: demo.md")]
    assert after == nav.replace("  - Labs", "      - Try: demo.md\n  - Labs")
