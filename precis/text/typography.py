"""Check French and English typography, and insert French no-break spaces.

The Markdown extension keeps no-break spaces in tables of contents, where Python-Markdown's toc
replaces them by plain spaces.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as etree
from collections.abc import Iterator
from typing import Any, NamedTuple

from markdown import Markdown
from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor

from precis.base.characters import split_lines
from precis.base.finding import Finding
from precis.text.prose import PageText


class Rule(NamedTuple):
    """A pattern that is an error in a language."""

    pattern: re.Pattern[str]
    message: str
    hint: str


def _rule(pattern: str, message: str, hint: str) -> Rule:
    return Rule(re.compile(pattern), message, hint)


_EVERYWHERE = (
    _rule(r'"', "a straight quotation mark", "French: « »; English: “ ”."),
    _rule(r"(?<=\w)'|'(?=\w)", "a straight apostrophe", "Write ’."),
    _rule(r"\.\.\.", "three full stops", "Write …."),
    _rule(
        r"(?<![\w.,/#-])(?<!\bISO )(?<!\bRFC )(?![01]+\b)\d{5,}(?![\w/])",
        "a number without thousands",
        "Separate them.",
    ),
    _rule(r"(?<=\S)  +(?=\S)", "two blanks", "Write one."),
)

_RULES = {
    "fr": (
        _rule(r"(?<![\u00a0\u202f!?;(\[])[;!?](?=[\s*»)\ufffc]|$)",
              "no no-break space before ; ! or ?", "Put U+202F there."),
        _rule(r"(?<![\u00a0\u202f:\d]):(?=[\s*\ufffc]|$)",
              "no no-break space before :", "Put U+00A0 there."),
        _rule(r"«(?![\u00a0\u202f])|(?<![\u00a0\u202f])»", "no no-break space inside « »",
              "Put U+202F there."),
        _rule(r"(?<=\d)(?: |)%", "no no-break space before %", "Put U+202F there."),
        _rule(r"[“”]", "English quotation marks", "Write « »."),
        _rule(r"(?:^|[.!?…]\s+|«[\u00a0\u202f])[*\[]*A(?=\s+[a-zà-ÿ])",
              "A for À", "Capitals have accents."),
    ),
    "en": (
        _rule(r"(?<=[\w\ufffc*)\]])[ \u00a0\u202f][,;:!?](?!\w)", "a blank before punctuation",
              "Remove it."),
        _rule(r"[«»]", "French quotation marks", "Write “ ”."),
    ),
}  # fmt: skip


_UNBROKEN = (
    (re.compile(r" (?=[;!?](?:[\s*»)\ufffc]|$))|(?<=«) | (?=»)|(?<=\d) (?=%)"), "\u202f"),
    (re.compile(r" (?=:(?:[\s*\ufffc]|$))|(?<=\d) (?=[kKMGT]i?o\b)"), "\u00a0"),
    (re.compile(r"(?<![\d,])\d{1,3}(?: \d{3})+(?!\d)"), "\u202f"),
)
"""Where French needs a no-break space instead of plain ones, and which one."""


def insert_no_break_spaces(text: str, page: PageText) -> str:
    """Return the text of a page's file; if French, with no-break spaces where they belong."""
    if page.language != "fr":
        return text
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    lines, ends = split_lines(text.removeprefix(mark))
    for block in page.blocks:
        for pattern, space in _UNBROKEN:
            for match in pattern.finditer(block.plain):
                for blank in re.finditer(" ", match[0]):
                    line, column = block.position(match.start() + blank.start())
                    before = lines[line - 1]
                    if before[column - 1 : column] == " ":
                        lines[line - 1] = before[: column - 1] + space + before[column:]
    return mark + "".join(line + end for line, end in zip(lines, ends, strict=True))


def check_typography(page: PageText) -> Iterator[Finding]:
    """Yield the errors of a page against the typography of its language."""
    if page.language not in _RULES:
        return
    rules = (*_EVERYWHERE, *_RULES[page.language])
    for block in page.blocks:
        for rule in rules:
            for match in rule.pattern.finditer(block.plain):
                start = block.text.rfind(" ", 0, max(0, match.start() - 12)) + 1
                end = block.text.find(" ", match.end())
                context = block.text[start : None if end < 0 else end].strip()
                position = block.position(match.end() - 1)
                yield Finding(page.path, *position, f"{rule.message}: {context!r}", rule.hint)


class TypographyExtension(Extension):
    """`markdown_extensions: [precis.typography]`, with toc."""

    def extendMarkdown(self, md: Markdown) -> None:
        """Register after toc (5), which collects the headings."""
        md.treeprocessors.register(_TocSpaces(md), "precis-typography", 4)


class _TocSpaces(Treeprocessor):
    def run(self, root: etree.Element) -> None:
        for heading in _flatten(getattr(self.md, "toc_tokens", [])):
            heading["name"] = re.sub(r"<[^>]*>", "", heading["html"]).strip(" \n")


def _flatten(headings: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for heading in headings:
        yield heading
        yield from _flatten(heading["children"])
