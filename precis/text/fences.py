"""Find the fences of a page with the parser that renders it, and refuse unverified code.

A fence is an embed (`snippet`), a block that is only shown (`text`), or a finding. Anything else
that looks like code is a finding too.
"""

from __future__ import annotations

import ast
import re
import textwrap
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

from markdown import Markdown
from markdown.htmlparser import HTMLExtractor
from markdown.util import HTML_PLACEHOLDER_RE, HtmlStash
from pymdownx.superfences import SuperFencesBlockPreprocessor, SuperFencesCodeExtension

from precis.text.patterns import CODE_SPAN

EMBED = "snippet"
SHOWN_ONLY = "text"

_FENCE_LIKE = re.compile(r"[> \t]*(`{3,}|~{3,})")
_RAW_CODE = re.compile(r"<(pre|code|samp|kbd)\b", re.I)
_INLINE_CODE = re.compile(CODE_SPAN, re.S)
_CODE_NODES = (
    ast.Assign, ast.AugAssign, ast.Call, ast.ClassDef, ast.For, ast.FunctionDef, ast.Import,
    ast.ImportFrom, ast.While, ast.With,
)  # fmt: skip


@dataclass(frozen=True)
class Fence:
    """A fenced block of a page."""

    line: int
    """The first line in the file, counted from 1."""

    end: int
    """The last line in the file."""

    prefix: str
    """The indentation and the `>` before each line."""

    language: str
    options: dict[str, str] = field(hash=False)
    body: str
    in_comment: bool = False
    """Whether the fence is inside `<!--` and `-->`, invisible to readers."""

    @property
    def is_embed(self) -> bool:
        """Whether a cell replaces the fence on the page."""
        return self.language == EMBED and not self.in_comment


def embed_names(fences: Iterable[Fence]) -> list[str]:
    """Return the `file:cell` of each embed."""
    return [fence.body.strip() for fence in fences if fence.is_embed]


def make_fence(info: str, lines: Sequence[str]) -> list[str]:
    """Return some lines as a fence, with more ticks than they contain."""
    longest = max(map(len, re.findall("`+", "\n".join(lines))), default=0)
    ticks = "`" * max(3, longest + 1)
    return [f"{ticks}{info}", *lines, ticks]


class FenceFinder(SuperFencesBlockPreprocessor):  # type: ignore[misc]
    """The parser of superfences, collecting fences instead of rendering them."""

    def __init__(self, md: Markdown) -> None:
        super().__init__(md)
        renderer: Any = md.preprocessors["fenced_code_block"]
        self.config = renderer.config
        self.extension = renderer.extension
        self.stack: list[object] = []
        self._fences: list[Fence] = []
        self._first_line = 1

    def find(self, lines: list[str], first_line: int = 1) -> list[Fence]:
        """Return the fences in these lines; the first line has number `first_line` in the file."""
        self.get_hl_settings()
        self.clear()
        self._fences, self._first_line = [], first_line
        self.search_nested(lines)
        commented = _lines_in_comments(self.md, lines, self._fences, first_line)
        return [replace(fence, in_comment=fence.line in commented) for fence in self._fences]

    def process_nested_block(self, ws: str, content: str, start: int, end: int) -> None:
        """Collect a fence. Superfences calls this at its end, with lines `start` to `end` - 1."""
        self._fences.append(
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


def register_snippet_fence(md: Markdown) -> None:
    """Make superfences accept `snippet` fences with any options; they are checked later."""
    for extension in md.registeredExtensions:
        if isinstance(extension, SuperFencesCodeExtension):
            extension.extend_super_fences(EMBED, None, _accept_options, None)
            return
    raise ValueError("precis needs pymdownx.superfences, listed before it")


def _accept_options(
    language: str,
    inputs: dict[str, str],
    options: dict[str, str],
    attrs: dict[str, str],
    md: Markdown,
) -> bool:
    options.update(inputs)
    return True


def why_refused(fence: Fence) -> tuple[str, str] | None:
    """Return why a fence is an error, and a hint; None if it is allowed."""
    if fence.is_embed:
        return None
    if fence.language == EMBED:
        return (
            "an embed in a comment, which nobody sees",
            "Move it out of <!-- and -->, or delete it.",
        )
    if fence.language != SHOWN_ONLY:
        name = f"{fence.language} fence" if fence.language else "fence without a language"
        return (
            f"a {name}, which nothing verifies",
            "Python: move the code to snippets/ and embed its cell (```snippet). "
            "Text that is not meant to run: mark it text.",
        )
    if _looks_like_code(fence.body) and not fence.options.get("data-reason"):
        return (
            "a text fence that looks like code, without a reason",
            'Move the code to snippets/, or give the reason: ``` {.text data-reason="…"}',
        )
    return None


def find_unfenced_code(
    lines: list[str], fences: list[Fence], first_line: int = 1
) -> Iterator[tuple[int, str, str]]:
    """Yield the line, the error and a hint for code outside fences."""
    fenced = {n for fence in fences for n in range(fence.line, fence.end + 1)}
    for number, line in enumerate(lines, first_line):
        if number in fenced:
            continue
        if _FENCE_LIKE.match(line):
            hint = 'Check its options (quoted: title="…"), its end and its indentation.'
            yield number, "a fence that the renderer does not take", hint
        elif raw := _RAW_CODE.search(_INLINE_CODE.sub("", line)):
            message = f"raw HTML code (<{raw[1]}>), which nothing verifies"
            yield number, message, "Use a fence."


def _lines_in_comments(
    md: Markdown, lines: list[str], fences: list[Fence], first_line: int
) -> set[int]:
    """Return the first lines of the fences inside HTML comments.

    Superfences ignores comments and replaces the fences in them too. Python-Markdown ends some
    comments at a blank line and shows their `<!--`; their fences count as commented as well, since
    the author meant to hide them.
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
        lambda block: str(stash.rawHtmlBlocks[int(block[1])]),  # ticks mean no code in HTML
        "".join(map(_without_comment_marks_in_code, paragraphs)),
    )
    commented: set[int] = set()
    end = 0
    while (start := text.find("<!--", end)) >= 0:
        closed = _COMMENT_END.search(text, start + 4)
        end = closed.end() if closed else len(text)  # as in a browser
        commented.update(map(int, _PLACEHOLDER.findall(text, start, end)))
    return commented


def _without_comment_marks_in_code(paragraph: str) -> str:
    """Return a paragraph without the `<!--` and `-->` in its inline code.

    With an unpaired tick, the pairs depend on the blocks around them: every mark then counts.
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
        with warnings.catch_warnings(action="ignore"):  # the text need not be Python
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(isinstance(node, _CODE_NODES) for node in ast.walk(tree))
