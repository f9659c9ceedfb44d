"""The site's Markdown is converted to notebooks that Jupyter renders."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import nbformat
import pytest
from project import Project, site_in

from precis.export.notebook import is_chapter, make_notebook, with_outputs
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
    """Return a function that makes the notebook of an indented page."""

    def converted(text: str, snippet: str = SNIPPET, folder: str = "docs/en", **others: str) -> Any:
        project.write(snippets__a_py=snippet, **others)
        path = project.path(f"{folder}/a.md")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        book = project.book()
        page = PageReader(book).read_page(path)
        content = make_notebook(page, book, ADDRESS, absolute)
        assert content == make_notebook(page, project.book(), ADDRESS, absolute)
        read = nbformat.reads(content.decode("utf-8"), as_version=4)
        nbformat.validate(read)
        return read

    return converted


ONE = """
```snippet
a.py:one
```
"""


@pytest.fixture
def text_of(make: Make) -> Callable[..., str]:
    """Return a function that converts an indented text in a chapter."""

    def converted(text: str, **others: str) -> str:
        page = "# A\n" + ONE + "\n# B\n\n" + textwrap.dedent(text).strip("\n") + "\n"
        cells = make(page, **others).cells
        last = [cell.source for cell in cells if cell.cell_type == "markdown"][2:]
        return "\n\n".join(last).removeprefix("# B").lstrip("\n")

    return converted


def code(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def kinds(notebook: Any) -> list[str]:
    return [cell.cell_type for cell in notebook.cells]


def test_a_cell_has_its_code_and_its_output(make: Make) -> None:
    (cell,) = code(make(ONE))

    assert cell.source == 'x = [1]  # (1)\nprint(x)\nprint("a", end="")'
    assert [(o.output_type, o.name, o.text) for o in cell.outputs] == [
        ("stream", "stdout", "[1]\na")
    ]
    assert (cell.id, cell.metadata.name, cell.execution_count) == ("one", "one", 1)


def test_a_final_expression_does_not_show_its_value(make: Make) -> None:
    (cell,) = code(make("```snippet\na.py:two\n```"))

    assert cell.source.endswith("\nx.pop();  # why")


def test_a_final_print_is_unchanged_unlike_other_calls(
    make: Make,
) -> None:
    (cell,) = code(make(ONE, snippet="# %% one\nprint(1)\n#> 1\n"))
    assert cell.source == "print(1)"

    (cell,) = code(make(ONE, snippet="# %% one\n[print(1)].count(2)\n#> 1\n"))
    assert cell.source == "[print(1)].count(2);"


def test_ids_come_from_names_and_headings_and_are_unique(make: Make) -> None:
    page = "# A {#a}\n\ntext\n" + ONE + "\nafter\n\n## B\n" + "\n```snippet\na.py:two\n```\n"
    ids = [cell.id for cell in make(page).cells]

    assert ids == ["about", "text-a", "one", "one-text", "one-text-2", "two"]


def test_the_introduction_names_the_page_and_the_packages(make: Make) -> None:
    notebook = make("# Numbers {#n}\n" + ONE, snippet="# %% one\nimport sympy\n\nx = sympy.S(1)\n")

    assert "[Numbers](https://book.example/a/)" in notebook.cells[0].source
    assert "printed by sympy 1." in notebook.cells[0].source
    assert "`python -m pip install jupyterlab sympy==1." in notebook.cells[0].source


def test_a_figure_is_an_output_in_light_colours(make: Make) -> None:
    figure = """
        # %% drawn
        import matplotlib.pyplot as plt

        plt.plot([0, 1])
        """
    page = '```snippet alt="a line" caption="A `line`." fold="Code"\na.py:drawn\n```'
    notebook = make(page, snippet=figure)
    (cell,) = code(notebook)
    (output,) = cell.outputs

    assert output.data["image/svg+xml"].startswith("<svg style=")
    assert "#1f6feb" in output.data["image/svg+xml"]
    assert "var(" not in output.data["image/svg+xml"]
    assert cell.source.endswith("plt.plot([0, 1]);")
    assert cell.metadata.jupyter == {"source_hidden": True}
    assert notebook.cells[-1].source == "*A `line`.*"


def test_the_outputs_of_a_notebook_stand_where_the_snippet_printed_them(
    make: Make, project: Project
) -> None:
    snippet = """
        # %% one
        print(1, end="")
        print(2)
        print()
        for n in (3, 4):
            print(n)

        # %% drawn
        import matplotlib.pyplot as plt

        plt.plot([0, 1])
        """
    cells = code(make(ONE + '```snippet alt="a line"\na.py:drawn\n```\n', snippet=snippet))
    verified = project.book().verified(project.path("snippets/a.py"))
    shown = with_outputs(verified, cells)
    assert shown == verified

    cells[0].outputs[0].text = "x"
    cells[1].outputs[0].data["image/svg+xml"] = "<svg/>"
    shown = with_outputs(verified, cells)
    assert [o.printed for o in shown.outcomes.values()][:4] == [("x",), (), (), ()]
    assert shown.record.run.figures == {"drawn": ("<svg/>",)}

    for cell in cells:
        cell.outputs.clear()
    shown = with_outputs(verified, cells)
    assert not any(outcome.printed for outcome in shown.outcomes.values())
    assert shown.record.run.figures == {"drawn": ()}


def test_the_title_of_a_fence_is_above_its_cell(make: Make) -> None:
    notebook = make('```snippet title="First" hl_lines="1"\na.py:one\n```')

    assert notebook.cells[-2].source == "**First**"


def test_a_cell_of_another_chapter_is_not_run(make: Make) -> None:
    other = "# %% first\nprint(2)\n#> 2\n"
    notebook = make(ONE + "\n```snippet\nb.py:first\n```\n", snippets__b_py=other)

    assert len(code(notebook)) == 1
    assert notebook.cells[-1].source == "```python\nprint(2)\n#> 2\n```"


READS = """
    # %% one
    from pathlib import Path

    data = Path(__file__).parent / "data"
    print(len((data / "a.txt").read_text("utf-8")), (data / "b.bin").read_bytes()[0])
    #> 7 255
    """


def test_files_that_the_snippet_reads_are_written_by_the_first_cell(
    make: Make, project: Project, tmp_path: Path
) -> None:
    project.write(snippets__data__a_txt='\\ """ é')
    project.path("snippets/data/b.bin").write_bytes(b"\xff\x00")
    files, _ = code(make(ONE, snippet=READS))

    with chdir(tmp_path):
        exec(files.source, scope := {})
        assert scope["__file__"] == "a.py"
        assert Path("data/a.txt").read_text("utf-8") == '\\ """ é'
        assert Path("data/b.bin").read_bytes() == b"\xff\x00"


