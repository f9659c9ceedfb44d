"""The MkDocs plugin on real small sites: verified whole, or not published."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable

import pytest
from bs4 import BeautifulSoup
from project import BILINGUAL, PLAIN, Project, logging_runs

from precis.sites.styles import STYLES

SNIPPET = """
    # %% one
    x = 0.0898
    print(x)
    #> 0.0898

    # %% two
    print(2)
    #> 2
    """

PAGE = """
# Title {#t}

```snippet
a.py:one
```

```snippet
a.py:two
```

[Home](index.md)
""".lstrip()


@pytest.fixture
def plain(project: Project) -> Project:
    return project.write(
        mkdocs_yml=PLAIN, snippets__a_py=SNIPPET, docs__index_md="# Home\n", docs__a_md=PAGE
    )


@pytest.fixture
def bilingual(project: Project) -> Project:
    pages = {
        f"docs__{language}__{name}_md": text
        for language in ("fr", "en")
        for name, text in (("index", "# Home\n"), ("a", PAGE))
    }
    project.write(mkdocs_yml=BILINGUAL, snippets__a_py=SNIPPET, **pages)
    assert project.run("precis", "bless", "index", "a").returncode == 0
    return project


def test_wrong_values_and_wrong_pages_are_said_together(plain: Project) -> None:
    plain.write(snippets__a_py=SNIPPET.replace("#> 2", "#> 3"), docs__a_md="```python\n```\n")

    built = build(plain)

    assert "site not published" in built.stderr
    assert "snippets/a.py" in built.stderr
    assert "docs/a.md:1:1: a python fence, which nothing verifies" in built.stderr


@pytest.fixture(params=["plain", "bilingual"])
def made(request: pytest.FixtureRequest) -> Project:
    project: Project = request.getfixturevalue(request.param)
    return project


def build(project: Project) -> subprocess.CompletedProcess[str]:
    return project.run("mkdocs", "build")


def test_a_site_is_built_and_its_outputs_are_counted(made: Project) -> None:
    built = build(made)

    assert built.returncode == 0, built.stderr
    assert built.stderr.count("2 outputs: 2 verified on cpu; 0 blocks shown only") == 1
    assert b'<span class="go">#&gt; 0.0898</span>' in made.site()["a/index.html"]
    assert [path.name for path in made.folder.glob(".site*")] == []


def test_every_language_shows_the_outputs(bilingual: Project) -> None:
    build(bilingual)

    for page in ("a/index.html", "en/a/index.html"):
        assert bilingual.site()[page].count(b'<span class="go">') == 2


def test_a_custom_element_that_the_site_names_holds_markdown(plain: Project) -> None:
    plugins = "plugins: [precis: {elements: [an-element]}]"
    extensions = "[attr_list, md_in_html, pymdownx.superfences]"
    configured = PLAIN.replace("plugins: [precis]", plugins)
    plain.write(
        mkdocs_yml=configured.replace("[attr_list, pymdownx.superfences]", extensions),
        docs__a_md=PAGE.replace("# Title {#t}\n", '# Title {#t}\n\n<an-element x="1" markdown>\n')
        + "\n</an-element>\n",
    )

    built = build(plain)

    assert built.returncode == 0, built.stderr
    page = BeautifulSoup(plain.site()["a/index.html"], "html.parser")
    (element,) = page.select('an-element[x="1"]')
    assert len(element.select("span.go")) == 2
    assert element.find_parent("p") is None


BREAK: dict[str, tuple[Callable[[Project], object], str]] = {
    "value": (
        lambda p: p.write(snippets__a_py=SNIPPET.replace("#> 0.0898", "#> 0.0899")),
        "snippets/a.py:3:1: ",
    ),
    "syntax": (lambda p: p.write(snippets__a_py="# %% one\nx = (\n"), "snippets/a.py:2:"),
    "unshown snippet": (
        lambda p: p.write(snippets__b_py="# %% c\nx = 1\n"),
        "snippets/b.py:1:1: the cell c is not shown",
    ),
}


@pytest.mark.parametrize(("change", "message"), BREAK.values(), ids=BREAK.keys())
def test_what_is_wrong_stops_the_build_and_leaves_the_old_site(
    made: Project, change: Callable[[Project], object], message: str
) -> None:
    build(made)
    before = made.site()
    change(made)

    built = build(made)

    assert built.returncode == 1
    assert message in built.stderr
    assert "Traceback" not in built.stderr
    assert made.site() == before
    assert [path.name for path in made.folder.glob(".site*")] == []


BAD_PAGES = {
    "stray code": ("```python\nx = 1\n```\n", "a.md:13:1: a python fence"),
    "unknown cell": ("```snippet\na.py:three\n```\n", "a.md:13:1: an embed of nothing"),
    "wrong digit": ("Text.\n\nIt is 0.0897.\n", "a.md:15:7: 0.0897 has no witness on this page"),
    "wrong sum": ("$0.0898 + 1 = 1.0899$\n", "a.md:13:15: 0.0898 + 1 is 1.0898, not 1.0899"),
    "second time": ("```snippet\na.py:two\n```\n", "a.md:13:1: the cell two is shown a second"),
    "broken link": ("[no](nowhere.md)\n", "nowhere.md"),
    "broken anchor": ("[no](index.md#nowhere)\n", "#nowhere"),
}


@pytest.mark.parametrize(("text", "message"), BAD_PAGES.values(), ids=BAD_PAGES.keys())
def test_a_bad_page_stops_the_build_and_leaves_the_old_site(
    plain: Project, text: str, message: str
) -> None:
    plain.write(docs__a_md=f"{PAGE}\n{text}", site__index_html="the earlier site")

    built = build(plain)

    assert built.returncode == 1
    assert message in built.stderr
    assert plain.site() == {"index.html": b"the earlier site"}


def test_a_bad_page_of_the_second_language_stops_the_build_too(bilingual: Project) -> None:
    text = f"{PAGE}\n```python\nx = 1\n```\n"
    bilingual.write(docs__en__a_md=text, site__index_html="the earlier site")

    built = build(bilingual)

    assert built.returncode == 1
    assert "docs/en/a.md:13:1: a python fence" in built.stderr
    assert bilingual.site() == {"index.html": b"the earlier site"}


def test_the_site_has_the_date_of_its_commit(plain: Project) -> None:
    date = "2001-02-03T04:05:06+00:00"
    environment = {**os.environ, "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "all"]):
        identity = ["-c", "user.name=a", "-c", "user.email=a@a.example"]
        subprocess.run(["git", *identity, *command], cwd=plain.folder, env=environment, check=True)
    plain.write(mkdocs_yml=PLAIN + "\n    site_url: https://a.example/\n")

    assert build(plain).returncode == 0

    assert b"<lastmod>2001-02-03</lastmod>" in plain.site()["sitemap.xml"]
    (own,) = json.loads(plain.site()["verified.json"])["verifications"]
    assert own["date"] == date


def test_all_mismatches_of_a_build_are_shown(plain: Project) -> None:
    plain.write(snippets__a_py=SNIPPET.replace("#> 0.0898", "#> 1").replace("#> 2", "#> 3"))

    built = build(plain)

    assert "2 errors" in built.stderr
    assert "snippets/a.py:3:1: " in built.stderr
    assert "snippets/a.py:7:1: " in built.stderr


def test_the_line_of_a_finding_counts_the_front_matter(plain: Project) -> None:
    plain.write(docs__a_md=f"---\ntitle: A\n---\n\n{PAGE}\n```python\nx = 1\n```\n")

    assert "docs/a.md:17:1: a python fence" in build(plain).stderr


def test_a_missing_folder_of_snippets_is_said_in_one_line(plain: Project) -> None:
    plain.write(mkdocs_yml=PLAIN.replace("[precis]", "[precis: {snippets: nowhere}]"))

    built = build(plain)

    assert built.returncode == 1
    assert "there is no folder nowhere" in built.stderr


def test_a_build_with_nothing_changed_runs_nothing(
    plain: Project, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path_factory.mktemp("cache")
    plain.write(snippets__a_py=SNIPPET + f"\n    {logging_runs(cache, monkeypatch)}\n")

    assert build(plain).returncode == 0
    assert build(plain).returncode == 0

    assert (cache / "ran").read_text() == "."


def test_a_build_with_nothing_changed_imports_no_torch(plain: Project) -> None:
    plain.write(
        snippets__a_py=SNIPPET.replace("x = 0.0898", "import torch\n    x = 0.0898"),
    )

    assert build(plain).returncode == 0
    assert "precis.run.launch" in sys.modules, "which starts processes"

    second = traced(plain)

    assert second.returncode == 0, second.stderr
    assert "mkdocs" in imported(second)
    assert imported(second).isdisjoint(("precis.run.launch", "torch"))


def traced(project: Project) -> subprocess.CompletedProcess[str]:
    """A build that writes each import to stderr."""
    return subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "mkdocs", "build"],
        cwd=project.folder,
        capture_output=True,
        text=True,
    )


def imported(build: subprocess.CompletedProcess[str]) -> set[str]:
    lines = (line for line in build.stderr.splitlines() if line.startswith("import time:"))
    return {line.rpartition("|")[2].strip() for line in lines}


def test_a_snippet_that_hangs_ends_the_build(plain: Project) -> None:
    plain.write(
        mkdocs_yml=PLAIN.replace("[precis]", "[precis: {timeout: 0.5}]"),
        snippets__a_py="# %% one\nx = 1\n\n# %% two\nwhile True: pass\n",
    )

    built = build(plain)

    assert built.returncode == 1
    assert "snippets/a.py:5:1: still running after 0.5 s" in built.stderr


def test_a_snippet_that_is_not_utf_8_stops_the_build_with_its_name(plain: Project) -> None:
    plain.path("snippets/a.py").write_bytes("# %% one\nx = 'é'\n".encode("latin-1"))

    built = build(plain)

    assert built.returncode == 1
    assert "snippets/a.py:1:1: not UTF-8" in built.stderr
    assert "Traceback" not in built.stderr


@pytest.mark.parametrize("formula", ["x_", r"\left( x", r"\frac{a}"])
def test_a_formula_that_cannot_be_read_stops_the_build_with_its_page(
    plain: Project, formula: str
) -> None:
    plain.write(
        mkdocs_yml=PLAIN.replace(
            "pymdownx.superfences",
            "pymdownx.superfences, pymdownx.arithmatex: {generic: true}, precis.formula",
        ),
        docs__a_md=f"{PAGE}\nA formula: ${formula}$.\n",
    )

    built = build(plain)

    assert built.returncode == 1
    assert "docs/a.md:" in built.stderr
    assert formula in built.stderr
    assert "Traceback" not in built.stderr


def test_a_first_build_that_fails_leaves_no_site(plain: Project) -> None:
    plain.write(snippets__a_py=SNIPPET.replace("#> 2", "#> 3"))

    build(plain)

    assert not plain.path("site").exists()
    assert [path.name for path in plain.folder.glob(".site*")] == []


def test_a_site_is_replaced_whole(plain: Project) -> None:
    build(plain)
    plain.path("docs/a.md").rename(plain.path("docs/b.md"))
    plain.write(site__left_txt="from before")
    plain.path("snippets/a.py").rename(plain.path("snippets/b.py"))
    plain.write(docs__b_md=PAGE.replace("a.py", "b.py"))

    built = build(plain)

    assert built.returncode == 0, built.stderr
    assert "b/index.html" in plain.site()
    assert {"a/index.html", "left.txt"}.isdisjoint(plain.site())


MATERIAL = "{name: material, font: false}"


@pytest.mark.parametrize(
    ("theme", "extensions"),
    [
        ("mkdocs", "[attr_list]"),
        ("mkdocs", "[pymdownx.superfences, extra]"),
        (MATERIAL, "[]"),
        pytest.param("mkdocs", "[]", marks=pytest.mark.exhaustive),
        pytest.param(MATERIAL, "[attr_list]", marks=pytest.mark.exhaustive),
        pytest.param(MATERIAL, "[pymdownx.superfences, extra]", marks=pytest.mark.exhaustive),
    ],
)
def test_the_smallest_site_has_all_that_a_block_is_relied_on_for(
    plain: Project, theme: str, extensions: str
) -> None:
    plain.write(
        mkdocs_yml=f"""
            site_name: test
            strict: true
            theme: {theme}
            plugins: [search, precis]
            markdown_extensions: {extensions}
            """
    )

    built = build(plain)

    assert built.returncode == 0, built.stderr
    page = BeautifulSoup(plain.site()["a/index.html"], "html.parser")
    blocks = page.select('div.highlight[data-source="a.py"]')
    assert [block["data-cell"] for block in blocks] == ["one", "two"]
    assert len(page.select("div.highlight span.go")) == 2
    assert plain.run("precis", "audit", "site").returncode == 0


@pytest.mark.parametrize("made", ["plain", "bilingual"], indirect=True)
def test_blocks_bring_their_styles_which_an_author_may_change(made: Project) -> None:
    config = made.read("mkdocs.yml") + "\nextra_css: [mine.css]\n"
    made.write(mkdocs_yml=config)
    assert made.run("mkdocs", "build").returncode == 0

    pages = list(made.folder.glob("site/**/a/index.html"))
    assert pages
    for page in pages:
        soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
        sheets = [str(link["href"]) for link in soup.select("link[rel=stylesheet]")]
        ours, mine = sheets[-2:]
        assert (page.parent / ours).read_bytes() == STYLES.read_bytes()
        assert mine.endswith("mine.css")


def test_a_tick_says_where_the_outputs_of_a_block_were_verified(plain: Project) -> None:
    silent = "\n# %% three\nx = 3\n"
    plain.write(snippets__a_py=textwrap.dedent(SNIPPET) + silent)
    plain.write(docs__a_md=PAGE + "\n```snippet\na.py:three\n```\n")
    assert plain.run("mkdocs", "build").returncode == 0

    soup = BeautifulSoup(plain.read("site/a/index.html"), "html.parser")
    ticks = [block.select("a.precis-seal") for block in soup.select("[data-cell]")]
    assert [len(found) for found in ticks] == [1, 1, 0]
    badge = soup.select_one("#precis-verified span")
    assert badge
    assert ticks[0][0]["aria-label"] == f"Verified: {badge.text}"
    assert ticks[0][0]["href"] == "#precis-verified"


def test_a_site_whose_blocks_do_not_name_their_cells_is_refused_in_a_sentence(
    plain: Project,
) -> None:
    plain.write(
        mkdocs_yml=PLAIN.replace(
            "pymdownx.superfences]", "pymdownx.superfences, pymdownx.highlight: {use_pygments: no}]"
        )
    )

    built = build(plain)

    assert built.returncode == 1
    assert "docs/a.md:3:1: the block of a.py:one is no <div" in built.stderr
    assert "attr_list" in built.stderr
    assert "Traceback" not in built.stderr


def test_a_site_is_deployed_to_github(plain: Project) -> None:
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]
    plain.write(snippets__a_py=SNIPPET)
    for command in (
        ["git", "init", "-q", "--bare", "remote"],
        ["git", "init", "-q"],
        ["git", "remote", "add", "origin", str(plain.path("remote"))],
        [*git, "commit", "-q", "--allow-empty", "-m", "first"],
    ):
        subprocess.run(command, cwd=plain.folder, check=True)

    deployed = plain.run("mkdocs", "gh-deploy", "--no-history")

    assert deployed.returncode == 0, deployed.stderr
    listed = subprocess.run(
        ["git", "--git-dir", "remote", "ls-tree", "-r", "--name-only", "gh-pages"],
        cwd=plain.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert {"index.html", "verified.json"} <= set(listed.stdout.split())


def test_a_build_needs_no_place_for_what_it_remembers(plain: Project) -> None:
    plain.write(snippets__a_py=SNIPPET)
    plain.path(".precis").write_text("in the way")

    built = build(plain)

    assert built.returncode == 0, built.stderr
    assert built.stderr.count("precis: the cache folder .precis is not writable (") == 1
    assert "Traceback" not in built.stderr
