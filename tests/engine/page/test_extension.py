"""Embeds in a page: their HTML, and the code that a page must not contain."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import markdown
import pytest
from bs4 import BeautifulSoup
from project import Project

from precis.page.extension import PrecisExtension
from precis.page.page import Page
from precis.text.prose import PageText

EXTENSIONS = [
    "admonition",
    "attr_list",
    "def_list",
    "footnotes",
    "md_in_html",
    "pymdownx.arithmatex",
    "pymdownx.details",
    "pymdownx.highlight",
    "pymdownx.superfences",
    "pymdownx.tabbed",
]
CONFIGS = {
    "pymdownx.arithmatex": {"generic": True},
    "pymdownx.highlight": {"line_spans": "__span", "pygments_lang_class": True},
    "pymdownx.tabbed": {"alternate_style": True},
}

SNIPPETS = {
    "snippets__a_py": """
        # %% product
        z = 2 * 3  # (1)!
        print(z)
        #> 6

        # %% lines
        print("one\\n\\n  <b>two</b>")
        #> one
        #>
        #>   <b>two</b>

        # %% wrong
        print(0.0898)
        #> 0.0899
        """,
    "snippets__b_py": """
        # %% device
        print("cpu")
        #> cpu
        #> [cuda] cuda:0

        # %% string
        text = '''
        #> in a string
        '''
        print("a\\tb  c")
        #> a\tb  c

        # %% script
        print("</pre><script>alert(1)</script>")
        #> <script>alert(2)</script>

        # %% ticks
        text = '''
        ```
        '''
        print("```")
        #> ```
        """,
    "snippets__drawn_py": """
        # %% figure
        import matplotlib.pyplot as plt
        line = plt.plot([1, 2], [3, 4])
        """,
}

Convert = Callable[..., tuple[BeautifulSoup, Page]]


@pytest.fixture
def convert(project: Project) -> Convert:
    """Return a function that converts Markdown to parsed HTML and a page with findings."""
    extension = PrecisExtension(project.write(**SNIPPETS).book())

    def converted(text: str, first_line: int = 1) -> tuple[BeautifulSoup, Page]:
        page = Page(PageText("docs/page.md", first_line=first_line))
        extensions = [*EXTENSIONS, extension.for_page(page)]
        html = markdown.markdown(text, extensions=extensions, extension_configs=CONFIGS)
        return BeautifulSoup(html, "html.parser"), page

    return converted


def embed(reference: str, options: str = "") -> str:
    return f"```snippet {options}\n{reference}\n```"


def test_an_embed_names_its_source_and_marks_each_output_line(convert: Convert) -> None:
    html, page = convert(embed("a.py:lines"))

    (block,) = html.select("div.highlight")
    assert (block["data-source"], block["data-cell"]) == ("a.py", "lines")
    outputs = [go.get_text() for go in block.select("span.go")]
    assert outputs == ["#> one", "#>", "#>   <b>two</b>"]
    assert block.select("b") == []
    assert page.findings == ()


def test_annotations_keep_working(convert: Convert) -> None:
    html, _ = convert(embed("a.py:product") + "\n\n1.  What it means.\n")

    (block,) = html.select("div.highlight.annotate")
    assert "# (1)!" in block.get_text()
    assert html.select("ol li")


def test_a_mismatch_shows_the_output_and_a_box_with_the_expectation(
    convert: Convert,
) -> None:
    html, _ = convert(embed("a.py:wrong"))

    assert [go.get_text() for go in html.select("span.go")] == ["#> 0.0898"]
    (box,) = html.select(".precis-finding")
    assert "snippets/a.py:13:1: " in box.get_text()
    assert "- 0.0899" in box.get_text()
    assert "+ 0.0898" in box.get_text()


@pytest.mark.parametrize(
    ("before", "prefix"),
    [
        ("!!! note\n", "    "),
        ('??? success "Solution"\n', "    "),
        ('=== "Tab"\n', "    "),
        ("- item\n", "    "),
        ("1. item\n\n    !!! note\n", "        "),
        ("", "> "),
    ],
    ids=["admonition", "details", "tab", "list", "nested", "quote"],
)
def test_an_embed_may_be_inside_other_blocks(convert: Convert, before: str, prefix: str) -> None:
    fence = "\n".join(prefix + line for line in embed("a.py:product").split("\n"))

    html, page = convert(f"{before}\n{fence}\n\nAfter.\n")

    (block,) = html.select('div.highlight[data-cell="product"]')
    assert block.find_parent(["div", "details", "li", "blockquote"])
    assert [go.get_text() for go in block.select("span.go")] == ["#> 6"]
    assert "After." in html.get_text()
    assert page.findings == ()


@pytest.mark.parametrize(
    "fence",
    [
        "~~~snippet\na.py:product\n~~~",
        "`````snippet\na.py:product\n`````",
        "``` snippet\na.py:product\n```",
        "```{.snippet}\na.py:product\n```",
        "```snippet\n\n  a.py:product  \n```",
    ],
)
def test_every_spelling_of_a_fence_embeds(convert: Convert, fence: str) -> None:
    html, page = convert(fence)

    assert len(html.select('[data-cell="product"]')) == 1
    assert page.findings == ()


def test_options_of_code_blocks_are_passed_on(convert: Convert) -> None:
    html, page = convert(embed("a.py:product", 'title="A product" hl_lines="1" linenums="1"'))

    assert html.select_one(".filename").get_text() == "A product"  # type: ignore[union-attr]
    assert html.select(".hll")
    assert html.select(".linenos")
    assert page.findings == ()


@pytest.mark.parametrize(
    ("reference", "hint"),
    [
        ("a.py:prodct", "Did you mean product?"),
        ("c.py:product", "There is no c.py"),
        ("../snippets/a.py:product", "There is no ../snippets/a.py"),
        ("/etc/passwd:root", "There is no /etc/passwd"),
        ("a.py", "Write the file and the cell"),
        ("", "Write the file and the cell"),
    ],
)
def test_an_embed_of_nothing_says_what_to_do(convert: Convert, reference: str, hint: str) -> None:
    html, page = convert("Text.\n\n" + embed(reference), first_line=4)

    (finding,) = page.findings
    assert finding.line == 6
    assert hint in finding.hint
    assert html.select(".precis-finding")


UNVERIFIED = {
    "python": "```python\nx = 1\n```",
    "blank": "``` py\nx = 1\n```",
    "tildes": "~~~python3\nx = 1\n~~~",
    "session": "```pycon\n>>> 1\n1\n```",
    "attributes": "```{.python .annotate}\nx = 1\n```",
    "options": '```python title="x"\nx = 1\n```',
    "dot": '```.py linenums="1"\nx = 1\n```',
    "long": "`````python\nx = 1\n`````",
    "no language": "```\nx = 1\n```",
    "other": "```json\n{}\n```",
    "in a list": "- item\n\n    ```python\n    x = 1\n    ```",
    "in an admonition": "!!! note\n\n    ``` python\n    x = 1\n    ```",
    "in a tab": '=== "Tab"\n\n    ~~~py\n    x = 1\n    ~~~',
    "in a footnote": "A note[^1].\n\n[^1]: It is\n\n    ```python\n    x = 1\n    ```",
    "in HTML": '<div markdown="1">\n```python\nx = 1\n```\n</div>',
    "in a numbered item": "1. item\n   ```python\n   x = 1\n   ```",
    "after a tab": "- item\n\n\t```python\n\tx = 1\n\t```",
    "wide attributes": '``` {.py linenums="1" hl_lines="1"}\nx = 1\n```',
    "capitals": "```Python\nx = 1\n```",
    "malformed embed": "```snippet title=x\na.py:product\n```",
    "embed in capitals": "```Snippet\na.py:product\n```",
    "quoted": "> ```python\n> x = 1\n> ```",
    "malformed": "```python title=x\nx = 1\n```",
    "not closed": "```python\nx = 1\n",
    "indentation": "Text.\n\n    x = 1\n    y = 2\n",
    "raw HTML": "<pre><code>x = 1</code></pre>",
    "raw HTML in capitals": "<PRE>x = 1</PRE>",
    "text that is code": "```text\nx = f(1)\n```",
    "text that is a session": "```text\n>>> 1\n```",
    "text that is indented code": "```text\n    x = f(1)\n    y = x\n```",
    "text that is code and its output": "```text\nprint(f(x))\ntensor(1., grad_fn=<F>)\n```",
}


@pytest.mark.parametrize("code", UNVERIFIED.values(), ids=UNVERIFIED.keys())
@pytest.mark.parametrize("first_line", [1, 8])
def test_unverified_code_is_a_finding(convert: Convert, code: str, first_line: int) -> None:
    _, page = convert(f"# Title\n\n{code}\n", first_line)

    line = next(
        number
        for number, text in enumerate(f"# Title\n\n{code}".split("\n"), first_line)
        if any(mark in text.lower() for mark in ("```", "~~~", "<pre", "    x"))
    )
    assert page.findings[0].line == line
    assert page.findings[0].hint


@pytest.mark.parametrize(
    "fence",
    [
        "```text\nplain words, shown only\n```",
        '``` {.text data-reason="the output of a tool"}\nx = f(1)\n```',
        "Inline `<pre>` and ``` `code` ```.",
    ],
)
def test_text_that_is_only_shown_is_no_finding(convert: Convert, fence: str) -> None:
    _, page = convert(fence)

    assert page.findings == ()


@pytest.mark.parametrize("body", [r'x is "\d"', "-" * 100_000 + "1", "(" * 5000])
def test_a_text_block_that_python_cannot_parse_is_text_without_warnings(
    convert: Convert, body: str
) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        _, page = convert(f"```text\n{body}\n```")

    assert page.findings == ()
    assert caught == []


def test_a_figure_has_alternative_text_a_caption_and_folded_code(
    convert: Convert,
) -> None:
    html, page = convert(
        embed("drawn.py:figure", 'alt="A line <b>" caption="It *rises*: $x$." fold="Its code"')
    )

    (figure,) = html.select("figure")
    assert figure.svg is not None
    assert (figure.svg["role"], figure.svg["aria-label"]) == ("img", "A line <b>")
    assert figure.figcaption is not None
    assert figure.figcaption.em is not None
    assert figure.select(".arithmatex")
    (details,) = html.select("details")
    assert details.summary is not None
    assert details.summary.get_text() == "Its code"
    assert details.select('[data-cell="figure"]')
    assert page.findings == ()


@pytest.mark.parametrize(
    ("reference", "options", "message"),
    [
        ("drawn.py:figure", "", "a figure without alternative text"),
        ("a.py:product", 'alt="x"', "draws no figure"),
        ("a.py:product", 'titel="x"', "an unknown option titel"),
    ],
)
def test_wrong_options_are_findings(
    convert: Convert, reference: str, options: str, message: str
) -> None:
    _, page = convert(embed(reference, options))

    assert message in page.findings[0].message


def test_a_malformed_snippet_is_reported_in_place_of_its_cells(
    convert: Convert, project: Project
) -> None:
    project.write(snippets__broken_py="# %% a\nx = (\n")

    html, _ = convert(embed("broken.py:a"))

    assert "snippets/broken.py:2:" in html.select(".precis-finding")[0].get_text()


def test_an_output_is_below_the_last_comment_of_its_statement(
    convert: Convert, project: Project
) -> None:
    project.write(
        snippets__a_py="# %% one\nfor n in (1, 2):\n    print(n)\n    # why\n#> 1\n#> 2\n"
    )

    html, page = convert(embed("a.py:one"))

    assert page.findings == ()
    assert html.select_one("code").get_text().splitlines()[-3:] == ["    # why", "#> 1", "#> 2"]


def test_the_page_shows_only_the_output_on_the_cpu(convert: Convert) -> None:
    html, page = convert(embed("b.py:device"))

    assert [go.get_text() for go in html.select("span.go")] == ["#> cpu"]
    assert "cuda" not in html.get_text()
    assert page.findings == ()


def test_strings_are_no_outputs_and_outputs_keep_their_spaces(convert: Convert) -> None:
    html, _ = convert(embed("b.py:string"))

    assert [go.get_text() for go in html.select("span.go")] == ["#> a\tb  c"]
    assert "#> in a string" in html.get_text()


def test_markup_in_outputs_and_messages_is_escaped(convert: Convert) -> None:
    html, _ = convert(embed("b.py:script"))

    assert html.select("script") == []
    (output,) = html.select("span.go")
    assert output.get_text() == "#> </pre><script>alert(1)</script>"
    assert "- <script>alert(2)</script>" in html.select(".precis-finding")[0].get_text()


def test_ticks_in_a_cell_do_not_end_its_block(convert: Convert) -> None:
    html, page = convert(embed("b.py:ticks") + "\n\nAfter.\n")

    assert [go.get_text() for go in html.select("div.highlight span.go")] == ["#> ```"]
    assert html.select("p:not(.precis-verified)")[-1].get_text() == "After."
    assert page.findings == ()


@pytest.mark.parametrize(
    ("before", "prefix", "around"),
    [
        ("- item\n", "    ", "li"),
        ('=== "Tab"\n', "    ", ".tabbed-block"),
        ("??? note\n", "    ", "details"),
        ("", "> ", "blockquote"),
    ],
    ids=["list", "tab", "details", "quote"],
)
def test_the_box_of_a_mismatch_is_beside_its_block(
    convert: Convert, before: str, prefix: str, around: str
) -> None:
    fence = "\n".join(prefix + line for line in embed("a.py:wrong").split("\n"))

    html, _ = convert(f"{before}\n{fence}\n")

    assert html.select(f'{around} [data-cell="wrong"]')
    (box,) = html.select(f"{around} .precis-finding")
    assert "- 0.0899" in box.get_text()


@pytest.mark.parametrize(
    "before",
    ["A note[^1].\n\n[^1]: It is\n\n", "Term\n:   Definition\n\n"],
    ids=["footnote", "definition"],
)
def test_an_embed_may_be_in_footnotes_and_definitions(convert: Convert, before: str) -> None:
    fence = "\n".join("    " + line for line in embed("a.py:product").split("\n"))

    html, page = convert(before + fence + "\n")

    assert len(html.select('[data-cell="product"]')) == 1
    assert page.findings == ()


@pytest.mark.parametrize("title", ['A "product"', "A 'product'", "a < b & c", "{x}", "Un « œuf »"])
def test_a_title_may_have_any_character(convert: Convert, title: str) -> None:
    quote = "'" if '"' in title else '"'

    html, page = convert(embed("a.py:product", f"title={quote}{title}{quote}"))

    (filename,) = html.select(".filename")
    assert filename.get_text() == title
    assert page.findings == ()


def test_a_fence_shown_inside_a_text_fence_is_text(convert: Convert) -> None:
    html, page = convert("````text\n" + embed("a.py:product") + "\n````")

    assert html.select("[data-cell]") == []
    assert "a.py:product" in html.get_text()
    assert page.findings == ()


INDENTED = {
    "twice": "Text.\n\nx = 1\n\nText.\n\n    x = 1\n",
    "in a list": "- item\n\n        x = 1\n",
    "in an admonition": "!!! note\n\n    Text.\n\n        x = 1\n",
    "quoted": "> Text.\n>\n>     x = 1\n",
}


@pytest.mark.parametrize("text", INDENTED.values(), ids=INDENTED.keys())
def test_indented_code_is_reported_at_its_line(convert: Convert, text: str) -> None:
    _, page = convert(text)

    (finding,) = page.findings
    assert finding.line == len(text.splitlines())


def test_indented_code_shows_its_finding_in_a_box(convert: Convert) -> None:
    html, page = convert("Text.\n\n    <b>x</b> = 1\n")

    (box,) = html.select(".precis-finding")
    assert page.findings[0].message in box.get_text()
    assert html.select("b") == []


@pytest.mark.parametrize(
    "extensions",
    [
        ["precis"],
        ["fenced_code", "precis"],
        ["precis", "pymdownx.superfences"],
        ["pymdownx.superfences", "extra", "precis"],
        ["pymdownx.extra", "precis"],
    ],
)
def test_missing_extensions_are_added(project: Project, extensions: list[str]) -> None:
    project.write(**SNIPPETS)

    html = markdown.markdown("```snippet title='T'\na.py:product\n```\n", extensions=extensions)

    assert 'data-source="a.py" data-cell="product"' in html
    assert '<span class="go">' in html
    assert "precis-finding" not in html


def test_an_extension_that_replaces_superfences_later_is_reported(project: Project) -> None:
    project.write(**SNIPPETS)

    with pytest.raises(ValueError, match=r"list precis after .*fenced_code"):
        markdown.markdown("Text.", extensions=["precis", "fenced_code"])
