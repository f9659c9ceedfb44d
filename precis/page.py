"""Find the fences of a page with the parser that renders it, and judge each.

Every fence is an embed (`snippet`), or shown only (`text`), or a finding; so is
whatever looks like code and is no fence.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from markdown import Markdown
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


def embeds(fences: Iterable[Fence]) -> list[str]:
    """What these fences embed: `file:cell` each."""
    return [fence.body.strip() for fence in fences if fence.language == EMBED]


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
        return self._found

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
    if fence.language == EMBED:
        return None
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


def _looks_like_code(body: str) -> bool:
    texts = [textwrap.dedent(body), *(line.strip() for line in body.splitlines())]
    return ">>> " in body or any(map(_is_code, texts))


def _is_code(text: str) -> bool:
    try:
        return any(isinstance(node, _CODE_NODES) for node in ast.walk(ast.parse(text)))
    except (SyntaxError, ValueError):
        return False
