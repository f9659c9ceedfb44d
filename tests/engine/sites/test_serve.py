"""`mkdocs serve`: a save shows on the page, runs and converts what changed, and breaks nothing.

Most of it is asked of builds in this process, one after the other as `mkdocs serve` makes them.
"""

from __future__ import annotations

import contextlib
import functools
import json
import logging
import re
import sys
import threading
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader
from markdown.extensions.abbr import AbbrExtension
from material.plugins.search.plugin import SearchIndex
from mkdocs import utils
from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.livereload import LiveReloadServer
from mkdocs.structure.pages import Page
from mkdocs.theme import Theme
from project import BILINGUAL, PLAIN, Project, eventually, logging_runs, serving

from precis.sites import mkdocs as plugin_module
from precis.sites import preview
from precis.sites.mkdocs import PrecisPlugin
from precis.sites.notice import FAILED, STATE, without_notice
from precis.sites.page_cache import PageCache
from precis.sites.preview import Preview

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
        ours = self.site, self.project.path(".precis"), self.site.with_name("served.built")
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
        return self.files()

    def files(self) -> dict[str, bytes]:
        """The files of the served site."""
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


class Open:
    """The site while `mkdocs serve` has it open: a server without a port."""

    def __init__(self, served: Served) -> None:
        self.served = served
        config = self._config()
        config.plugins.on_startup(command="serve", dirty=False)
        plugin = config.plugins["precis"]
        assert isinstance(plugin, PrecisPlugin)
        self.plugin = plugin
        self._build(config)
        self.server = LiveReloadServer(self._build, "127.0.0.1", 0, str(served.site))
        config.plugins.on_serve(self.server, config=config, builder=self._build)
        assert isinstance(plugin.preview, Preview)
        self.preview = plugin.preview

    def _config(self) -> MkDocsConfig:
        path = str(self.served.project.path("mkdocs.yml"))
        config = load_config(path, site_dir=str(self.served.site))
        config.site_url = "http://127.0.0.1:8000/"
        return config

    def _build(self, config: MkDocsConfig | None = None) -> None:
        build(config or self._config(), serve_url="http://127.0.0.1:8000/")

    def save(self) -> dict[str, bytes]:
        """Let the server see what was saved; the pages that were shown first."""
        self.server.builder()
        files = self.served.files()
        return {name: text for name, text in files.items() if b"precis-shown" in text}

    def rest(self) -> dict[str, bytes]:
        """Wait for the build that follows; the files of the site then."""
        if thread := self.preview.thread:
            thread.join(120)
            assert not thread.is_alive()
        return self.served.files()

    def close(self) -> None:
        self.preview.end()
        self.plugin.preview = self.plugin.watcher = None


