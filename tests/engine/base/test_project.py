"""A project's configuration: its folders and languages, and the commands that use them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from project import Project, site_in

from precis.base.finding import Malformed
from precis.base.project import Project as Configured

SNIPPET = "# %% one\nprint(0.5)\n#> 0.5\n"

EMBED = "```snippet\na.py:one\n```\n"

ENGLISH = """
    site_name: test
    strict: true
    theme: mkdocs
    plugins: [precis]
    markdown_extensions: [attr_list, pymdownx.superfences]
    """

ELSEWHERE = (
    site_in("fr", "en").replace("{checks: required}", "{checks: required, snippets: code}")
    + "docs_dir: content\n"
)


def read(project: Project, text: str) -> Configured:
    """Return the project that an `mkdocs.yml` configures."""
    return Configured.read(project.write(mkdocs_yml=text).folder)


def test_without_configuration_a_project_has_the_default_folders_and_one_language(
    project: Project,
) -> None:
    root = project.folder.resolve()

    assert Configured.read(project.folder) == Configured(root, root / "docs", root / "snippets")


def test_folders_and_languages_come_from_the_configuration(project: Project) -> None:
    known, root = read(project, ELSEWHERE), project.folder.resolve()

    assert (known.docs, known.snippets) == (root / "content", root / "code")
    assert known.languages == ("en", "fr")


def test_languages_without_folders_are_ignored(project: Project) -> None:
    assert read(project, site_in("fr", "en").replace("folder", "suffix")).languages == ()


def test_a_language_that_is_not_built_is_ignored(project: Project) -> None:
    languages = site_in("fr", "en").replace("{locale: en", "{build: false, locale: en")

    assert read(project, languages).languages == ("fr",)


@pytest.mark.parametrize(
    "settings",
    [
        "docs_dir: !ENV [NOT_SET, content]\n",
        "docs_dir: content\nextra: {icon: !!python/name:not_installed.icon ''}\n",
        "docs_dir: content\nextra: {path: !relative $config_dir}\n",
        "INHERIT: base.yml\nplugins: {search: {}}\n",
    ],
)
def test_the_yaml_tags_of_mkdocs_are_accepted(project: Project, settings: str) -> None:
    project.write(base_yml="docs_dir: content\n")

    assert read(project, settings).docs.name == "content"


@pytest.mark.parametrize("plugins", ["{precis: {snippets: code}}", "[precis: {snippets: code}]"])
def test_plugins_may_be_a_list_or_a_mapping(project: Project, plugins: str) -> None:
    assert read(project, f"plugins: {plugins}\n").snippets.name == "code"


def test_an_unreadable_configuration_is_a_finding_with_line_and_column(project: Project) -> None:
    with pytest.raises(Malformed, match=r"^mkdocs\.yml:3:1: MkDocs cannot read this file: "):
        read(project, "site_name: a\nnav: [a\n")

    asked = project.run("precis", "verify")

    assert asked.returncode == 1
    assert asked.stderr.startswith("mkdocs.yml:3:1: ")
    assert "Traceback" not in asked.stderr


@pytest.mark.parametrize(
    ("page", "language"),
    [
        ("docs/fr/a.md", "fr"),
        ("docs/fr/deep/en/a.md", "fr"),
        ("docs/pt-BR/a.md", "pt-BR"),
        ("docs/ai/a.md", ""),
        ("docs/fr.md", ""),
        ("docs/deep/fr/a.md", ""),
        ("fr/a.md", ""),
    ],
)
def test_the_language_of_a_page_is_its_top_folder_in_docs(
    project: Project, page: str, language: str
) -> None:
    known = read(project, site_in("fr", "en", "pt-BR"))

    assert known.language(Path(page)) == language
    assert known.language(project.path(page)) == language


def test_translations_are_the_paths_in_all_other_languages(project: Project) -> None:
    known = read(project, site_in("fr", "en", "de"))

    twins = [
        path.relative_to(known.docs).as_posix()
        for path in known.translations(Path("docs/fr/a/b.md"))
    ]

    assert twins == ["de/a/b.md", "en/a/b.md"]
    assert known.lock_key(Path("docs/fr/a/b.md")) == "a/b.md"
    assert known.lock_key(Path("snippets/labs/l.py")) == "snippets/labs/l.py"


def test_a_folder_named_like_a_language_is_only_a_folder(project: Project) -> None:
    project.write(
        mkdocs_yml=ENGLISH,
        snippets__a_py=SNIPPET,
        docs__index_md="# Home\n",
        docs__ai__x_md="# X\n\n" + EMBED,
        docs__ml__y_md="# Y\n",
    )

    built = project.run("mkdocs", "build")
    checked = project.run("precis", "verify", "--prose")

    assert built.returncode == 0, built.stderr
    assert checked.returncode == 0, checked.stderr
    assert project.run("precis", "verify").returncode == 0


@pytest.mark.parametrize("settings", [ENGLISH, site_in("fr", "en")], ids=["one", "two"])
def test_a_site_is_built_from_a_parent_folder_of_any_name(project: Project, settings: str) -> None:
    inner = Project(project.folder / "ab" / "demo")
    inner.write(mkdocs_yml=settings, snippets__a_py=SNIPPET)
    languages = ["fr/", "en/"] if "i18n" in settings else [""]
    for language in languages:
        page = f"docs/{language}a_md".replace("/", "__")
        home = f"docs/{language}index_md".replace("/", "__")
        inner.write(**{page: "# A\n\n" + EMBED, home: "# Home\n"})
    if languages != [""]:
        assert inner.run("precis", "bless", "a", "index").returncode == 0

    built = project.run("mkdocs", "build", "-f", "ab/demo/mkdocs.yml")

    assert built.returncode == 0, built.stderr
    assert b"0.5" in inner.site()["a/index.html"]


@pytest.fixture
def elsewhere(project: Project) -> Project:
    """A project with configured folder names."""
    pages = {
        f"content__{language}__{name}_md": text
        for language in ("fr", "en")
        for name, text in (("index", "# A\n"), ("a", "# A\n\n" + EMBED))
    }
    project.write(mkdocs_yml=ELSEWHERE, code__a_py=SNIPPET, **pages)
    assert project.run("precis", "bless", "index", "a").returncode == 0
    return project


def test_configured_folders_are_built_and_verified(elsewhere: Project) -> None:
    built = elsewhere.run("mkdocs", "build")
    assert built.returncode == 0, built.stderr
    for command in (["verify"], ["verify", "--prose"], ["status"], ["update"], ["audit", "site"]):
        asked = elsewhere.run("precis", *command)
        assert asked.returncode == 0, (command, asked.stderr)


def test_configured_folders_are_used_by_every_command(elsewhere: Project) -> None:
    elsewhere.write(
        code__a_py=SNIPPET.replace("#> 0.5", "#> 0.6"),
        content__en__a_md="# A\n\nIt is 0.7.\n\n" + EMBED,
    )
    verified = elsewhere.run("precis", "verify").stderr
    prose = elsewhere.run("precis", "verify", "--prose").stderr
    status = elsewhere.run("precis", "status").stdout
    updated = elsewhere.run("precis", "update").stdout

    assert "code/a.py:2:1: " in verified
    assert "On the pages: content/en/a.md:6, content/fr/a.md:4" in verified
    assert "content/en/a.md:3:7: 0.7 has no witness" in prose
    assert "content/en/a.md:1:1: the section A changed since it was read" in status
    assert updated == "code/a.py: updated\n"


@pytest.mark.parametrize("command", ["verify", "update"])
def test_a_missing_configured_folder_is_named_in_the_error(project: Project, command: str) -> None:
    project.write(mkdocs_yml=ELSEWHERE)

    assert "there is no code/ here" in project.run("precis", command).stderr


def test_a_site_may_have_three_languages(project: Project) -> None:
    project.write(mkdocs_yml=site_in("fr", "en", "de"), snippets__a_py=SNIPPET)
    for language in ("fr", "en", "de"):
        text = f"# {language}\n\n## Part {{#p}}\n\n" + EMBED
        project.write(**{f"docs__{language}__{name}_md": text for name in ("index", "b")})
    blessed = project.run("precis", "bless", "index", "b")
    assert "read side by side: b.md#p" in blessed.stdout
    assert project.run("mkdocs", "build").returncode == 0

    project.path("docs/de/b.md").unlink()
    project.write(docs__en__index_md=project.read("docs/en/index.md") + "More.\n")
    built = project.run("mkdocs", "build")

    assert built.returncode == 1
    assert "docs/fr/b.md:1:1: no translation: there is no docs/de/b.md" in built.stderr
    assert "docs/en/index.md:3:1: the section p changed" in built.stderr
    assert "docs/de/index.md:3:1: the section p is unchanged, but its twin changed" in built.stderr


@pytest.mark.parametrize("settings", [ENGLISH, None], ids=["one language", "no configuration"])
def test_with_one_language_there_are_no_translations_to_review(
    project: Project, settings: str | None
) -> None:
    project.write(snippets__a_py=SNIPPET, docs__fr__a_md=EMBED, docs__en__a_md="# A\n")
    if settings:
        project.write(mkdocs_yml=settings)

    asked = project.run("precis", "status")
    refused = project.run("precis", "bless", "a")

    assert (asked.returncode, refused.returncode) == (0, 2)
    assert "nothing to read side by side" in asked.stdout
    assert "nothing to read side by side" in refused.stderr


def test_commands_accept_a_project_folder_that_is_a_link(project: Project) -> None:
    real = Project(project.folder / "real").write(
        mkdocs_yml=site_in("fr", "en"), snippets__a_py=SNIPPET
    )
    for language in ("fr", "en"):
        pages = {"a": "# A\n\n" + EMBED, "index": "# A\n"}
        real.write(**{f"docs__{language}__{name}_md": text for name, text in pages.items()})
    link = project.folder / "link"
    link.symlink_to(real.folder)

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PWD": str(link)}
        words = [sys.executable, "-m", *command]
        return subprocess.run(words, cwd=link, env=environment, capture_output=True, text=True)

    assert run("precis", "bless", "a", "index").returncode == 0
    assert run("precis", "verify", "--prose").returncode == 0
    built = run("mkdocs", "build", "-f", str(link / "mkdocs.yml"))
    assert built.returncode == 0, built.stderr
