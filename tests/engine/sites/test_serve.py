"""`mkdocs serve`: a save shows on the page, runs and converts what changed, and breaks nothing.

Most of it is asked of builds in this process, one after the other as `mkdocs serve` makes them.
"""

from __future__ import annotations

import contextlib
import functools
import json
import logging
import sys
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader
from markdown.extensions.abbr import AbbrExtension
from material.plugins.search.plugin import SearchIndex
from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.structure.pages import Page
from mkdocs.theme import Theme
from project import BILINGUAL, PLAIN, Project, eventually, logging_runs, serving

from precis.sites.page_cache import PageCache

SNIPPET = """
    # %% one
    x = 0.0898
    print(x)
    #> 0.0898
    """

OTHER = "# %% other\nprint(7)\n#> 7\n"

PAGE = """
# Title {#t}

A [term](glossary.md#term), and [what follows](b.md#b), which printed 7.5.

```snippet
a.py:one
```
""".lstrip()

LAB = """
    # %% [markdown] lang="fr"
    # # Titre {#t}

    # %% [markdown] lang="en"
    # # Title {#t}

    # %% drawn
    print(2)
    #> 2
    """

FILES = {
    "mkdocs_yml": BILINGUAL.replace(
        "  - precis", '  - search\n  - mkdocs-jupyter: {include: ["*.ipynb"]}\n  - precis'
    )
    + "nav: [index.md, a.md, b.md, glossary.md, labs/l.ipynb]\n"
    + "validation: {links: {anchors: warn}}\n",
    "snippets__a_py": SNIPPET,
    "snippets__b_py": OTHER.replace("7", "7.5"),
    "snippets__labs__l_py": LAB,
} | {
    f"docs__{language}__{name}_md": text
    for language in ("fr", "en")
    for name, text in (
        ("index", "# Home\n\n[B](b.md)\n"),
        ("a", PAGE.replace("7.5", "7,5") if language == "fr" else PAGE),
        ("b", "# B {#b}\n\n```snippet\nb.py:other\n```\n"),
        ("glossary", "# Glossary\n\n## Term {#term}\n\nWords.\n"),
    )
}


@functools.cache
def names(folders: tuple[str, ...]) -> list[str]:
    """What a theme holds, but for Material's icons: ten thousand, of which no build copies one."""
    listed = FileSystemLoader(folders).list_templates()
    return [name for name in listed if not name.startswith(".icons/")]


