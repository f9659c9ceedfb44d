"""`precis init`: from an empty folder to a verified page."""

from __future__ import annotations

import pytest
from project import Project

from precis.cli.init import FILES


def test_a_new_site_builds_and_verifies_and_refuses_a_wrong_digit(project: Project) -> None:
    begun = project.run("precis", "init")
    assert begun.returncode == 0, begun.stderr
    assert begun.stdout.splitlines()[:-1] == [f"{name}: new" for name in FILES]

    built = project.run("mkdocs", "build")

    assert built.returncode == 0, built.stderr
    assert "1 output: 1 verified on cpu" in built.stderr
    assert "#&gt; 50.5" in project.read("site/index.html")
    verified = project.run("precis", "verify", "--prose")
    assert verified.stdout == "1 claim: 1 witnessed, 0 cited, 0 excused\n"

    for file in ("snippets/first.py", "docs/index.md"):
        text = project.read(file)
        project.path(file).write_text(text.replace("50.5", "50.6"), encoding="utf-8")
        refused = project.run("mkdocs", "build")
        assert refused.returncode == 1
        assert file in refused.stderr
        project.path(file).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("name", FILES)
def test_nothing_is_written_over(project: Project, name: str) -> None:
    taken = project.path(name)
    taken.parent.mkdir(exist_ok=True)
    taken.write_text("mine", encoding="utf-8")

    begun = project.run("precis", "init")

    assert begun.returncode == 1
    assert f"{name}: this file is there already" in begun.stderr
    assert [path for path in project.folder.rglob("*") if path.is_file()] == [taken]


def test_a_site_in_three_languages_builds_and_holds_them_to_say_the_same(
    project: Project,
) -> None:
    languages = ("pt-BR", "de", "en")
    options = [word for name in languages for word in ("--language", name)]
    begun = project.run("precis", "init", *options)
    assert begun.returncode == 0, begun.stderr

    built = project.run("mkdocs", "build")
    assert built.returncode == 0, built.stderr
    for page in ("site/index.html", "site/de/index.html", "site/en/index.html"):
        assert "#&gt; 50.5" in project.read(page)

    text = project.read("docs/de/index.md")
    project.path("docs/de/index.md").write_text(text.replace("first.py:mean", "first.py:no"))
    refused = project.run("mkdocs", "build")
    assert refused.returncode == 1
    for other in ("pt-BR", "en"):
        place = f"docs/{other}/index.md:6:1"
        assert f"{place}: the cell first.py:mean, where docs/de/index.md:6 has" in refused.stderr


def test_what_is_no_language_is_refused(project: Project) -> None:
    refused = project.run("precis", "init", "--language", "../en")

    assert refused.returncode == 2
    assert "not '../en'" in refused.stderr
    assert [*project.folder.iterdir()] == []


def test_a_site_may_begin_in_another_folder(project: Project) -> None:
    begun = project.run("precis", "init", "notes")

    assert begun.stdout.endswith("then cd notes && mkdocs serve\n")
    assert project.path("notes/mkdocs.yml").is_file()
