"""An embed in an HTML comment is invisible, so it is a finding and shows no cell."""

from __future__ import annotations

import markdown
import pytest
from bs4 import BeautifulSoup, Comment
from hypothesis import given, settings
from hypothesis import strategies as st
from project import PLAIN, Project
from test_extension import CONFIGS, EXTENSIONS, Convert, convert, embed

from precis.text.fences import FenceFinder, register_snippet_fence

__all__ = ["convert"]

ONE = embed("a.py:product")
LISTED = ONE.replace("\n", "\n    ")

HIDDEN = {
    "on lines of its own": f"<!--\n\n{ONE}\n\n-->",
    "without blank lines": f"<!--\n{ONE}\n-->",
    "indented": f"   <!--\n{ONE}\n   -->",
    "after words": f"Some words <!--\n{ONE}\n--> and more.",
    "with words": f"<!-- not yet:\n{ONE}\nsoon -->",
    "after another comment": f"<!-- one --><!--\n{ONE}\n-->",
    "after a comment that ends on its line": f"<!-- one\n--> words <!--\n{ONE}\n-->",
    "after its mark in code": f"The mark `<!--` starts one.\n\n<!--\n{ONE}\n-->",
    "with a mark in code": f"<!-- `-->`\n\n<!--\n\n{ONE}\n\n-->",
    "in an element": f"<div>\n<!--\n{ONE}\n-->\n</div>",
    "in an element of Markdown": f'<div markdown="1">\n\n<!--\n\n{ONE}\n\n-->\n\n</div>',
    "in a list, at the margin": f"- item\n\n<!--\n\n    {LISTED}\n\n-->\n\n- item",
    "in an item": f"- item <!--\n    {LISTED}\n    -->",
    "in a quotation": "> <!--\n> " + ONE.replace("\n", "\n> ") + "\n> -->",
    "in an admonition": f"!!! note\n    <!--\n    {LISTED}\n    -->",
    "closed as browsers allow": f"<!--\n{ONE}\n--!>",
    "with an end in code, in a quotation": f"> <!--\n`-->`\n{ONE}\n-->",
    "in raw HTML, where ticks are no code": f"<div>\n`<!--`\n{ONE}\n-->\n</div>",
    "with a tick left over": f"A `\n`<!--`\n{ONE}\n-->",
    "with an end in code over lines": f"> <!--\n`\n-->\n`\n{ONE}\n-->",
    "two of them": f"<!--\n{ONE}\n\n{ONE}\n-->",
}

UNRECOGNISED = {
    "an item that goes on": f"- item\n\n    <!--\n\n    {LISTED}\n\n    -->",
    "a mark that nothing ends": f"Words <!-- and\n\n{ONE}",
    "one in HTML, which hides the rest in a browser": f"<div>\n<!--\n{ONE}",
    "a paragraph that ends": f"Some words <!--\n\n{ONE}\n\n--> and more.",
}
"""Comments that Python-Markdown, or Python's HTML parser, does not recognise."""

VISIBLE = {
    "below a comment": f"<!-- words -->\n\n{ONE}",
    "below a long comment": f"<!--\nwords\n-->\n{ONE}",
    "between two": f"<!-- a -->\n{ONE}\n<!-- b -->",
    "below the mark in a text block": f"```text\n<!--\n```\n\n{ONE}\n\n```text\n-->\n```",
    "below the mark in code": f"The mark `<!--` starts one.\n\n{ONE}\n\nAnd `-->` ends it.",
    "with marks in its options": embed("a.py:product", 'title="<!--"') + f"\n\n{ONE}\n\n-->",
    "after an arrow": f"a --> b\n\n{ONE}\n\nc --> d",
}


