"""A page as a notebook: each construct of the site's Markdown, in Markdown that Jupyter reads."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import nbformat
import pytest
from project import Project, site_in

from precis.base import files
from precis.base.cache import _engine
from precis.export import notebook
from precis.export.notebook import is_chapter, make_notebook
from precis.text.pages import PageReader

SNIPPET = """
    # %% one
    x = [1]  # (1)!
    print(x)
    #> [1]
    print("a", end="")
    #> a

    # %% two
    x.append(2)
    #
    x.pop()  # why
    """

ADDRESS = "https://book.example/a/"

Make = Callable[..., Any]


def absolute(href: str) -> str:
    return urljoin("https://book.example/", href)


@pytest.fixture
def make(project: Project) -> Make:
    """Make the notebook of an indented page."""

    def made(text: str, snippet: str = SNIPPET, folder: str = "docs/en", **others: str) -> Any:
        project.write(snippets__a_py=snippet, **others)
        page = project.path(f"{folder}/a.md")
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        book = project.book()
        written = PageReader(book).read_page(page)
        content = make_notebook(written, book, ADDRESS, absolute)
        assert content == make_notebook(written, project.book(), ADDRESS, absolute)
        read = nbformat.reads(content.decode("utf-8"), as_version=4)
        nbformat.validate(read)
        return read

    return made


ONE = """
```snippet
a.py:one
```
"""


@pytest.fixture
def text_of(make: Make) -> Callable[..., str]:
    """What is said of an indented text, put into a chapter."""

    def said(text: str, **others: str) -> str:
        page = "# A\n" + ONE + "\n# B\n\n" + textwrap.dedent(text).strip("\n") + "\n"
        cells = make(page, **others).cells
        last = [cell.source for cell in cells if cell.cell_type == "markdown"][2:]
        return "\n\n".join(last).removeprefix("# B").lstrip("\n")

    return said


def code(made: Any) -> list[Any]:
    return [cell for cell in made.cells if cell.cell_type == "code"]


def kinds(made: Any) -> list[str]:
    return [cell.cell_type for cell in made.cells]


def test_a_cell_has_its_code_and_what_the_run_printed(make: Make) -> None:
    (cell,) = code(make(ONE))

    assert cell.source == 'x = [1]  # (1)\nprint(x)\nprint("a", end="")'
    assert [(o.output_type, o.name, o.text) for o in cell.outputs] == [
        ("stream", "stdout", "[1]\na")
    ]
    assert (cell.id, cell.metadata.name, cell.execution_count) == ("one", "one", 1)


def test_an_expression_at_the_end_does_not_show_its_value(make: Make) -> None:
    (cell,) = code(make("```snippet\na.py:two\n```"))

    assert cell.source.endswith("\nx.pop();  # why")


def test_a_print_at_the_end_stays_as_it_is_and_another_call_that_prints_does_not(
    make: Make,
) -> None:
    (cell,) = code(make(ONE, snippet="# %% one\nprint(1)\n#> 1\n"))
    assert cell.source == "print(1)"

    (cell,) = code(make(ONE, snippet="# %% one\n[print(1)].count(2)\n#> 1\n"))
    assert cell.source == "[print(1)].count(2);"


def test_ids_come_from_names_and_headings_and_differ(make: Make) -> None:
    page = "# A {#a}\n\ntext\n" + ONE + "\nafter\n\n## B\n" + "\n```snippet\na.py:two\n```\n"
    ids = [cell.id for cell in make(page).cells]

    assert ids == ["about", "text-a", "one", "one-text", "one-text-2", "two"]


def test_it_says_which_page_it_is_of_and_what_printed_its_outputs(make: Make) -> None:
    made = make("# Numbers {#n}\n" + ONE, snippet="# %% one\nimport sympy\n\nx = sympy.S(1)\n")

    assert "[Numbers](https://book.example/a/)" in made.cells[0].source
    assert "printed by sympy 1." in made.cells[0].source


def test_a_figure_is_an_output_in_light_colours(make: Make) -> None:
    figure = """
        # %% drawn
        import matplotlib.pyplot as plt

        plt.plot([0, 1])
        """
    page = '```snippet alt="a line" caption="A `line`." fold="Code"\na.py:drawn\n```'
    made = make(page, snippet=figure)
    (cell,) = code(made)
    (output,) = cell.outputs

    assert output.data["image/svg+xml"].startswith("<svg style=")
    assert "#1f6feb" in output.data["image/svg+xml"]
    assert "var(" not in output.data["image/svg+xml"]
    assert cell.source.endswith("plt.plot([0, 1]);")
    assert cell.metadata.jupyter == {"source_hidden": True}
    assert made.cells[-1].source == "*A `line`.*"


def test_a_title_of_a_fence_stands_above_its_cell(make: Make) -> None:
    made = make('```snippet title="First" hl_lines="1"\na.py:one\n```')

    assert made.cells[-2].source == "**First**"


def test_a_cell_of_another_chapter_is_not_run(make: Make) -> None:
    other = "# %% first\nprint(2)\n#> 2\n"
    made = make(ONE + "\n```snippet\nb.py:first\n```\n", snippets__b_py=other)

    assert len(code(made)) == 1
    assert made.cells[-1].source == "```python\nprint(2)\n#> 2\n```"


def test_text_fences_stay(text_of: Callable[..., str]) -> None:
    assert text_of('``` {.text data-reason="a tool"}\n[^a] {#b}\n```') == "```text\n[^a] {#b}\n```"


def test_a_box_is_a_quotation_with_its_title_in_bold(text_of: Callable[..., str]) -> None:
    text = """
        !!! warning "Take `care`"

            One.

            Two.

        after
        """

    assert text_of(text) == "> **Take `care`**\n>\n> One.\n>\n> Two.\n\nafter"


def test_a_box_without_a_title_has_that_of_its_kind(text_of: Callable[..., str]) -> None:
    assert text_of("!!! note\n    One.") == "> **Note**\n>\n> One."
    assert text_of('!!! note ""\n    One.') == "> One."


def test_a_displayed_formula_in_a_box_is_on_one_line(text_of: Callable[..., str]) -> None:
    text = """
        !!! note

            $$
            a = b
            $$
        """

    assert text_of(text) == "> **Note**\n>\n> $$ a = b $$"


def test_a_folded_box_can_be_unfolded(text_of: Callable[..., str]) -> None:
    text = """
        ??? question "`None` & **more**"

            **Yes.** $x$
        """

    assert text_of(text) == (
        "<details><summary><code>None</code> &amp; <strong>more</strong></summary>\n\n"
        "**Yes.** $x$\n\n</details>"
    )


def test_the_code_of_a_solution_is_folded_and_the_rest_of_its_text_goes_on(make: Make) -> None:
    text = """
        Question?

        ??? success "Solution"

            Before.

            ```snippet
            a.py:one
            ```

            After.

        Next.
        """
    made = make(text)
    _, question, solution, after = made.cells

    assert question.source.endswith("<summary>Solution</summary>\n\nBefore.\n\n</details>")
    assert solution.metadata.jupyter == {"source_hidden": True, "outputs_hidden": True}
    assert after.source == (
        "<details><summary>Solution (continued)</summary>\n\nAfter.\n\n</details>\n\nNext."
    )
    assert kinds(made) == ["markdown", "markdown", "code", "markdown"]


def test_a_box_that_starts_with_code_has_its_title_above_it(make: Make) -> None:
    made = make('!!! warning "Care"\n\n    ```snippet\n    a.py:one\n    ```\n\n    After.\n')

    assert made.cells[1].source == "**Care**"
    assert made.cells[3].source == "> After."


def test_tabs_have_bold_titles(text_of: Callable[..., str]) -> None:
    text = """
        === "One"

            First.

        === "Two"

            Second.
        """

    assert text_of(text) == "**One**\n\nFirst.\n\n**Two**\n\nSecond."


def test_code_in_a_list_item_stands_between_two_texts(make: Make) -> None:
    made = make("1.  One:\n\n    ```snippet\n    a.py:one\n    ```\n\n    after\n\n2.  Two\n")

    assert [made.cells[1].source, made.cells[3].source] == ["1.  One:", "after\n\n2.  Two"]


def test_links_are_absolute_and_terms_keep_their_definition(text_of: Callable[..., str]) -> None:
    glossary = "## Leaf {#leaf}\n\nThe *end* of a “graph”.\n"
    text = 'A [**leaf**](glossary.md#leaf), [`b`](b.md), <a href="c">c</a>.'

    assert text_of(text, docs__en__glossary_md=glossary) == (
        'A [**leaf**](https://book.example/glossary.md#leaf "The end of a “graph”."), '
        '[`b`](https://book.example/b.md), <a href="https://book.example/c">c</a>.'
    )


def test_notes_are_numbered_in_the_order_of_their_references(text_of: Callable[..., str]) -> None:
    text = """
        One.[^b] Two.[^a] One again.[^b]

        [^a]: First, *A*.
        [^b]: Second,
            [here](b.md).
        """

    assert text_of(text) == (
        "One.<sup>1</sup> Two.<sup>2</sup> One again.<sup>1</sup>\n\n"
        "---\n\n1. Second, [here](https://book.example/b.md).\n2. First, *A*."
    )


def test_abbreviations_say_what_they_stand_for(text_of: Callable[..., str]) -> None:
    text = "An LLM, `LLM`, LLMs.\n\n*[LLM]: large language model"

    assert text_of(text) == '<abbr title="large language model">An LLM</abbr>'.replace(
        "An LLM", "LLM"
    ).join(["An ", ", `LLM`, LLMs."])


def test_attributes_comments_and_front_matter_are_gone(make: Make) -> None:
    page = """
        ---
        title: A
        ---

        # A {#a .b}

        One.{: .c } Two $\\frac{a}{b}$ `{: .d}`.

        <!-- no witness for 1:
        why -->

        <div class="x" markdown>Three.</div>
        """
    made = make(page + textwrap.indent(ONE, "        "))

    assert made.cells[1].source == (
        '# A\n\nOne. Two $\\frac{a}{b}$ `{: .d}`.\n\n<div class="x">Three.</div>'
    )


def test_french_pages_have_french_words(make: Make) -> None:
    made = make("# A\n" + ONE, folder="docs/fr", mkdocs_yml=site_in("fr"))

    assert made.cells[0].source == "*Notebook de la page [A](https://book.example/a/).*"


def test_a_chapter_shows_cells_of_its_own_snippet(project: Project) -> None:
    project.write(snippets__a_py=SNIPPET, docs__b_md=ONE, docs__a_md=ONE)
    reader = PageReader(project.book())

    assert is_chapter(reader.read_page(project.path("docs/a.md")))
    assert not is_chapter(reader.read_page(project.path("docs/b.md")))


KEPT = """
# Title

