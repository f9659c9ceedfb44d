"""The notebooks that the site offers: run from top to bottom, they print what their page shows."""

from __future__ import annotations

import functools
import re
import sys
import tempfile
from importlib import metadata
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from built import LABS, LANGUAGES, ROOT, Site
from nbclient import NotebookClient
from playwright.sync_api import Browser

FILES = "files"
"""The id of the cell that writes what the snippet reads."""

CHAPTERS = {
    f"{start}{folder}{path.stem}/": f"{path.stem}.{language}.ipynb"
    for language, start in LANGUAGES.items()
    for folder, paths in (("", sorted((ROOT / "snippets").glob("*.py"))), ("labs/", LABS))
    for path in paths
}
"""The address of each chapter and each lab, and the name of its notebook."""

Outputs = list[list[str]]
"""The lines that each cell printed."""


def opened(site: Site, path: str) -> nbformat.NotebookNode:
    return nbformat.read(site.folder / path / CHAPTERS[path], as_version=4)


def code(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def printed(notebook: nbformat.NotebookNode) -> Outputs:
    """What each cell of the page wrote to stdout, without blanks at the ends of lines."""
    return [
        [
            line.rstrip()
            for line in "".join(o.text for o in cell.outputs if o.get("name") == "stdout").split(
                "\n"
            )
        ]
        for cell in code(notebook)
        if cell.id != FILES
    ]


@functools.cache
def executed(*sources: str) -> nbformat.NotebookNode:
    """A notebook with these cells, run in a kernel of its own; both languages have the same."""
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell(source, id=FILES if "__file__ =" in source else f"cell-{n}")
            for n, source in enumerate(sources)
        ]
    )
    with tempfile.TemporaryDirectory() as folder:
        NotebookClient(
            notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": folder}}
        ).execute()
    return notebook


def shown(page: BeautifulSoup, source: str) -> Outputs:
    """What the blocks of a chapter's own cells show as printed."""
    return [
        [go.get_text().rstrip("\n")[2:].removeprefix(" ") for go in block.select("span.go")] or [""]
        for block in page.select(f'div.highlight[data-source="{source}"]')
    ]


@pytest.mark.exhaustive
@pytest.mark.parametrize("path", CHAPTERS)
def test_a_notebook_runs_from_top_to_bottom_and_prints_what_its_page_shows(
    site: Site, path: str
) -> None:
    notebook = opened(site, path)
    ran = executed(*(cell.source for cell in code(notebook)))

    source = f"{Path(path).name}.py"
    on_the_page = shown(site.pages[path], source)
    in_the_run = [lines if lines == [""] else lines[:-1] for lines in printed(ran)]
    assert in_the_run == on_the_page
    assert printed(notebook) == printed(ran)
    kinds = {output.output_type for cell in code(ran) for output in cell.outputs}
    assert kinds <= {"stream", "display_data"}  # no value that the page does not show
    errors = [o for cell in code(ran) for o in cell.outputs if o.get("name") == "stderr"]
    assert errors == []
    lines = sum(map(len, (lines for lines in on_the_page if lines != [""])))
    print(f"{path}: {len(on_the_page)} cells, {lines} lines of output")


@pytest.mark.parametrize("path", CHAPTERS)
def test_a_notebook_is_whole_and_plain(site: Site, path: str) -> None:
    notebook = opened(site, path)
    nbformat.validate(notebook)

    figures = [o for cell in code(notebook) for o in cell.outputs if "data" in o]
    elements = ["precis-autograd", "precis-dtype"]  # whose figure is another chapter's
    on_the_page = site.pages[path].select("figure.precis-figure svg")
    assert len(figures) == sum(svg.find_parent(elements) is None for svg in on_the_page)
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            text = re.sub(r"^```.*?^```", "", cell.source, flags=re.M | re.S)
            # the lines of an item may go on; of other text, four spaces would make code
            text = re.sub(r"^(\d+\. .*)((?:\n {4}\S.*)+)", r"\1", text, flags=re.M)
            for line in text.split("\n"):
                for mark in ("!!!", "???", "===", "```snippet", "<!--", "    "):
                    assert not line.startswith(mark), (cell.id, line)
            prose = re.sub(r"`[^`\n]+`", "", cell.source)  # code may speak of regular expressions
            prose = re.sub(r"\]\(https://[^)\s]+\)", "]", prose)  # others' files may end so
            for mark in ("[^", "](#", ".md)", ".md#", "\x00", "\x02"):
                assert mark not in prose, (cell.id, mark)


