"""Find the fences of a page with the parser that renders it, and judge each.

Every fence is an embed (`snippet`), or shown only (`text`), or a finding; so is
whatever looks like code and is no fence.
"""

from __future__ import annotations

import ast
import re
import textwrap
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

from markdown import Markdown
from markdown.htmlparser import HTMLExtractor
from markdown.util import HTML_PLACEHOLDER_RE, HtmlStash
from pymdownx.superfences import SuperFencesBlockPreprocessor, SuperFencesCodeExtension

EMBED = "snippet"
SHOWN_ONLY = "text"

_FENCE_LIKE = re.compile(r"[> \t]*(`{3,}|~{3,})")
_RAW_CODE = re.compile(r"<(pre|code|samp|kbd)\b", re.I)
_INLINE_CODE = re.compile(r"(?<!`)(`++).+?(?<!`)\1(?!`)")
_CODE_NODES = (
    ast.Assign, ast.AugAssign, ast.Call, ast.ClassDef, ast.For, ast.FunctionDef, ast.Import,
    ast.ImportFrom, ast.While, ast.With,
)  # fmt: skip


@dataclass(frozen=True)
class Fence:
    """A fenced block of a page."""

    line: int
    """Its first line in the file, counted from 1."""

    end: int
    """Its last line."""

    prefix: str
    """What stands before each of its lines: indentation, `>`."""

    language: str
    options: dict[str, str] = field(hash=False)
    body: str
    in_comment: bool = False
    """Whether it stands between `<!--` and `-->`, where readers do not see it."""

    @property
    def embeds(self) -> bool:
        """Whether readers see a cell in its place."""
        return self.language == EMBED and not self.in_comment


def embeds(fences: Iterable[Fence]) -> list[str]:
    """What these fences embed: `file:cell` each."""
    return [fence.body.strip() for fence in fences if fence.embeds]


class Finder(SuperFencesBlockPreprocessor):  # type: ignore[misc]
    """Superfences itself, made to say where the fences are instead of rendering them."""

    def __init__(self, md: Markdown) -> None:
        super().__init__(md)
        renderer: Any = md.preprocessors["fenced_code_block"]
        self.config = renderer.config
        self.extension = renderer.extension
        self.stack: list[object] = []
        self._found: list[Fence] = []
        self._first_line = 1

    def fences(self, lines: list[str], first_line: int = 1) -> list[Fence]:
        """The fences among these lines, the first of which is `first_line` of the file."""
        self.get_hl_settings()
        self.clear()
        self._found, self._first_line = [], first_line
        self.search_nested(lines)
        inside = _in_comments(self.md, lines, self._found, first_line)
        return [replace(fence, in_comment=fence.line in inside) for fence in self._found]

    def process_nested_block(self, ws: str, content: str, start: int, end: int) -> None:
        """Called by superfences where a fence ends: lines `start` to `end` (exclusive)."""
        self._found.append(
            Fence(
                self._first_line + start,
                self._first_line + end - 1,
                self.ws,
                self.lang or "",
                {key: str(value) for key, value in {**self.attrs, **self.options}.items()},
                self.rebuild_block(self.code),
            )
        )
        self.clear()


def let_embeds_have_options(md: Markdown) -> None:
    """Make superfences take `snippet` fences with whatever options; `embed` judges them."""
    for extension in md.registeredExtensions:
        if isinstance(extension, SuperFencesCodeExtension):
            extension.extend_super_fences(EMBED, None, _any_option, None)
            return
    raise ValueError("precis needs pymdownx.superfences, listed before it")


def _any_option(
    language: str,
    inputs: dict[str, str],
    options: dict[str, str],
    attrs: dict[str, str],
    md: Markdown,
) -> bool:
    options.update(inputs)
    return True


