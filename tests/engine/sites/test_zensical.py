"""The extension under Zensical, whose part is played by its one extension that matters here."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from markdown import Markdown
from markdown.extensions import Extension
from markdown.preprocessors import Preprocessor
from project import Project, site_in

from precis.base.finding import Malformed
from precis.sites import zensical
from precis.sites.styles import ADDRESS, STYLES

EMBED = "```snippet\na.py:sum\n```\n"


class Context(Extension):
    """What Zensical puts into each Markdown: the page, and the configuration."""

    def __init__(self, project: Project, path: str) -> None:
        super().__init__()
        self.project, self.path = project, path

    def extendMarkdown(self, md: Markdown) -> None:
        class Rendering(Preprocessor):
            page = SimpleNamespace(path=self.path)
            config = {"root_dir": str(self.project.folder), "docs_dir": "docs"}  # noqa: RUF012

            def run(self, lines: list[str]) -> list[str]:
                return lines

        md.preprocessors.register(Rendering(md), "rendering_context", 0)


def render(project: Project, path: str) -> str:
    """Render a page as Zensical does: without its front matter, with a Markdown of its own."""
    extensions = ["attr_list", "pymdownx.superfences", "precis.zensical"]
    checks = {"precis.zensical": {"checks": "required"}}
    text = project.read(f"docs/{path}").split("---\n")[-1]
    md = Markdown(extensions=[Context(project, path), *extensions], extension_configs=checks)
    return md.convert(text)


@pytest.fixture
def book(project: Project) -> Project:
    return project.write(
        snippets__a_py="""
            # %% sum
            print(1 + 1)
            #> 2
        """,
        docs__a_md="""
            ---
            title: Sums
            ---
            # Sums

            ```snippet
            a.py:sum
            ```
        """,
    )


def test_a_page_has_its_cells_with_what_they_printed(book: Project) -> None:
    html = render(book, "a.md")

    assert 'data-source="a.py" data-cell="sum"' in html
    assert '<span class="go">#&gt; 2</span>' in html


def test_a_wrong_value_of_any_snippet_is_an_error(book: Project) -> None:
    book.write(
        snippets__b_py="""
            # %% product
            print(2 * 3)
            #> 7
        """
    )

    with pytest.raises(Malformed, match=r"^snippets/b\.py:2:1: printed something else"):
        render(book, "a.md")


def test_what_a_page_has_wrong_is_an_error_at_the_line_of_its_file(book: Project) -> None:
    book.write(docs__a_md=book.read("docs/a.md") + "\n```python\n1 + 1\n```\n")

    with pytest.raises(Malformed, match=r"^docs/a\.md:10:1: a python fence"):
        render(book, "a.md")


def test_the_blocks_are_whole_without_the_extensions_that_make_them(book: Project) -> None:
    extensions = ["precis.zensical"]

    html = Markdown(extensions=[Context(book, "a.md"), *extensions]).convert(EMBED)

    assert 'data-source="a.py" data-cell="sum"' in html


def test_blocks_that_do_not_name_their_cells_are_an_error(book: Project) -> None:
    extensions = ["precis.zensical", "pymdownx.highlight"]
    plain = {"pymdownx.highlight": {"use_pygments": False}}
    md = Markdown(extensions=[Context(book, "a.md"), *extensions], extension_configs=plain)

    with pytest.raises(Malformed, match=r"the block of a\.py:sum is no <div"):
        md.convert(EMBED)


def test_outside_of_zensical_the_extension_says_what_to_list_instead(book: Project) -> None:
    with pytest.raises(ValueError, match="list precis instead"):
        Markdown(extensions=["precis.zensical"]).convert(EMBED)


def test_pages_are_in_the_languages_of_the_configuration(book: Project) -> None:
    page = "---\ntitle: A\n---\n## A {#a}\n\nIt is 1.5 ?\n"
    book.write(mkdocs_yml=site_in("fr", "en"), docs__fr__b_md=page, docs__ai__b_md=EMBED)

    render(book, "ai/b.md")
    with pytest.raises(Malformed, match=r"there is no docs/en/b\.md"):
        render(book, "fr/b.md")


def test_what_zensical_lacks_is_said_once_in_a_sentence(
    book: Project, capfd: pytest.CaptureFixture[str]
) -> None:
    zensical._say.cache_clear()

    render(book, "a.md")
    render(book, "a.md")

    assert capfd.readouterr().err.splitlines() == [
        "precis: list assets/precis/cells.css under extra_css, "
        "after: python -m precis.sites.styles docs",
        "precis: Zensical cannot check whether pages show all cells; MkDocs can",
    ]


def test_the_style_sheet_is_copied_where_zensical_finds_it(book: Project) -> None:
    copied = book.start("precis.sites.styles", "docs")

    assert copied.returncode == 0, copied.stderr
    assert book.read(f"docs/{ADDRESS}") == STYLES.read_text(encoding="utf-8")
