"""The checks that a project asks for: every way to check it reads the same ones."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from markdown import Markdown
from markdown.extensions import Extension
from markdown.preprocessors import Preprocessor
from project import PLAIN, Project

from precis.base.finding import Malformed
from precis.base.policy import CHECKS, LEVELS, parse_policy

WRONG = {
    "values": "snippets/a.py:6:1: ",
    "cells": "snippets/a.py:9:1: ",
    "code-fences": "docs/a.md:9:1: ",
    "witnesses": "docs/a.md:7:7: ",
}
"""The finding of each check on the page below."""

SNIPPET = """
    # %% one
    print(1)
    #> 1

    # %% two
    print(2)
    #> 3

    # %% three
    x = 3
    """

PAGE = "# A\n\n```snippet\na.py:one\n```\n\nIt is 0.7.\n\n```python\nx = 1\n```\n\n"


class Context(Extension):
    """What Zensical puts into each Markdown."""

    def __init__(self, project: Project) -> None:
        super().__init__()
        self.project = project

    def extendMarkdown(self, md: Markdown) -> None:
        class Rendering(Preprocessor):
            page = SimpleNamespace(path="a.md")
            config = {"root_dir": str(self.project.folder), "docs_dir": "docs"}  # noqa: RUF012

            def run(self, lines: list[str]) -> list[str]:
                return lines

        md.preprocessors.register(Rendering(md), "rendering_context", 0)


def zensical(project: Project) -> tuple[bool, str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project.folder)
        md = Markdown(extensions=[Context(project), "pymdownx.superfences", "precis.zensical"])
        try:
            md.convert(project.read("docs/a.md"))
        except Malformed as error:
            return False, str(error)
        return True, ""


def site(project: Project, checks: str) -> Project:
    return project.write(
        mkdocs_yml=PLAIN.replace("checks: required", f"checks: {checks}"),
        snippets__a_py=SNIPPET,
        docs__index_md="# Home\n",
        docs__a_md=PAGE + "```snippet\na.py:two\n```\n",
    )


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    "check",
    [c if c == "witnesses" else pytest.param(c, marks=pytest.mark.exhaustive) for c in WRONG],
)
def test_every_way_to_check_reads_the_same_level(project: Project, check: str, level: str) -> None:
    others = dict.fromkeys(CHECKS, "off") | {check: level}
    site(project, json.dumps(others))

    built = project.run("mkdocs", "build")
    ways = [(built.returncode == 0, built.stderr)]
    if check != "cells":  # which only a build can see
        verified = project.run("precis", "verify")
        prose = project.run("precis", "verify", "--prose")
        tested = project.run("pytest", "-q", "snippets", "docs")
        answers = verified.stderr + prose.stderr
        if check != "code-fences":  # nothing is converted
            ways.append((verified.returncode + prose.returncode == 0, answers))
        ways.append((tested.returncode == 0, tested.stdout))

    for passed, said in ways:
        warned = f"{WRONG[check]}warning: " in said
        refused = WRONG[check] in said and not warned
        assert (passed, warned, refused) == {
            "required": (False, False, True),
            "warn": (True, True, False),
            "off": (True, False, False),
        }[level], said
    if check != "cells":
        passed, said = zensical(project)
        assert (passed, WRONG[check] in said) == (level != "required", level == "required")


def test_a_published_page_shows_no_box_of_a_warning(project: Project) -> None:
    site(project, json.dumps(dict.fromkeys(CHECKS, "warn")))

    assert project.run("mkdocs", "build").returncode == 0

    page = project.read("site/a/index.html")
    assert "precis-finding" not in page
    assert re.search(r'<div class="[^"]*highlight">', page)  # the fence that nothing verified
    assert "precis-verified" in page


def test_values_are_strict_by_default_and_taste_is_off(project: Project) -> None:
    site(project, "{}")
    refused = project.run("mkdocs", "build")
    assert refused.returncode == 1
    assert WRONG["values"] in refused.stderr
    assert "1 error;" in refused.stderr

    project.write(snippets__a_py=SNIPPET.replace("#> 3", "#> 2"))
    assert project.run("mkdocs", "build").returncode == 0
    said = project.run("precis", "verify", "--prose").stdout
    assert said.startswith("claims: not checked (mkdocs.yml, plugin precis, option checks")


def test_a_page_without_badge_has_no_ticks(project: Project) -> None:
    site(project, "{badges: off, values: off}")

    assert project.run("mkdocs", "build").returncode == 0
    page = project.read("site/a/index.html")
    assert "precis-verified" not in page
    assert "precis-seal" not in page


def test_an_embed_in_a_comment_is_wrong_under_any_policy(project: Project) -> None:
    site(project, "off")
    project.write(docs__a_md="<!--\n\n```snippet\na.py:one\n```\n\n-->\n")

    refused = project.run("mkdocs", "build")

    assert "docs/a.md:3:1: an embed in a comment, which nobody sees" in refused.stderr


@pytest.mark.parametrize(
    ("checks", "place", "message"),
    [
        ("{witness: warn}", "4:29", "no check 'witness'; did you mean witnesses?"),
        ("{values: warned}", "4:29", "values: 'warned'; did you mean warn?"),
        ("{values: 3}", "4:29", "values: 3; known: required, warn, off"),
        ("none", "4:20", "checks: 'none'; known: required, warn, off"),
    ],
)
def test_a_wrong_check_is_one_sentence_with_its_line(
    project: Project, checks: str, place: str, message: str
) -> None:
    site(project, checks)
    sentence = f"mkdocs.yml:{place}: precis: {message}"

    for command in (["mkdocs", "build"], ["precis", "verify"]):
        refused = project.run(*command)
        assert refused.returncode == 1
        assert refused.stderr.strip().splitlines()[-1].removeprefix("ERROR   -  ") == sentence


def test_off_may_be_written_without_quotes() -> None:
    assert not parse_policy({"values": False}, Path("mkdocs.yml")).asks_for("values")
