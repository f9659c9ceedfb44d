"""Add a chapter to the navigation in mkdocs.yml; every other line stays as it is."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from math import inf
from pathlib import Path

import yaml

from precis.base.finding import Finding, Malformed
from precis.base.project import CONFIG

SITE = Path(CONFIG)


class Refused(ValueError):
    """A slug or a title that no chapter can have, said in one sentence."""


@dataclass(frozen=True)
class Line:
    """A line that a file gains."""

    number: int
    """Of the new text, counted from 1."""

    text: str


def listed(
    site: str, slug: str, titles: Mapping[str, str], chapters: Container[str] = ()
) -> tuple[str, tuple[Line, ...]]:
    """Return mkdocs.yml with a chapter after the last one, and the lines that it gained.

    The last one of these chapters (`tensors.md`), in whatever section it stands; without any, the
    last page outside of the sections.

    Comments, order and everything else stay. Raises Malformed where the text has another form
    than a line an entry, Refused where a title is taken.
    """
    root = yaml.compose(site, Loader=yaml.SafeLoader)
    nav = _value(root, "nav")
    if nav is None:
        return site, ()  # MkDocs lists all pages by itself
    if not isinstance(nav, yaml.SequenceNode):
        raise Malformed(_no_place(nav, "nav"))
    languages = list(_languages(root))
    default = next((name for name, node in languages if _is_default(node)), next(iter(titles)))
    title = titles.get(default, next(iter(titles.values())))

    inserts: list[tuple[int, str]] = []
    outside = [item for item in nav.value if _page_of(item)]
    for item in _leaves(nav):
        if _title_of(item) == title:
            raise Refused(f"the navigation has an entry “{title}” already ({_place(item)})")
        if _page_of(item) == f"{slug}.md":
            raise Refused(f"the navigation has {slug}.md already ({_place(item)})")
    before = [item for item in _leaves(nav) if _page_of(item) in chapters] or outside
    if not before:
        raise Malformed(_no_place(nav, "nav"))
    entry = _pair(title, f"{slug}.md")
    inserts.append(_after(site, before[-1], before[-1], entry))
    for language, node in languages:
        known = _value(node, "nav_translations")
        if language == default or language not in titles:
            continue
        if not isinstance(known, yaml.MappingNode) or not known.value:
            raise Malformed(_no_place(known or node, "nav_translations"))
        previous = _title_of(before[-1])
        pair = next((p for p in known.value if p[0].value == previous), known.value[-1])
        inserts.append(_after(site, pair[0], pair[1], _pair(title, titles[language])))

    lines = site.splitlines(keepends=True)
    line_end = "\r\n" if lines[0].endswith("\r\n") else "\n"
    if not lines[-1].endswith("\n"):
        lines[-1] += line_end
    gained: list[Line] = []
    for shift, (at, text) in enumerate(sorted(inserts)):
        lines.insert(at + shift, text + line_end)
        gained.append(Line(at + shift + 1, text.strip()))
    return "".join(lines), tuple(gained)


def _pair(key: str, value: str) -> str:
    """A mapping of one entry, in one line."""
    return str(yaml.safe_dump({key: value}, allow_unicode=True, width=inf)).strip()


def _after(site: str, first: yaml.Node, last: yaml.Node, text: str) -> tuple[int, str]:
    """Where a line goes that follows an entry, with what stands before the entry in its line."""
    lines = site.splitlines()
    start = first.start_mark
    lead = lines[start.line][: start.column]
    if lead.strip(" -") or last.end_mark.line < start.line:
        raise Malformed(_no_place(first, "entries"))
    deepest = _deepest(last)
    return deepest.end_mark.line + 1, lead + text


def _deepest(node: yaml.Node) -> yaml.Node:
    """The last scalar of a node: a mapping's own end lies after the comments that follow it."""
    while isinstance(node, yaml.MappingNode) and node.value:
        node = node.value[-1][1]
    return node


def _no_place(node: yaml.Node, what: str) -> Finding:
    return Finding(
        SITE.as_posix(),
        node.start_mark.line + 1,
        node.start_mark.column + 1,
        f"no place was found here for a chapter ({what})",
        "Give each entry a line of its own, the chapters before the sections.",
    )


def _place(node: yaml.Node) -> str:
    return f"{SITE.as_posix()}:{node.start_mark.line + 1}"


def _value(node: yaml.Node | None, name: str) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for key, value in node.value if key.value == name), None)


def _languages(root: yaml.Node) -> Iterator[tuple[str, yaml.Node]]:
    """The languages of the plugin i18n, by their names."""
    plugins = _value(root, "plugins")
    for plugin in plugins.value if isinstance(plugins, yaml.SequenceNode) else ():
        languages = _value(_value(plugin, "i18n"), "languages")
        for language in languages.value if isinstance(languages, yaml.SequenceNode) else ():
            if locale := _value(language, "locale"):
                yield str(locale.value), language


def _is_default(language: yaml.Node) -> bool:
    default = _value(language, "default")
    return default is not None and default.value == "true"


def _leaves(nav: yaml.Node) -> Iterator[yaml.Node]:
    for item in nav.value:
        below = item.value[0][1] if isinstance(item, yaml.MappingNode) else None
        if isinstance(below, yaml.SequenceNode):
            yield from _leaves(below)
        yield item


def _page_of(item: yaml.Node) -> str:
    """The page that an entry of the navigation leads to; nothing for a section."""
    node = item.value[0][1] if isinstance(item, yaml.MappingNode) else item
    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""


def _title_of(item: yaml.Node) -> str:
    return str(item.value[0][0].value) if isinstance(item, yaml.MappingNode) else ""