def refusal(fence: Fence) -> tuple[str, str] | None:
    """Why a fence may not stand in a page, and what to do; None for those that may."""
    if fence.embeds:
        return None
    if fence.language == EMBED:
        return (
            "an embed in a comment, which nobody sees",
            "Take it out of <!-- and -->, or delete it.",
        )
    if fence.language != SHOWN_ONLY:
        name = f"{fence.language} fence" if fence.language else "fence without a language"
        return (
            f"a {name}, which nothing verifies",
            "Python: move the code to snippets/ and embed its cell (```snippet). "
            "What is not meant to run: mark it text.",
        )
    if _looks_like_code(fence.body) and not fence.options.get("data-reason"):
        return (
            "a text fence that looks like code, without a reason",
            'Move the code to snippets/, or say why it is not run: ``` {.text data-reason="…"}',
        )
    return None


def strays(
    lines: list[str], fences: list[Fence], first_line: int = 1
) -> list[tuple[int, str, str]]:
    """What looks like code and is no fence: line, what, hint."""
    inside = {n for fence in fences for n in range(fence.line, fence.end + 1)}
    found = []
    for number, line in enumerate(lines, first_line):
        if number in inside:
            continue
        if _FENCE_LIKE.match(line):
            found.append(
                (
                    number,
                    "a fence that the renderer does not take",
                    'Check its options (quoted: title="…"), its end and its indentation.',
                )
            )
        elif raw := _RAW_CODE.search(_INLINE_CODE.sub("", line)):
            found.append(
                (number, f"raw HTML code (<{raw[1]}>), which nothing verifies", "Use a fence.")
            )
    return found


def _in_comments(md: Markdown, lines: list[str], fences: list[Fence], first_line: int) -> set[int]:
    """Return the first lines of the fences that stand in HTML comments.

    Superfences knows no comments and puts a placeholder into them. Not each of them is one for
    Python-Markdown, which ends the text of a list's item or a paragraph at a blank line, and shows
    the `<!--`: but none was meant to be shown.
    """
    if not any("<!--" in line for line in lines):
        return set()
    starts = {fence.line: fence for fence in fences}
    outside = []
    skip = 0
    for number, line in enumerate(lines, first_line):
        if number in starts:
            skip = starts[number].end
            outside.append(f"\x02{number}\x03")
        elif number > skip:
            outside.append(line)
    stash = HtmlStash()
    reader: Any = HTMLExtractor(
        SimpleNamespace(htmlStash=stash, is_block_level=md.is_block_level)  # type: ignore[arg-type]
    )
    reader.feed("\n".join([*outside, ""]))
    reader.close()
    paragraphs = _PARAGRAPH_END.split("".join(reader.cleandoc))
    text = HTML_PLACEHOLDER_RE.sub(
        lambda block: str(stash.rawHtmlBlocks[int(block[1])]),  # in which ticks are no code
        "".join(map(_without_marks_in_code, paragraphs)),
    )
    inside: set[int] = set()
    end = 0
    while (start := text.find("<!--", end)) >= 0:
        closed = _COMMENT_END.search(text, start + 4)
        end = closed.end() if closed else len(text)  # as in a browser
        inside.update(map(int, _PLACEHOLDER.findall(text, start, end)))
    return inside


def _without_marks_in_code(paragraph: str) -> str:
    """Return a paragraph without the marks that its inline code shows.

    Where ticks are left over, which of them belong together depends on the blocks that they are
    in: there each mark counts.
    """
    if "`" in _INLINE_CODE.sub("", paragraph):
        return paragraph
    return _INLINE_CODE.sub(
        lambda code: _COMMENT_END.sub("", code[0].replace("<!--", "")), paragraph
    )


_PARAGRAPH_END = re.compile(r"(\n[> \t]*(?=\n))")
_COMMENT_END = re.compile("--!?>")
_PLACEHOLDER = re.compile("\x02([0-9]+)\x03")


def _looks_like_code(body: str) -> bool:
    texts = [textwrap.dedent(body), *(line.strip() for line in body.splitlines())]
    return ">>> " in body or any(map(_is_code, texts))


def _is_code(text: str) -> bool:
    try:
        with warnings.catch_warnings(action="ignore"):  # Python's, of a text that is not meant
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(isinstance(node, _CODE_NODES) for node in ast.walk(tree))