def test_both_languages_have_the_same_code(site: Site) -> None:
    for path in CHAPTERS:
        if not path.startswith("en/"):
            pair = [code(opened(site, address)) for address in (path, f"en/{path}")]
            french, english = ([(c.id, c.source, len(c.outputs)) for c in cells] for cells in pair)
            assert french == english, path


@pytest.mark.parametrize("path", CHAPTERS)
def test_a_page_links_to_both_its_notebooks(site: Site, path: str) -> None:
    links = site.pages[path].select(".precis-notebook a[download]")
    assert [link["href"] for link in links] == [CHAPTERS[path], blank(path)]
    assert all((site.folder / path / str(link["href"])).is_file() for link in links)


OF_EACH_KIND = {"tensors/", "en/attention-explorer/", "en/labs/engine/"}


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, marks=() if path in OF_EACH_KIND else pytest.mark.exhaustive)
        for path in CHAPTERS
    ],
)
def test_a_page_offers_its_notebooks_without_javascript(
    browser: Browser, address: str, site: Site, path: str
) -> None:
    context = browser.new_context(java_script_enabled=False, accept_downloads=True)
    page = context.new_page()
    page.goto(address + path)
    page.locator(".precis-notebook > summary").click()
    offered = page.locator(".precis-notebook a").all()
    assert len(offered) == 2
    for link, name in zip(offered, (CHAPTERS[path], blank(path)), strict=True):
        with page.expect_download() as download:
            link.click()
        assert download.value.suggested_filename == name
        downloaded = Path(download.value.path()).read_bytes()
        assert downloaded == (site.folder / path / name).read_bytes()
    context.close()


def blank(path: str) -> str:
    """The name of the notebook without outputs."""
    return CHAPTERS[path].replace(".ipynb", ".blank.ipynb")


@pytest.mark.parametrize("path", CHAPTERS)
def test_the_second_notebook_has_the_same_cells_without_outputs(site: Site, path: str) -> None:
    whole, other = opened(site, path), nbformat.read(site.folder / path / blank(path), as_version=4)
    nbformat.validate(other)
    assert [cell.source for cell in other.cells[1:]] == [cell.source for cell in whole.cells[1:]]
    assert other.cells[0].source.startswith(whole.cells[0].source)
    assert other.cells[0].source != whole.cells[0].source
    assert any(cell.outputs for cell in code(whole))
    assert not any(cell.outputs or cell.execution_count for cell in code(other))


@pytest.mark.parametrize("path", CHAPTERS)
def test_a_notebook_says_what_to_install(site: Site, path: str) -> None:
    notebook = opened(site, path)
    (command,) = re.findall(r"`(python -m pip install [^`]*)`", notebook.cells[0].source)
    pinned = dict(word.split("==") for word in command.split()[5:])
    for name, version in pinned.items():
        assert metadata.version(name).partition("+")[0] == version
    imported = {
        name
        for cell in code(notebook)
        for name in re.findall(r"^(?:import|from) (\w+)", cell.source, re.MULTILINE)
    }
    assert imported - set(sys.stdlib_module_names) <= pinned.keys()


def test_a_page_without_cells_of_its_own_offers_none(site: Site) -> None:
    others = [path for path in site.pages if path not in CHAPTERS]

    assert others
    for path in others:
        assert not site.pages[path].select(".precis-notebook"), path
    names = [name for path in CHAPTERS for name in (CHAPTERS[path], blank(path))]
    assert sorted(p.name for p in site.folder.rglob("*.ipynb")) == sorted(names)


@pytest.mark.parametrize("path", [path for path in CHAPTERS if "labs/" in path])
def test_the_page_of_a_lab_weighs_less_than_150_kilobytes(site: Site, path: str) -> None:
    html = (site.folder / path / "index.html").read_bytes()

    assert len(html) < 150_000
    assert b"jp-" not in html  # JupyterLab's styles
    assert len(site.pages[path].select("main h2[id]")) >= 5


def test_there_are_three_labs_in_the_navigation_of_each_language(site: Site) -> None:
    assert len(LABS) >= 3
    for start, section in (("", "Travaux pratiques"), ("en/", "Labs")):
        navigation = site.pages[start].select_one("nav.md-nav--primary")
        assert navigation is not None
        links = [str(a["href"]) for a in navigation.select("a[href*='labs/']")]
        assert sorted(links) == [f"labs/{path.stem}/" for path in LABS]
        assert section in navigation.get_text()