def in_browser_comments(text: str) -> list[bool]:
    """Return, for each fence, whether a browser finds it in a comment of the page."""
    number = 0
    lines = text.split("\n")
    for n, line in enumerate(lines):
        if "a.py:product" in line:
            number += 1
            lines[n] = line.replace("a.py:product", f"MARK{number}.")
    renderer = markdown.Markdown(extensions=EXTENSIONS, extension_configs=CONFIGS)
    soup = BeautifulSoup(renderer.convert("\n".join(lines)), "html.parser")
    comments = "\n".join(soup.find_all(string=lambda s: isinstance(s, Comment)))
    return [f"MARK{n}." in comments for n in range(1, number + 1)]


def in_comments(text: str) -> list[bool]:
    """Return, for each fence, whether we find it in a comment."""
    renderer = markdown.Markdown(extensions=EXTENSIONS, extension_configs=CONFIGS)
    register_snippet_fence(renderer)
    fences = FenceFinder(renderer).find(text.split("\n"))
    return [fence.in_comment for fence in fences if fence.language == "snippet"]


@pytest.mark.parametrize("text", HIDDEN.values(), ids=HIDDEN.keys())
def test_an_embed_in_a_comment_is_refused(convert: Convert, text: str) -> None:
    assert all(in_browser_comments(text))

    html, page = convert(f"# T\n\n{text}\n")

    assert {f.message for f in page.findings} == {"an embed in a comment, which nobody sees"}
    first = f"# T\n\n{text}\n".split("```snippet")[0].count("\n") + 1
    assert page.findings[0].line == first
    assert "Move it out" in page.findings[0].hint
    assert html.select(".precis-finding"), "the box is in the comment too"
    assert not any(fence.is_embed for fence in page.source.fences)


@pytest.mark.parametrize("text", UNRECOGNISED.values(), ids=UNRECOGNISED.keys())
def test_an_embed_in_an_unrecognised_comment_is_refused(convert: Convert, text: str) -> None:
    assert not any(in_browser_comments(text))

    _, page = convert(text)

    assert [f.message for f in page.findings] == ["an embed in a comment, which nobody sees"]


@pytest.mark.parametrize("text", VISIBLE.values(), ids=VISIBLE.keys())
def test_an_embed_beside_a_comment_is_shown(convert: Convert, text: str) -> None:
    assert not any(in_browser_comments(text))

    html, page = convert(text)

    assert page.findings == ()
    assert html.select("[data-cell=product]")


LINES = [
    "<!--", "-->", "<!-- a -->", "", "", "a", "`<!--`", "`", "``", "a <!-- b", "b --> c",
    "- i", "    - j", "    <!--", "    -->", "  -->", "> <!--", "> -->", "<div>", "</div>", "--!>",
    "<b>", "</b>", '<div markdown="1">', "!!! note", "???", "*", "a --- b",
]  # fmt: skip
FENCES = [ONE, "    " + LISTED, "> " + ONE.replace("\n", "\n> "), "```text\n<!--\n```"]


@given(st.lists(st.sampled_from(LINES + FENCES), max_size=10).map("\n".join))
@settings(deadline=None, max_examples=300)
def test_no_embed_that_browsers_hide_is_missed(text: str) -> None:
    if text.count("```snippet") != len(in_comments(text)):
        return  # a fence that superfences does not take is a finding of its own

    for ours, theirs in zip(in_comments(text), in_browser_comments(text), strict=True):
        assert ours or not theirs


def test_a_cell_that_only_a_comment_embeds_is_not_shown(project: Project) -> None:
    project.write(
        mkdocs_yml=PLAIN,
        snippets__a_py="# %% one\nprint(1)\n#> 1\n\n# %% two\nprint(2)\n#> 2\n",
        docs__index_md="# Home\n",
        docs__a_md="# T\n\n```snippet\na.py:one\n```\n\n<!--\n\n```snippet\na.py:two\n```\n\n-->\n",
    )

    built = project.run("mkdocs", "build")

    assert built.returncode == 1
    assert "docs/a.md:9:1: an embed in a comment, which nobody sees" in built.stderr
    assert "snippets/a.py:5:1: the cell two is not shown in docs/a.md" in built.stderr
    assert "2 errors" in built.stderr
