"""A chapter shows all cells of its snippet once and in order."""

from __future__ import annotations

from project import Project

from precis.page.completeness import find_holes, summarize_pages
from precis.page.page import Page
from precis.text.fences import Fence
from precis.text.prose import PageText

SNIPPET = "# %% one\nprint(1)\n#> 1\n\n# %% two\nprint(2)\n#> 2\n"


def page(path: str, *references: str) -> Page:
    fences = (
        Fence(3 * n + 1, 3 * n + 3, "", "snippet", {}, reference)
        for n, reference in enumerate(references)
    )
    return Page(PageText(path, fences=tuple(fences)))


def holes(project: Project, *pages: Page) -> list[str]:
    book = project.write(snippets__a_py=SNIPPET).book()
    return [str(finding).split("\n")[0] for finding in find_holes(book, pages)]


def test_a_complete_chapter_has_no_holes(project: Project) -> None:
    whole = ["a.py:one", "a.py:two"]

    assert holes(project, page("docs/fr/a.md", *whole), page("docs/en/a.md", *whole)) == []


def test_a_cell_missing_from_a_page_is_reported_with_the_page(project: Project) -> None:
    pages = page("docs/fr/a.md", "a.py:one", "a.py:two"), page("docs/en/a.md", "a.py:one")

    assert holes(project, *pages) == [
        "snippets/a.py:5:1: the cell two is not shown in docs/en/a.md"
    ]


def test_a_snippet_on_no_page_is_reported(project: Project) -> None:
    assert len(holes(project, page("docs/fr/b.md"))) == 2


def test_a_cell_shown_twice_or_out_of_order_is_reported(project: Project) -> None:
    twice = page("docs/fr/a.md", "a.py:one", "a.py:one", "a.py:two")
    late = page("docs/en/a.md", "a.py:two", "a.py:one")

    assert holes(project, twice, late) == [
        "docs/fr/a.md:4:1: the cell one is shown a second time",
        "docs/en/a.md:4:1: the cell one is shown after two, and runs before it",
    ]


def test_another_chapter_may_quote_a_cell(project: Project) -> None:
    pages = page("docs/fr/a.md", "a.py:one", "a.py:two"), page("docs/fr/index.md", "a.py:two")

    assert holes(project, *pages) == []


def test_the_summary_counts_outputs_and_blocks_that_are_only_shown(project: Project) -> None:
    book = project.write(snippets__a_py=SNIPPET.replace("#> 2", "#> 3")).book()
    fence = Fence(1, 3, "", "text", {}, "words")
    shown = Page(PageText("docs/fr/a.md", fences=(fence,)))

    assert summarize_pages(book, [shown]) == "2 outputs: 1 verified on cpu; 1 block shown only"
