"""Typography: what French and English ask of blanks, quotes and numbers.

`wrong` looks at a page's text; `spaced` turns blanks that French wants unbroken into no-break
spaces, which few keyboards have; the Markdown extension keeps them in tables of contents,
where Python-Markdown's toc makes them plain.
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
from precis.text.prose import Written


class Rule(NamedTuple):
    """Something that a language does not write."""

    pattern: re.Pattern[str]
    what: str
    hint: str


def _rule(pattern: str, what: str, hint: str) -> Rule:
    return Rule(re.compile(pattern), what, hint)


_EVERYWHERE = (
    _rule(r'"', "a straight quotation mark", "French: « »; English: “ ”."),
    _rule(r"(?<=\w)'|'(?=\w)", "a straight apostrophe", "Write ’."),
    _rule(r"\.\.\.", "three full stops", "Write …."),
    _rule(
        r"(?<![\w.,/#-])(?<!\bISO )(?<!\bRFC )(?![01]+\b)\d{5,}(?![\w/])",
        "a number without thousands",
        "Set them apart.",
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
              "Take it off."),
        _rule(r"[«»]", "French quotation marks", "Write “ ”."),
    ),
}  # fmt: skip


_UNBROKEN = (
    (re.compile(r" (?=[;!?](?:[\s*»)\ufffc]|$))|(?<=«) | (?=»)|(?<=\d) (?=%)"), "\u202f"),
    (re.compile(r" (?=:(?:[\s*\ufffc]|$))|(?<=\d) (?=[kKMGT]i?o\b)"), "\u00a0"),
    (re.compile(r"(?<![\d,])\d{1,3}(?: \d{3})+(?!\d)"), "\u202f"),
)
"""Where a French text has a plain blank, or several, and which no-break space goes there."""


def spaced(text: str, page: Written) -> str:
    """The text of a French page's file with the no-break spaces that are plain blanks in it."""
    if page.language != "fr":
        return text
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    lines, ends = split_lines(text.removeprefix(mark))
    for block in page.blocks:
        for pattern, space in _UNBROKEN:
            for found in pattern.finditer(block.plain):
                for blank in re.finditer(" ", found[0]):
                    line, column = block.place(found.start() + blank.start())
                    before = lines[line - 1]
                    if before[column - 1 : column] == " ":
                        lines[line - 1] = before[: column - 1] + space + before[column:]
    return mark + "".join(line + end for line, end in zip(lines, ends, strict=True))


def wrong(page: Written) -> Iterator[Finding]:
    """What is not written as the page's language writes it."""
    if page.language not in _RULES:
        return
    rules = (*_EVERYWHERE, *_RULES[page.language])
    for block in page.blocks:
        for rule in rules:
            for found in rule.pattern.finditer(block.plain):
                start = block.text.rfind(" ", 0, max(0, found.start() - 12)) + 1
                end = block.text.find(" ", found.end())
                around = block.text[start : None if end < 0 else end].strip()
                place = block.place(found.end() - 1)
                yield Finding(page.path, *place, f"{rule.what}: {around!r}", rule.hint)


class TypographyExtension(Extension):
    """`markdown_extensions: [precis.typography]`, with toc."""

    def extendMarkdown(self, md: Markdown) -> None:
        """Register after toc (5), which collects the headings."""
        md.treeprocessors.register(_Contents(md), "precis-typography", 4)


class _Contents(Treeprocessor):
    def run(self, root: etree.Element) -> None:
        for heading in _all(getattr(self.md, "toc_tokens", [])):
            heading["name"] = re.sub(r"<[^>]*>", "", heading["html"]).strip(" \n")


def _all(headings: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for heading in headings:
        yield heading
        yield from _all(heading["children"])