def test_text_fences_are_unchanged(text_of: Callable[..., str]) -> None:
    assert text_of('``` {.text data-reason="a tool"}\n[^a] {#b}\n```') == "```text\n[^a] {#b}\n```"


def test_a_box_is_a_quotation_with_its_title_in_bold(text_of: Callable[..., str]) -> None:
    text = """
        !!! warning "Take `care`"

            One.

            Two.

        after
        """

    assert text_of(text) == "> **Take `care`**\n>\n> One.\n>\n> Two.\n\nafter"


def test_a_box_without_a_title_has_its_type_as_title(text_of: Callable[..., str]) -> None:
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


def test_a_folded_box_becomes_details(text_of: Callable[..., str]) -> None:
    text = """
        ??? question "`None` & **more**"

            **Yes.** $x$
        """

    assert text_of(text) == (
        "<details><summary><code>None</code> &amp; <strong>more</strong></summary>\n\n"
        "**Yes.** $x$\n\n</details>"
    )


def test_the_code_of_a_solution_is_folded_between_its_texts(make: Make) -> None:
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
    notebook = make(text)
    _, question, solution, after = notebook.cells

    assert question.source.endswith("<summary>Solution</summary>\n\nBefore.\n\n</details>")
    assert solution.metadata.jupyter == {"source_hidden": True, "outputs_hidden": True}
    assert after.source == (
        "<details><summary>Solution (continued)</summary>\n\nAfter.\n\n</details>\n\nNext."
    )
    assert kinds(notebook) == ["markdown", "markdown", "code", "markdown"]


def test_a_box_that_starts_with_code_has_its_title_above_it(make: Make) -> None:
    notebook = make('!!! warning "Care"\n\n    ```snippet\n    a.py:one\n    ```\n\n    After.\n')

    assert notebook.cells[1].source == "**Care**"
    assert notebook.cells[3].source == "> After."


def test_tabs_have_bold_titles(text_of: Callable[..., str]) -> None:
    text = """
        === "One"

            First.

        === "Two"

            Second.
        """

    assert text_of(text) == "**One**\n\nFirst.\n\n**Two**\n\nSecond."


def test_code_in_a_list_item_is_between_two_texts(make: Make) -> None:
    notebook = make("1.  One:\n\n    ```snippet\n    a.py:one\n    ```\n\n    after\n\n2.  Two\n")

    assert [notebook.cells[1].source, notebook.cells[3].source] == ["1.  One:", "after\n\n2.  Two"]


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


def test_abbreviations_are_explained(text_of: Callable[..., str]) -> None:
    text = "An LLM, `LLM`, LLMs.\n\n*[LLM]: large language model"

    assert text_of(text) == '<abbr title="large language model">An LLM</abbr>'.replace(
        "An LLM", "LLM"
    ).join(["An ", ", `LLM`, LLMs."])


def test_attributes_comments_and_front_matter_are_removed(make: Make) -> None:
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
    notebook = make(page + textwrap.indent(ONE, "        "))

    assert notebook.cells[1].source == (
        '# A\n\nOne. Two $\\frac{a}{b}$ `{: .d}`.\n\n<div class="x">Three.</div>'
    )


def test_french_pages_have_french_words(make: Make) -> None:
    notebook = make("# A\n" + ONE, folder="docs/fr", mkdocs_yml=site_in("fr"))

    about, how = notebook.cells[0].source.split("\n\n")
    assert about == "*Notebook de la page [A](https://book.example/a/).*"
    assert how.startswith("*Pour l’ouvrir, installez ce qu’il lui faut par `python -m pip install")


def test_a_chapter_embeds_cells_of_the_snippet_of_its_name(project: Project) -> None:
    project.write(snippets__a_py=SNIPPET, docs__b_md=ONE, docs__a_md=ONE)
    reader = PageReader(project.book())

    assert is_chapter(reader.read_page(project.path("docs/a.md")))
    assert not is_chapter(reader.read_page(project.path("docs/b.md")))