See [that](b.md#there) and a [term](glossary.md#term).

```snippet
a.py:one
```
"""

GLOSSARY = "# Glossary\n\n## Term {#term}\n\nWhat it is.\n"


@pytest.fixture
def kept(project: Project, monkeypatch: pytest.MonkeyPatch) -> Callable[..., bool]:
    """Whether a chapter's notebook is made, not taken from what is kept."""
    read = "print(open(__file__.replace('a.py', 'n.txt')).read())"
    project.write(snippets__a_py=f"# %% one\n{read}\n#> 1\n")
    project.write(snippets__n_txt="1", docs__en__a_md=KEPT, docs__en__glossary_md=GLOSSARY)
    real = notebook._notebook_json

    def made(address: str = ADDRESS, absolute: Callable[[str], str] = absolute) -> bool:
        called = []
        monkeypatch.setattr(notebook, "_notebook_json", lambda *of: called.append(of) or real(*of))
        book = project.book()
        make_notebook(
            PageReader(book).read_page(project.path("docs/en/a.md")), book, address, absolute
        )
        return bool(called)

    return made


def test_a_notebook_is_kept_while_nothing_changed(kept: Callable[..., bool]) -> None:
    assert [kept(), kept(), kept()] == [True, False, False]


@pytest.mark.parametrize(
    "changed",
    [
        {"docs__en__a_md": KEPT + "More.\n"},
        {"docs__en__glossary_md": GLOSSARY.replace("What it is", "Another")},
        {"snippets__n_txt": "2"},
        {"snippets__a_py": "# %% one\nprint(1)  # (1)!\n#> 1\n"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_notebook_is_made_again_where_what_it_is_made_of_changed(
    project: Project, kept: Callable[..., bool], changed: dict[str, str]
) -> None:
    kept()
    project.write(**changed)

    assert [kept(), kept()] == [True, False]


def test_a_notebook_is_made_again_where_its_page_or_a_link_has_another_address(
    kept: Callable[..., bool],
) -> None:
    kept()

    assert kept(address="https://book.example/else/")
    assert kept(absolute=lambda href: f"https://else.example/{href}")
    assert not kept(absolute=lambda href: f"https://else.example/{href}")


def test_what_is_kept_is_made_again_with_another_version_of_a_package(
    tmp_path: Path, kept: Callable[..., bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept()
    (tmp_path / "pymdownx-99.dist-info").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    _engine.cache_clear()

    assert [kept(), kept()] == [True, False]
    _engine.cache_clear()


@pytest.mark.parametrize("name", ["made.py", "templates/deep/page.j2"])
def test_what_is_kept_is_made_again_with_another_engine(
    tmp_path: Path, kept: Callable[..., bool], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(files, "__file__", str(tmp_path / "engine/base/files.py"))
    file = tmp_path / "engine" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    made = []
    for text in ("one", "one", "two"):
        file.write_text(text, encoding="utf-8")
        files.engine.cache_clear()
        _engine.cache_clear()
        made.append(kept())
    files.engine.cache_clear()
    _engine.cache_clear()

    assert made == [True, False, True]


def test_a_damaged_file_is_nothing_kept(project: Project, kept: Callable[..., bool]) -> None:
    kept()
    for file in project.path(".precis").glob("*.kept.json"):
        file.write_text(file.read_text(encoding="utf-8")[:-20], encoding="utf-8")

    assert kept()