@pytest.fixture
def opened(sound: Served, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """The site, open; what was saved is built without a rest."""
    monkeypatch.setattr(preview, "REST", 0)
    site = Open(sound)
    yield site
    site.close()


SHOWN_FIRST = {
    "page": ["a/index.html"],
    "title": ["b/index.html"],
    "anchor": ["b/index.html"],
    "front matter": ["b/index.html"],
    "snippet": ["a/index.html", "en/a/index.html"],
    "linked snippet": ["b/index.html", "en/b/index.html"],
    "linked page": ["b/index.html"],
    "wrong value": ["a/index.html", "en/a/index.html"],
    "lab": ["en/labs/l/index.html", "labs/l/index.html"],
    "glossary": ["glossary/index.html"],
    "glossary and page": ["a/index.html", "glossary/index.html"],
}
"""The pages that are shown before the site is built, by what was changed; else none."""

SAVES: dict[str, Callable[[Project], object]] = CHANGES | {
    "front matter": lambda p: p.write(
        docs__fr__b_md="---\ntitle: Autre\ndescription: D\n---\n\n" + FILES["docs__fr__b_md"]
    ),
    "glossary and page": lambda p: (CHANGES["glossary"](p), CHANGES["page"](p)),
    "page and lock": lambda p: (CHANGES["page"](p), other_lock(p)),
    "asset": lambda p: p.write(docs__assets__a_txt="A"),
    "new page": lambda p: p.write(docs__fr__d_md="# D {#d}\n", docs__en__d_md="# D {#d}\n"),
    "page gone": lambda p: p.path("docs/fr/b.md").unlink(),
    "menu": lambda p: p.write(
        mkdocs_yml=FILES["mkdocs_yml"].replace("a.md, b.md", "b.md, {Autre: a.md}")
    ),
}


@pytest.mark.parametrize("change", SAVES)
def test_a_save_is_shown_first_and_leaves_the_site_that_a_fresh_process_makes(
    opened: Open, change: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "mkdocs")
    SAVES[change](opened.served.project)

    shown = opened.save()
    assert "could not be shown" not in caplog.text
    after = opened.rest()

    assert sorted(shown) == SHOWN_FIRST.get(change, [])
    opened.close()
    assert after == opened.served.build(fresh=True)
    has_findings = any(b'precis-finding" role' in text for text in after.values())
    assert (after[STATE] == b"Checked") == (not has_findings)
    for name, text in shown.items():
        assert without_notice(text) == after[name]
    opened.served.mend()


def test_browsers_load_pages_again_only_if_the_built_ones_are_others(opened: Open) -> None:
    project = opened.served.project
    signals = [opened.preview.signal.read_text()]
    for change in ("page", "anchor"):  # the other language has findings; a page has a dead link
        SAVES[change](project)
        opened.save()
        opened.rest()
        opened.served.converted.clear()
        opened.save()  # as the server does when it sees the signal
        assert opened.served.converted == []
        signals.append(opened.preview.signal.read_text())
    project.write(docs__fr__a_md=FILES["docs__fr__a_md"] + "\nOther words.\n")
    opened.save()
    opened.rest()
    signals.append(opened.preview.signal.read_text())

    assert signals[0] != signals[1] != signals[2] == signals[3]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_newer_save_ends_the_build_of_the_last(
    opened: Open, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, wrap = opened.served.project, PageCache.wrap
    reached, clean = threading.Event(), utils.clean_directory
    first, later = list[threading.Thread](), list[str]()

    def waiting(cache: PageCache, page: Page, *args: object) -> None:
        wrap(cache, page, *args)  # type: ignore[arg-type]
        thread = threading.current_thread()
        if thread in first:
            later.append(page.file.src_uri)
        elif thread is threading.main_thread() or first:
            pass  # what is shown at once, or the build after the newer save
        elif page.file.src_uri == f"{language}/b.md":
            first.append(thread)
            reached.set()
            assert opened.preview.superseded.wait(60)

    SAVES["page"](project)
    with monkeypatch.context() as patched:
        patched.setattr(PageCache, "wrap", waiting)
        opened.save()
        assert reached.wait(60)
        SAVES["snippet"](project)
        thread = opened.preview.thread
        shown = opened.save()

    assert thread
    assert not thread.is_alive()
    assert later == []
    assert sorted(shown) == ["a/index.html", "en/a/index.html"]
    assert b"1 * 0.0898" in re.sub(rb"<[^>]+>", b"", shown["a/index.html"])
    after = opened.rest()
    assert utils.clean_directory is clean
    opened.close()
    assert after == opened.served.build(fresh=True)
    opened.served.mend()


def test_what_is_kept_of_a_page_that_was_shown_depends_on_all_that_it_shows(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    glossary = FILES["docs__en__glossary_md"]
    page = PAGE.replace(", and [what follows](b.md#b), which printed 7.5", "")
    project.write(
        mkdocs_yml=PLAIN, snippets__a_py=SNIPPET, docs__a_md=page, docs__glossary_md=glossary
    )
    monkeypatch.chdir(project.folder)
    served = Served(project, monkeypatch)
    opened = Open(served)

    monkeypatch.setattr(preview, "REST", 600)
    project.write(docs__glossary_md=glossary.replace("Words", "Names"))
    SAVES["snippet"](project)
    shown = opened.save()
    assert b"Names" in shown["a/index.html"]

    monkeypatch.setattr(preview, "REST", 0)
    project.write(docs__glossary_md=glossary)
    opened.save()
    after = opened.rest()

    opened.close()
    assert after == served.build(fresh=True)


def test_a_page_that_shows_a_wrong_value_first_offers_no_notebook(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preview, "REST", 600)
    assert "a/index.html" in opened.plugin.notebooks
    SAVES["wrong value"](opened.served.project)

    assert b"precis-finding" in opened.save()["a/index.html"]

    assert "a/index.html" not in opened.plugin.notebooks


def test_a_site_that_cannot_be_built_leaves_what_is_served(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(site: Path) -> None:
        raise PluginError("no style")

    before = opened.served.files()
    SAVES["page"](opened.served.project)
    with monkeypatch.context() as patched:
        patched.setattr(plugin_module, "copy_styles", refuse)
        shown = opened.save()
        failed = opened.rest()
    assert {name for name in before if failed[name] != before[name]} >= {STATE, *shown}
    assert before[STATE] == b"Checked"
    assert failed[STATE] == FAILED.encode()
    assert failed["b/index.html"] == before["b/index.html"]

    SAVES["snippet"](opened.served.project)
    opened.save()
    after = opened.rest()

    opened.close()
    assert after == opened.served.build(fresh=True)
    opened.served.mend()


def test_a_page_that_cannot_be_shown_first_is_built_with_the_site(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ValueError

    monkeypatch.setattr(preview, "_write_page", refuse)
    SAVES["page"](opened.served.project)

    assert opened.save() == {}

    after = opened.served.files()
    opened.close()
    assert after == opened.served.build(fresh=True)
    opened.served.mend()
