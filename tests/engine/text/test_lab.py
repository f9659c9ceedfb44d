"""Labs, snippets with text in each language, become pages and notebooks."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mkdocs_jupyter.convert
import pytest
from project import BILINGUAL, Project

from precis.base.finding import Malformed
from precis.export.notebook import make_notebook
from precis.source.snippet import Snippet
from precis.text.lab import lab_markdown
from precis.text.pages import PageReader

LAB = """
    # %% [markdown] lang="fr"
    # # Titre {#t}
    #
    # Un nombre\u00a0: 2.

    # %% [markdown] lang="en"
    # # Title {#t}
    #
    # One number: 2.

    # %% one
    print(2)
    #> 2
    """

SITE = BILINGUAL.replace(
    "  - precis: {checks: required}\n",
    """\
  - mkdocs-jupyter: {include: ["*.ipynb"], cache: false, ignore_h1_titles: true}
  - precis: {checks: required}
site_url: https://book.example/
""",
)


@pytest.fixture
def site(project: Project) -> Project:
    """Return a site with one blessed lab."""
    project.write(
        mkdocs_yml=SITE,
        snippets__labs__l_py=LAB,
        docs__fr__index_md="# Accueil\n",
        docs__en__index_md="# Home\n",
    )
    for name in ("index", "snippets/labs/l"):
        blessed = project.run("precis", "bless", name)
        assert blessed.returncode == 0, blessed.stderr
    return project


def findings(parse: Callable[[str], Snippet], text: str) -> list[str]:
    with pytest.raises(Malformed) as raised:
        parse(text)
    return [str(finding).partition("\n")[0].partition(" ")[2] for finding in raised.value.findings]


def test_a_lab_has_texts_between_its_cells(parse: Callable[[str], Snippet]) -> None:
    snippet = parse(LAB)

    assert [(text.language, text.line, text.end) for text in snippet.texts] == [
        ("fr", 1, 4),
        ("en", 6, 9),
    ]
    assert [(cell.name, cell.line) for cell in snippet.cells] == [("one", 11)]


def test_code_in_a_text_is_refused(parse: Callable[[str], Snippet]) -> None:
    title = '\n    # %% [markdown] lang="'
    text = f'{LAB}{title}fr"\n    # a\n    x = 1\n{title}en"\n    # a\n'

    assert findings(parse, text) == ["code among the text of a lab"]


def test_a_text_missing_in_one_language_is_refused(parse: Callable[[str], Snippet]) -> None:
    text = LAB + '\n    # %% [markdown] lang="en"\n    # More.\n'

    assert findings(parse, text) == ["a text that is missing in fr"]


def test_the_page_of_a_lab_has_the_line_numbers_of_its_file(
    parse: Callable[[str], Snippet],
) -> None:
    lines = lab_markdown(parse(LAB), "en")

    assert lines[6:9] == ["# Title {#t}", "", "One number: 2."]
    assert lines[10:13] == ["```snippet", "a.py:one", "```"]
    assert "Titre" not in "\n".join(lines)


def test_a_paragraph_before_a_figure_becomes_its_options(parse: Callable[[str], Snippet]) -> None:
    text = """
        # %% [markdown] lang="en"
        # ![What it
        # shows](drawn "Code")
        # A caption:
        # two lines.
        #
        # ![Not a cell](other.svg)

        # %% drawn
        import matplotlib.pyplot as plt
        """
    lines = lab_markdown(parse(text), "en")

    assert lines[8] == '```snippet alt="What it shows" caption="A caption: two lines." fold="Code"'
    assert [line for line in lines[:8] if line] == ["![Not a cell](other.svg)"]


def test_a_caption_keeps_its_no_break_spaces(parse: Callable[[str], Snippet]) -> None:
    text = '# %% [markdown] lang="fr"\n# ![Vu](one)\n# Deux\u00a0: a.\n\n# %% one\nx = 1\n'

    assert 'caption="Deux\u00a0: a."' in lab_markdown(parse(text), "fr")[4]


def test_each_language_has_a_page_and_a_notebook(site: Project) -> None:
    built = site.run("mkdocs", "build", "--strict")
    assert built.returncode == 0, built.stderr

    files = site.site()
    for address, words in (("labs/l/", "Un nombre"), ("en/labs/l/", "One number")):
        html = files[f"{address}index.html"].decode()
        assert words in html
        assert 'data-source="l.py"' in html
        assert 'data-cell="one"' in html
        assert html.count('rel="alternate"') == 2
        assert f"https://book.example/{address}" in files["sitemap.xml"].decode()
    notebook = json.loads(files["en/labs/l/l.en.ipynb"])
    assert notebook["cells"][-1]["outputs"][0]["text"] == "2\n"


def test_a_notebook_brings_what_its_lab_reads_beside_the_folder_of_labs(site: Project) -> None:
    reads = (
        "from pathlib import Path\n\n    print((Path(__file__).parents[1] / 'two.txt').read_text())"
    )
    site.write(snippets__labs__l_py=LAB.replace("print(2)", reads), snippets__two_txt="2")
    built = site.run("mkdocs", "build", "--strict")
    assert built.returncode == 0, built.stderr

    notebook = json.loads(site.site()["en/labs/l/l.en.ipynb"])
    sources = [cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert sources[0].splitlines()[2:] == [
        '__file__ = "labs/l.py"',
        'Path(".").mkdir(exist_ok=True)',
        'Path("two.txt").write_text("""2""", encoding="utf-8");',
    ]


def test_nothing_is_written_among_the_pages_and_a_page_goes_with_its_lab(site: Project) -> None:
    """What a build writes among the pages would have `mkdocs serve` build again."""
    before = sorted(site.path("docs").rglob("*"))
    site.run("mkdocs", "build")
    assert b"Un nombre" in site.site()["labs/l/index.html"]
    assert sorted(site.path("docs").rglob("*")) == before

    site.path("snippets/labs/l.py").rename(site.path("snippets/labs/m.py"))
    site.run("precis", "bless", "snippets/labs/m")
    site.run("mkdocs", "build")
    assert "labs/m/index.html" in site.site()
    assert "labs/l/index.html" not in site.site()


def built_from(
    change: Callable[[Any], object], site: Project, monkeypatch: pytest.MonkeyPatch
) -> str:
    """The English page of the lab, built from its notebook as changed."""

    def changed(*arguments: Any) -> bytes:
        made = json.loads(make_notebook(*arguments))
        change(made["cells"])
        return json.dumps(made).encode()

    monkeypatch.setattr("precis.sites.notebooks.make_notebook", changed)
    built = site.run("mkdocs", "build", "--strict")
    assert built.returncode == 0, built.stderr
    return site.site()["en/labs/l/index.html"].decode()


OUTPUT = '<span class="go">#&gt; '


def test_the_outputs_of_a_page_are_those_of_the_notebook_that_is_rendered(
    site: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.run("mkdocs", "build")  # so that the page is in the cache
    page = built_from(lambda cells: None, site, monkeypatch)
    assert page.count(OUTPUT) == page.count(f"{OUTPUT}2</span>") == 1

    page = built_from(lambda cells: cells[-1]["outputs"].clear(), site, monkeypatch)
    assert OUTPUT not in page
    assert 'data-cell="one"' in page

    page = built_from(
        lambda cells: cells[-1]["outputs"][0].update(text="2\n3\n"), site, monkeypatch
    )
    assert f"{OUTPUT}2</span>" in page
    assert f"{OUTPUT}3</span>" in page


def test_the_notebook_that_is_rendered_is_the_one_that_is_offered_and_runs_no_more(
    site: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = "{execute: true, include_source: true, "
    site.write(mkdocs_yml=SITE.replace("mkdocs-jupyter: {", f"mkdocs-jupyter: {options}"))
    rendered = {}

    def nb2html(path: str, **options: Any) -> str:
        assert not options["execute"]
        rendered[Path(path).name] = Path(path).read_bytes()
        return convert(path, **options)

    convert = mkdocs_jupyter.convert.nb2html
    monkeypatch.setattr(mkdocs_jupyter.convert, "nb2html", nb2html)
    built = site.run("mkdocs", "build")
    assert built.returncode == 0, built.stderr

    assert rendered == {
        "l.fr.ipynb": site.site()["labs/l/l.fr.ipynb"],
        "l.en.ipynb": site.site()["en/labs/l/l.en.ipynb"],
    }


def test_a_dirty_build_makes_the_page_of_a_lab_again_where_the_lab_changed(site: Project) -> None:
    site.run("mkdocs", "build", "--dirty")
    page = site.path("site/labs/l/index.html")
    page.write_text("as built before", encoding="utf-8")

    site.run("mkdocs", "build", "--dirty")
    assert page.read_text(encoding="utf-8") == "as built before"

    site.write(snippets__labs__l_py=LAB.replace("Un nombre", "Le nombre"))
    os.utime(site.path("snippets/labs/l.py"), (page.stat().st_mtime + 9,) * 2)
    site.run("precis", "bless", "snippets/labs/l")
    built = site.run("mkdocs", "build", "--dirty")
    assert "Le nombre" in page.read_text(encoding="utf-8"), built.stderr


def test_a_lab_needs_mkdocs_jupyter(site: Project) -> None:
    site.write(mkdocs_yml=SITE.replace("- mkdocs-jupyter", "# - mkdocs-jupyter"))
    built = site.run("mkdocs", "build")

    assert built.returncode == 1
    assert "labs need the plugin mkdocs-jupyter" in built.stderr


def test_the_text_of_a_lab_is_checked_against_its_cells_and_its_twin(site: Project) -> None:
    site.write(snippets__labs__l_py=LAB.replace("One number: 2", "One number: 2.5"))

    built = site.run("mkdocs", "build")
    checked = site.run("precis", "verify", "--prose")

    for run in (built, checked):
        assert run.returncode == 1
        assert "snippets/labs/l.py:9:13: 2.5 has no witness on this page" in run.stderr
        assert "the number 2.5 is not in snippets/labs/l.py:2" in run.stderr
    assert not site.path("site").exists()


def test_the_typography_of_a_lab_is_checked(site: Project) -> None:
    site.write(snippets__labs__l_py=LAB.replace("\u00a0:", " :"))
    reader = PageReader(site.book())
    snippet = site.book().snippet(Path("snippets/labs/l.py"))
    verdict = reader.check_page(reader.read_lab(snippet, "fr"))

    messages = list(map(str, verdict.findings))
    assert any("l.py:4:11: no no-break space before :" in finding for finding in messages), messages


ONE_LANGUAGE = SITE.replace(SITE[SITE.index("  - i18n") : SITE.index("  - mkdocs-jupyter")], "")

ENGLISH_LAB = LAB[LAB.index('    # %% [markdown] lang="en"') :]


def test_a_lab_of_a_site_in_one_language_is_a_page_and_other_notebooks_stay_as_they_are(
    project: Project,
) -> None:
    project.write(
        mkdocs_yml=ONE_LANGUAGE,
        snippets__labs__l_py=ENGLISH_LAB,
        docs__index_md="# Home\n",
    )
    mine = project.path("docs/other/labs/mine.ipynb")
    mine.parent.mkdir(parents=True)
    mine.write_text(json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))

    built = project.run("mkdocs", "build")

    assert built.returncode == 0, built.stderr
    assert b"One number: 2." in project.site()["labs/l/index.html"]
    assert b"jp-" not in project.site()["labs/l/index.html"]
    assert "labs/l/l.ipynb" in project.site()
    assert b"jp-Notebook" in project.site()["other/labs/mine/index.html"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (ONE_LANGUAGE, "snippets/labs/l.py has text in en, fr; the site has pages in one language"),
        (
            SITE.replace("locale: en", "locale: de"),
            "snippets/labs/l.py has text in en, fr; the site has pages in de, fr",
        ),
    ],
)
def test_a_lab_in_a_language_missing_from_the_site_is_refused(
    project: Project, settings: str, message: str
) -> None:
    project.write(mkdocs_yml=settings, snippets__labs__l_py=LAB, docs__index_md="# Home\n")

    built = project.run("mkdocs", "build")

    assert built.returncode == 1
    assert message in built.stderr
    assert "Traceback" not in built.stderr
