"""Cut from the style sheets what this site does not have, and from pages their blank lines.

A rule stays if each of its classes and ids is in a page or in a script, which may add it later; a
custom property, if it is read somewhere. Nothing else is looked at, so a rule too many stays rather
than one too few goes. The sheet gets a name by its content: browsers keep files by their names.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import event_priority

SHEETS = "assets/stylesheets/*.css"

_NAME = re.compile(r"[\w-]+")
_MENTIONED = re.compile(r"(?<!\\)[.#](-?[A-Za-z_][\w-]*)")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'')
_ATTRIBUTE = re.compile(r'\s(?:class|id|for|data-md-color-\w+)=(?:"([^"]*)"|([^\s>"]+))')
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|/\*.*?\*/|[{};]', re.DOTALL)
_DECLARATION = re.compile(r"""(?:[^;"'()]|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\([^()"']*\)|
    \((?:[^()"']|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\([^()]*\))*\))+""", re.VERBOSE)  # fmt: skip
_READ = re.compile(r"(?:var\(\s*|getPropertyValue\(\s*[\"'`])(--[\w-]+)")
_BLANK = re.compile(r"(<(pre|script|style|textarea)\b.*?</\2>)|\n\s*\n", re.DOTALL)
_CONDITIONS = ("@media", "@supports", "@layer", "@container")


@event_priority(-250)  # after all pages, before hooks/offline.py lists the files
def on_post_build(config: MkDocsConfig) -> None:
    """Cut the sheets once all languages are built, and have the pages link to what is left."""
    i18n: Any = config.plugins["i18n"]
    if i18n.building or config.plugins["precis"].serving:
        return
    site = Path(config.site_dir)
    pages = {path: path.read_text(encoding="utf-8") for path in site.rglob("*.html")}
    scripts = [path.read_text(encoding="utf-8") for path in site.rglob("*.js")]
    names = used_names(pages.values(), scripts)
    sheets = {
        path: without_unused(path.read_text(encoding="utf-8"), names)
        for path in site.rglob("*.css")
    }
    read = read_properties([*sheets.values(), *scripts, *pages.values()])
    renamed = {}
    for sheet in sorted(site.glob(SHEETS)):
        text = without_unread(sheets[sheet], read)
        digest = hashlib.sha256(text.encode()).hexdigest()[:8]
        lighter = sheet.with_name(f"{sheet.name.split('.')[0]}.{digest}.min.css")
        lighter.write_text(text, encoding="utf-8")
        renamed[sheet.name] = lighter.name
        if lighter != sheet:
            sheet.unlink()
        sheet.with_name(f"{sheet.name}.map").unlink(missing_ok=True)
    for path, text in pages.items():
        linked = text
        for old, new in renamed.items():
            linked = linked.replace(f"stylesheets/{old}", f"stylesheets/{new}")
        if linked == text:
            raise PluginError(f"hooks/lighter.py: {path} has none of {', '.join(renamed)}")
        path.write_text(without_blank_lines(linked), encoding="utf-8")


def without_blank_lines(html: str) -> str:
    """Return a page without the blank lines of its templates; those of code and scripts stay."""
    return _BLANK.sub(lambda found: found[1] or "\n", html)


def used_names(pages: Iterable[str], scripts: Iterable[str]) -> frozenset[str]:
    """Return the classes and ids of pages, and what scripts have that looks like one."""
    names = {"js"}
    for text in pages:
        for match in _ATTRIBUTE.finditer(text):
            names.update((match[1] or match[2]).split())
    for text in scripts:
        names.update(name for name in _NAME.findall(text) if "-" in name or "_" in name)
    return frozenset(names)


def without_unused(css: str, names: frozenset[str]) -> str:
    """Return a sheet without the selectors that name a class or an id that nobody has."""
    return "".join(_kept(css, names))


def read_properties(texts: Iterable[str]) -> frozenset[str]:
    """Return the custom properties that sheets, pages or scripts read."""
    return frozenset(name for text in texts for name in _READ.findall(text))


def without_unread(css: str, read: frozenset[str]) -> str:
    """Return a sheet without the custom properties that nobody reads."""
    written = []
    for prelude, body in _rules(css):
        if body is None:
            written.append(f"{prelude};")
        elif prelude.startswith("@keyframes"):
            written.append(f"{prelude}{{{body}}}")
        elif prelude.startswith(_CONDITIONS):
            written.append(f"{prelude}{{{without_unread(body, read)}}}")
        else:
            kept = [one for one in _DECLARATION.findall(body) if _is_read(one, read)]
            written += [f"{prelude}{{{';'.join(kept)}}}"] if kept else []
    return "".join(written)


def _is_read(declaration: str, read: frozenset[str]) -> bool:
    name = declaration.partition(":")[0].strip()
    return not name.startswith("--") or name in read


def _kept(css: str, names: frozenset[str]) -> Iterator[str]:
    for prelude, body in _rules(css):
        if body is None:  # such as @charset
            yield prelude + ";"
        elif prelude.startswith(_CONDITIONS):
            if inside := without_unused(body, names):
                yield f"{prelude}{{{inside}}}"
        elif prelude.startswith("@"):  # @keyframes, @font-face, @page
            yield f"{prelude}{{{body}}}"
        else:
            selectors = [one for one in _selectors(prelude) if _may_match(one, names)]
            if selectors:
                yield f"{','.join(selectors)}{{{body}}}"


def _rules(css: str) -> Iterator[tuple[str, str | None]]:
    """Yield what stands before each block and the block, or a statement and None."""
    depth, start, opened = 0, 0, 0
    for token in _TOKEN.finditer(css):
        if token[0] == "{":
            depth += 1
            if depth == 1:
                opened = token.start()
        elif token[0] == "}":
            depth -= 1
            if depth == 0:
                yield css[start:opened].strip(), css[opened + 1 : token.start()]
                start = token.end()
        elif token[0] == ";" and depth == 0:
            yield css[start : token.start()].strip(), None
            start = token.end()
        elif token[0].startswith("/*") and depth == 0 and not css[start : token.start()].strip():
            start = token.end()
    if depth:
        raise PluginError("hooks/lighter.py: a style sheet ends within a rule")


def _selectors(prelude: str) -> Iterator[str]:
    """Yield the selectors of a list; commas within brackets part nothing."""
    depth, start = 0, 0
    for n, char in enumerate(prelude):
        depth += (char in "([") - (char in ")]")
        if char == "," and depth == 0:
            yield prelude[start:n]
            start = n + 1
    yield prelude[start:]


def _may_match(selector: str, names: frozenset[str]) -> bool:
    plain = _QUOTED.sub("", selector)
    if ":not(" in plain or ":is(" in plain or ":where(" in plain or ":has(" in plain:
        plain = re.sub(r":(?:not|is|where|has)\([^()]*(?:\([^()]*\)[^()]*)*\)", "", plain)
    return all(name in names for name in _MENTIONED.findall(plain))