class Served:
    """The site as `mkdocs serve` builds it again and again."""

    def __init__(self, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        self.project = project
        self.site = project.folder / "served"
        self.converted: list[str] = []
        self.is_as_it_was = False
        render = Page.render

        def counted(page: Page, *args: object) -> None:
            self.converted.append(page.file.src_uri)
            render(page, *args)  # type: ignore[arg-type]

        monkeypatch.setattr(Page, "render", counted)
        monkeypatch.setattr(Theme, "get_env", with_names_kept(Theme.get_env))
        self.first = self.build(fresh=True)
        self._files = self._written()

    def _written(self) -> dict[Path, bytes]:
        ours = self.site, self.project.path(".precis")
        files = (path for path in self.project.folder.rglob("*") if path.is_file())
        return {
            path: path.read_bytes() for path in files if not any(map(path.is_relative_to, ours))
        }

    def undo(self) -> None:
        """Put every file as it was at first."""
        now = self._written()
        for path in now.keys() - self._files.keys():
            path.unlink()
            if not any(path.parent.iterdir()):
                path.parent.rmdir()
        for path, content in self._files.items():
            if now.get(path) != content:
                path.write_bytes(content)

    def mend(self) -> None:
        """Undo what was done to the files: the site, built again, is what it was at first."""
        self.undo()
        assert self.build() == self.first
        self.is_as_it_was = True

    def build(self, fresh: bool = False, anew: bool = False) -> dict[str, bytes]:
        """Build once more, or `anew` in another process, or `fresh` from nothing; its files.

        From nothing but compiled templates, which are made of no file of the project's.
        """
        config = load_config(str(self.project.path("mkdocs.yml")), site_dir=str(self.site))
        config.site_url = address = "http://127.0.0.1:8000/"
        if fresh:
            for path in self.project.path(".precis").glob("*"):
                if path.suffix != ".jinja":
                    path.unlink()
        if fresh or anew:
            config.plugins.on_startup(command="serve", dirty=False)
            config.plugins["precis"].settings = None  # as when the process starts
        self.is_as_it_was = False
        self.converted.clear()
        build(config, serve_url=address)
        files = (path for path in sorted(self.site.rglob("*")) if path.is_file())
        return {path.relative_to(self.site).as_posix(): path.read_bytes() for path in files}

    def page(self, name: str = "a/index.html") -> str:
        return (self.site / name).read_text(encoding="utf-8")


def with_names_kept(get_env: Callable[[Theme], Environment]) -> Callable[[Theme], Environment]:
    """Templates' environments that list what lies in a theme once."""

    def kept(theme: Theme) -> Environment:
        env = get_env(theme)
        folders = tuple(theme.dirs)
        env.list_templates = lambda extensions=None, filter_func=None: [  # type: ignore[method-assign]
            name for name in names(folders) if not filter_func or filter_func(name)
        ]
        return env

    return kept


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The site, its pages read side by side."""
    project = Project(tmp_path_factory.mktemp("written")).write(**FILES)
    pages = ["index", "a", "b", "glossary", "snippets/labs/l"]
    assert project.run("precis", "bless", *pages).returncode == 0
    with pytest.MonkeyPatch.context() as monkeypatch, contextlib.chdir(project.folder):
        yield Served(project, monkeypatch)


@pytest.fixture
def served(written: Served, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """The site with its first files, as any test left what was built of others."""
    monkeypatch.chdir(written.project.folder)
    yield written
    written.undo()


@pytest.fixture
def sound(served: Served) -> Served:
    """The site as it was built at first."""
    if not served.is_as_it_was:
        assert served.build(fresh=True) == served.first
    return served


def test_a_build_with_nothing_changed_converts_nothing_and_makes_the_same_site(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "mkdocs")  # as when one builds or serves: a lab is told of
    served.build(fresh=True)
    assert len(served.converted) == 10

    for anew in (False, True):
        after = served.build(anew=anew)

        assert served.converted == []
        assert after == served.first


@pytest.mark.parametrize("extension", ["pymdownx.snippets", "mkdocs_click", "theirs.abbr"])
def test_with_an_extension_that_may_read_other_files_no_page_is_kept(
    served: Served, extension: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("mkdocs_click", "theirs", "theirs.abbr"):
        module = types.ModuleType(name)
        module.makeExtension = AbbrExtension  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, name, module)
    settings = FILES["mkdocs_yml"].replace("[attr_list", f"[{extension}, attr_list")
    served.project.write(mkdocs_yml=settings)
    served.build()

    served.build()

    assert len(served.converted) == 10


@pytest.mark.parametrize(
    ("function", "converted"), [("theirs.slug", 10), ("markdown.extensions.toc.slugify_unicode", 0)]
)
def test_with_a_function_of_the_project_s_own_no_page_is_kept(
    served: Served, function: str, converted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = types.ModuleType("theirs")
    module.__file__ = str(served.project.folder / "theirs.py")
    exec("def slug(text, sep): return text", module.__dict__)
    monkeypatch.setitem(sys.modules, "theirs", module)
    options = f"toc: {{slugify: !!python/name:{function} ''}}"
    settings = FILES["mkdocs_yml"].replace("[attr_list", f"[{{{options}}}, attr_list")
    served.project.write(mkdocs_yml=settings)
    served.build()

    served.build()

    assert len(served.converted) == converted


def test_the_search_finds_what_it_would_find_in_code_with_its_colours(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "\n\n    if x < 1:  # (1)!\n        s = '</pre>&lt; é'\n    print"
    text = '\n1. A `note`.\n\n``` {.text linenums="1"}\na <b>\n\n  c\n```\n'
    served.project.write(
        snippets__a_py=SNIPPET.replace("\n    print", code),
        docs__fr__a_md=FILES["docs__fr__a_md"] + text,
    )
    read = list[str]()
    add = SearchIndex.add_entry_from_context
    monkeypatch.setattr(
        SearchIndex,
        "add_entry_from_context",
        lambda search, page: read.append(page.content) or add(search, page),
    )

    ours = served.build(fresh=True), "".join(read)
    read.clear()
    monkeypatch.setattr(PageCache, "cache_search_entries", lambda *_: None)
    whole = served.build(fresh=True), "".join(read)

    found = json.loads(ours[0]["search/search_index.json"])["docs"]
    assert ours[0] == whole[0]
    assert any("&lt;/pre&gt;&amp;lt; é" in entry["text"] for entry in found)
    assert ours[1].count("<span") < whole[1].count("<span") / 10


def test_a_page_tells_the_day_of_the_version_that_is_verified(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = []
    for hours in (1, 2, 30):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", str(hours * 3600))
        served.build()
        days.append((len(served.converted), "January 2, 1970" in served.page("en/a/index.html")))

    assert days == [(10, False), (0, False), (10, True)]


def test_a_save_runs_its_snippet_and_converts_its_pages_alone(
    served: Served, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path_factory.mktemp("cache")
    ran = cache / "ran"
    for name, text in (("a", SNIPPET), ("b", FILES["snippets__b_py"])):
        log = f"\n    {logging_runs(cache, monkeypatch, name)}\n"
        indented = text if name == "a" else text.replace("\n", "\n    ").replace("# %%", "    # %%")
        served.project.write(**{f"snippets__{name}_py": indented + log})
    served.build()
    assert sorted(ran.read_text()) == ["a", "b"]

    served.project.path("snippets/a.py").write_text(
        served.project.read("snippets/a.py").replace("x = ", "x = 1 * "), encoding="utf-8"
    )
    served.build()

    assert sorted(ran.read_text()) == ["a", "a", "b"]
    assert served.converted == ["fr/a.md", "en/a.md"]
    assert "1" in served.page()


def attest(project: Project) -> None:
    known = {"device": "cuda", "name": "A card", "torch": "2", "python": "3", "platform": "L"}
    project.path("attestations").mkdir()
    text = json.dumps({**known, "commit": None, "date": None, "cells": {}})
    project.path("attestations/card.json").write_text(text, encoding="utf-8")


def other_lock(project: Project) -> None:
    text = project.read("translations.lock").replace("en=", "en=0")
    project.path("translations.lock").write_text(text, encoding="utf-8")


def other_folder(project: Project) -> None:
    settings = FILES["mkdocs_yml"].replace("{checks", "{snippets: code, checks")
    project.write(mkdocs_yml=settings, code__a_py=SNIPPET.replace("x = ", "x = 1 * "))
    for name in ("b.py", "labs/l.py"):
        project.write(**{f"code/{name}": project.read(f"snippets/{name}")})


CHANGES: dict[str, Callable[[Project], object]] = {
    "page": lambda p: p.write(docs__fr__a_md=FILES["docs__fr__a_md"] + "\nWords more.\n"),
    "title": lambda p: p.write(docs__fr__b_md=FILES["docs__fr__b_md"].replace("# B", "# C")),
    "anchor": lambda p: p.write(docs__fr__b_md=FILES["docs__fr__b_md"].replace("#b", "#c")),
    "snippet": lambda p: p.write(snippets__a_py=SNIPPET.replace("x = ", "x = 1 * ")),
    "linked snippet": lambda p: p.write(snippets__b_py=OTHER.replace("7", "7.25")),
    "linked page": lambda p: p.write(docs__fr__b_md="# B {#b}\n"),
    "wrong value": lambda p: p.write(snippets__a_py=SNIPPET.replace("#> 0.0898", "#> 1")),
    "lab": lambda p: p.write(snippets__labs__l_py=LAB.replace("# # Titre", "# # Un titre")),
    "glossary": lambda p: p.write(
        docs__fr__glossary_md=FILES["docs__fr__glossary_md"].replace("Words", "Names")
    ),
    "files": lambda p: p.path("docs/fr/b.md").rename(p.path("docs/fr/c.md")),
    "lock": other_lock,
    "attestation": attest,
    "settings": lambda p: p.write(
        mkdocs_yml=FILES["mkdocs_yml"].replace("[attr_list", "[toc: {permalink: true}, attr_list")
    ),
    "settings of ours": other_folder,
}


@pytest.fixture
def told(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> Callable[[], list[str]]:
    """What the terminal was told since one asked last: findings, and MkDocs's warnings."""

    def lines() -> list[str]:
        warned = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
        caplog.clear()
        return [*warned, *capfd.readouterr().err.splitlines()]

    return lines


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_site_built_again_is_the_one_that_a_fresh_process_makes(
    sound: Served, change: Callable[[Project], object], told: Callable[[], list[str]]
) -> None:
    change(sound.project)

    told()
    again, said = sound.build(), told()
    fresh, anew = sound.build(fresh=True), told()

    assert again != sound.first
    assert again == fresh
    assert said == anew

    sound.mend()


def test_a_warning_is_given_in_each_build(served: Served, told: Callable[[], list[str]]) -> None:
    page = "# Home\n\n[B](nowhere.md)\n"
    served.project.write(docs__fr__index_md=page, docs__en__index_md=page)
    served.project.run("precis", "bless", "index")
    first = served.build(), told()
    again = served.build(), told()

    assert any("nowhere.md" in line for line in first[1])
    assert again == first


def test_what_mkdocs_says_of_a_link_is_said_in_each_build(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    page = "# Home\n\n[B](/elsewhere/)\n"
    served.project.write(docs__fr__index_md=page, docs__en__index_md=page)
    served.project.run("precis", "bless", "index")
    caplog.set_level(logging.INFO, "mkdocs")
    said = []
    for _ in range(2):
        caplog.clear()
        served.build()
        said.append([m for m in caplog.messages if "/elsewhere/" in m])

    assert len(said[0]) == 2
    assert said[1] == said[0]


def mark_lock(project: Project) -> None:
    ours = project.read("translations.lock")
    theirs = ours.replace("en=", "en=0")
    marked = f"<<<<<<< ours\n{ours}\n=======\n{theirs}>>>>>>> theirs\n"
    project.path("translations.lock").write_text(marked, encoding="utf-8")


BREAKS: dict[str, tuple[Callable[[Project], object], str, str]] = {
    "snippet: syntax": (lambda p: p.write(snippets__a_py="# %% one\nx = (\n"), "a", "not Python"),
    "snippet: value": (
        lambda p: p.write(snippets__a_py=SNIPPET.replace("#> 0.0898", "#> 1")),
        "a",
        "+ 0.0898",
    ),
    "snippet: encoding": (
        lambda p: p.path("snippets/a.py").write_bytes(b"# %% one\nx = '\xe9'\n"),
        "a",
        "not UTF-8",
    ),
    "snippet: gone": (lambda p: p.path("snippets/a.py").unlink(), "a", "an embed of nothing"),
    "page: fence": (
        lambda p: p.write(docs__fr__a_md=FILES["docs__fr__a_md"] + "\n```python\nx = 1\n```\n"),
        "a",
        "a python fence",
    ),
    "page: encoding": (
        lambda p: p.path("docs/en/a.md").write_bytes(b"# \xe9t\xe9\n"),
        "en/a",
        "not UTF-8",
    ),
    "page: front matter": (
        lambda p: p.write(docs__fr__a_md="---\ntitle: [\n---\n\n" + FILES["docs__fr__a_md"]),
        "a",
        "title: [",
    ),
    "page: gone": (lambda p: p.path("docs/fr/a.md").unlink(), "en/a", "there is no docs/fr/a.md"),
    "page: link": (
        lambda p: p.write(docs__fr__a_md=FILES["docs__fr__a_md"].replace("b.md#b", "nowhere.md")),
        "a",
        "nowhere.md",
    ),
    "lab": (lambda p: p.write(snippets__labs__l_py=LAB + "\n    x = (\n"), "labs/l", "not Python"),
    "navigation": (
        lambda p: p.write(mkdocs_yml=FILES["mkdocs_yml"].replace("b.md,", "b.md, nowhere.md,")),
        "a",
        "0.0898",
    ),
    "lock": (mark_lock, "a", "but its twin changed"),
}


@pytest.mark.parametrize(("broken", "page", "told"), BREAKS.values(), ids=BREAKS.keys())
def test_an_error_is_shown_where_it_is_and_goes_when_it_is_mended(
    sound: Served, broken: Callable[[Project], object], page: str, told: str
) -> None:
    broken(sound.project)

    sound.build()
    assert told in sound.page(f"{page}/index.html")
    assert "Home" in sound.page("en/index.html")

    sound.mend()


def test_the_server_sees_a_save_of_each_kind_and_lives_through_broken_settings(
    project: Project,
) -> None:
    page = "# Title {#t}\n\n```snippet\na.py:one\n```\n"
    project.write(
        mkdocs_yml=BILINGUAL, snippets__a_py=SNIPPET, docs__en__a_md=page, docs__fr__a_md=page
    )
    assert project.run("precis", "bless", "a").returncode == 0
    lock = project.read("translations.lock")

    with serving(project, "en/a/") as get:

        def becomes(holds: Callable[[str], bool]) -> str:
            return eventually(get, holds, project)

        def is_sound(text: str) -> bool:
            return "0.0898" in text and "precis-finding" not in text

        becomes(is_sound)
        project.write(snippets__a_py=SNIPPET.replace("#> 0.0898", "#> 0.0899"))
        assert "snippets/a.py:3:1: " in becomes(lambda text: "precis-finding" in text)
        project.write(snippets__a_py=SNIPPET)
        becomes(is_sound)
        project.path("translations.lock").write_text(lock.replace("en=", "en=0"))
        becomes(lambda text: "since it was read" in text)
        project.path("translations.lock").write_text(lock)
        becomes(is_sound)
        project.write(mkdocs_yml=BILINGUAL + "nav: [")
        for _ in range(300):
            if "error" in project.read("serve.log").lower():
                break
            time.sleep(0.1)
        project.write(mkdocs_yml=BILINGUAL.replace("site_name: test", "site_name: mended"))
        becomes(lambda text: "mended" in text and is_sound(text))
        project.path("snippets/a.py").unlink()
        becomes(lambda text: "an embed of nothing" in text)
        project.write(snippets__a_py=SNIPPET)
        becomes(is_sound)


def test_a_snippet_runs_again_when_a_file_that_it_reads_is_mended(served: Served) -> None:
    reading = SNIPPET.replace("x = 0.0898", "x = float(open(__file__[:-4] + 'data.txt').read())")
    served.project.write(snippets__a_py=reading)
    served.build()
    assert "FileNotFoundError" in served.page()

    served.project.write(snippets__data_txt="0.0898")
    served.build()

    assert "precis-finding" not in served.page()


def test_the_server_sees_files_that_snippets_read_wherever_they_lie(project: Project) -> None:
    reading = """
        # %% one
        from pathlib import Path
        print((Path(__file__).parents[1] / "data/one.txt").read_text())
        #> 0.0898
        """
    project.write(
        mkdocs_yml=PLAIN,
        snippets__a_py=reading,
        data__one_txt="0.0898",
        data__two_txt="0.0898",
        docs__a_md="# Title {#t}\n\n```snippet\na.py:one\n```\n",
    )

    with serving(project, "a/") as get:

        def becomes(holds: Callable[[str], bool]) -> str:
            return eventually(get, holds, project)

        def is_sound(text: str) -> bool:
            return "0.0898" in text and "precis-finding" not in text

        becomes(is_sound)
        project.write(data__one_txt="0.0899")
        becomes(lambda text: "+ 0.0899" in text)
        project.write(snippets__a_py=reading.replace("one.txt", "two.txt"))
        becomes(is_sound)
        project.write(data__two_txt="0.0897")
        becomes(lambda text: "+ 0.0897" in text)
        project.write(data__two_txt="0.0898")
        becomes(is_sound)
