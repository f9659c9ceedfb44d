"""A site is published whole, whenever the build is killed and however many run at once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import pytest
from project import Project

SITE = """
    site_name: Test
    plugins: [precis]
    markdown_extensions: [attr_list, pymdownx.highlight, pymdownx.superfences]
    """

PAGES = 30


def state(project: Project, number: int) -> Project:
    """A site of many pages that all show the same number."""
    page = f"# Page\n\n```snippet\na.py:a\n```\n\nIt is `{number}`.\n"
    project.write(mkdocs_yml=SITE, snippets__a_py=f"# %% a\nprint({number})\n#> {number}\n")
    for n in range(PAGES):
        project.write(**{f"docs__{'index' if not n else f'p{n}'}_md": page})
    return project


def start(project: Project) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "mkdocs", "build"],
        cwd=project.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )


def numbers(project: Project) -> set[str]:
    """The numbers that the published pages show; an unfinished page shows none."""
    pages = list(project.folder.glob("site/**/index.html"))
    assert len(pages) == PAGES
    texts = [path.read_text(encoding="utf-8") for path in pages]
    assert all("</html>" in text for text in texts)
    return {text.split("It is <code>")[1].split("<")[0] for text in texts}


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")
def test_a_build_killed_at_any_moment_leaves_the_old_site_or_the_new(project: Project) -> None:
    began = time.monotonic()
    assert start(state(project, 100)).wait() == 0
    took = time.monotonic() - began
    published = {"100"}
    moments = random.Random(0)

    for number in range(101, 121):
        build = start(state(project, number))
        time.sleep(moments.uniform(0.3, 1.1) * took)
        build.send_signal(signal.SIGKILL)
        build.wait()
        now = numbers(project)
        assert now in (published, {str(number)})
        published = now

    assert start(state(project, 200)).wait() == 0
    assert numbers(project) == {"200"}
    assert [path.name for path in project.folder.glob(".site*")] == []


def test_two_builds_at_once_do_not_harm_each_other(project: Project) -> None:
    state(project, 100)

    builds = [start(project) for _ in range(3)]

    assert [build.wait() for build in builds] == [0, 0, 0]
    assert numbers(project) == {"100"}
    assert [path.name for path in project.folder.glob(".site*")] == []
