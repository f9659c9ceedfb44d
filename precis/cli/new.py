"""Begin a chapter: two pages, a snippet, its place in the navigation and in the lock.

All of it is worked out and judged before anything is written; what is written then builds.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import inf
from pathlib import Path

import yaml

from precis.base.files import write_whole
from precis.base.finding import Finding, Malformed, shown
from precis.base.git import git
from precis.base.project import CONFIG, Project
from precis.source.snippet import read
from precis.text.lock import bless_sections, format_lock, read_lock
from precis.text.pages import PageReader
from precis.text.parity import compare_twins
from precis.text.prose import strip_front_matter
from precis.text.typography import check_typography, insert_no_break_spaces

SITE = Path(CONFIG)
_DESCRIPTIONS = {
    "fr": "{title}\u00a0: un chapitre dont chaque valeur affichée a été vérifiée.",
    "en": "{title}: a chapter whose every printed value was verified.",
}
"""What is true of a page before its author says it better."""

TEMPLATES = Path(__file__).with_name("templates") / "chapter"

_SLUG = re.compile("[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST = 80
_MARKUP = re.compile(r"[\x00-\x1f\x7f{}<>\[\]`$*_|\\#\"]")


class Refused(ValueError):
    """A slug or a title that no chapter can have, said in one sentence."""


@dataclass(frozen=True)
class Line:
    """A line that a file gains."""

    number: int
    """Of the new text, counted from 1."""

    text: str


@dataclass(frozen=True)
class Beginning:
    """All that a new chapter writes."""

    files: Mapping[Path, str]
    """New files."""

    changed: Mapping[Path, str]
    """Files that the project has, with their whole new text."""

    lines: tuple[Line, ...]
    """What the site's configuration gains."""

    def write(self) -> None:
        """Write everything, or nothing."""
        before = {path: path.read_bytes() if path.exists() else None for path in self.changed}
        made: list[Path] = []
        try:
            for path, text in self.files.items():
                with path.open("x", encoding="utf-8", newline="\n") as file:
                    made.append(path)
                    file.write(text)
            for path, text in self.changed.items():
                write_whole(path, text.encode("utf-8"))
        except BaseException:
            for path in made:
                path.unlink()
            for path, content in before.items():
                if content is None:
                    path.unlink(missing_ok=True)
                elif path.read_bytes() != content:
                    write_whole(path, content)
            raise


def begin(slug: str, titles: Mapping[str, str], reader: PageReader) -> Beginning:
    """A chapter with a title in each language.

    Raises Refused for a slug or a title that cannot be, Malformed where the project is in the
    way.
    """
    project = reader.project
    _judge_slug(project, slug)
    snippet = reader.book.folder / f"{slug}.py"
    paths = {language: project.home(language) / f"{slug}.md" for language in titles}
    if taken := [path for path in (*paths.values(), snippet) if path.exists()]:
        what = f"this file is there already, so no new chapter can be called {slug}"
        hint = "Choose another slug, or write on in that file."
        raise Malformed(Finding(shown(taken[0]), 1, 1, what, hint))

    titles = {language: _title(language, text, reader) for language, text in titles.items()}
    texts = {}
    pages = {}
    for language, path in paths.items():
        text = _page(slug, language, titles[language])
        lines, first_line = strip_front_matter(text)
        page = reader.parse_page(shown(path), lines, first_line)
        texts[path] = insert_no_break_spaces(text, page)
        pages[language] = reader.parse_page(shown(path), *strip_front_matter(texts[path]))
    first, *others = pages.values()
    for other in others:
        for finding in (*compare_twins(first, other), *compare_twins(other, first)):
            raise Refused(f"the titles do not say the same: {finding.what}")

    english = titles.get("en", next(iter(titles.values())))
    texts[snippet] = _template("snippet.txt", slug, _sentence(english))
    site, added = listed(read(SITE), slug, titles)
    lock = bless_sections(project, list(pages.values()), read_lock(project.lock))
    return Beginning(texts, {project.lock: format_lock(lock), SITE: site}, added)


def listed(site: str, slug: str, titles: Mapping[str, str]) -> tuple[str, tuple[Line, ...]]:
    """The text of mkdocs.yml with a chapter after the last one, and the lines that it gained.

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
    chapters = [item for item in nav.value if _page_of(item)]
    for item in _leaves(nav):
        if _title_of(item) == title:
            raise Refused(f"the navigation has an entry “{title}” already ({_place(item)})")
        if _page_of(item) == f"{slug}.md":
            raise Refused(f"the navigation has {slug}.md already ({_place(item)})")
    if not chapters:
        raise Malformed(_no_place(nav, "nav"))
    entry = _pair(title, f"{slug}.md")
    inserts.append(_after(site, chapters[-1], chapters[-1], entry))
    for language, node in languages:
        known = _value(node, "nav_translations")
        if language == default or language not in titles:
            continue
        if not isinstance(known, yaml.MappingNode) or not known.value:
            raise Malformed(_no_place(known or node, "nav_translations"))
        previous = _title_of(chapters[-1])
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


def undoing(files: Iterable[Path], changed: Iterable[Path]) -> str | None:
    """The command that takes a beginning back; None where git could lose other changes.

    To be asked for before anything is written.
    """
    names = [shown(path) for path in changed]
    if git("ls-files", "--error-unmatch", *names) is None:
        return None
    if git("status", "--porcelain", "--", *names) != "":
        return None
    new = " ".join(map(shown, files))
    return f"git checkout {' '.join(names)} && git clean -f {new}"


def _judge_slug(project: Project, slug: str) -> None:
    if not _SLUG.fullmatch(slug):
        raise Refused(
            f"a slug has small letters, digits and hyphens, and starts with a letter: not {slug!r}"
        )
    if slug in sys.stdlib_module_names or _is_installed(slug):
        file = shown(project.snippets / f"{slug}.py")
        raise Refused(f"Python has a module {slug}, and {file} would hide it from the others")
    if (project.docs / slug).exists():
        raise Refused(f"{shown(project.docs / slug)} has that address on the site already")


def _is_installed(name: str) -> bool:
    try:
        found = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return False
    return found is not None and found.origin is not None  # without one: any folder beside us


def _title(language: str, text: str, reader: PageReader) -> str:
    """A title as its language writes it: apostrophes curved, blanks unbroken."""
    text = re.sub(r"(?<=\w)'(?=\w)", "’", text.strip())
    if not text or len(text) > _LONGEST:
        raise Refused(f"--{language}: a title has 1 to {_LONGEST} characters")
    if found := _MARKUP.search(text):
        raise Refused(f"--{language}: a title is plain text, without {found[0]!r}")
    path = shown(reader.project.home(language) / "title.md")
    heading = insert_no_break_spaces(f"# {text}", reader.parse_page(path, [f"# {text}"]))
    page = reader.parse_page(path, [heading])
    for finding in (*reader.check_claims(page).findings, *check_typography(page)):
        raise Refused(f"--{language}: {finding.what}. {finding.hint}".strip())
    return heading.removeprefix("# ")


def _page(slug: str, language: str, title: str) -> str:
    meta = {"title": title, "description": _DESCRIPTIONS[language].format(title=title)}
    front = yaml.safe_dump(meta, allow_unicode=True, sort_keys=False, width=inf)
    return f"---\n{front}---\n\n{_template(f'{language}.md', slug, title)}"


def _sentence(title: str) -> str:
    return title if title[-1] in ".?!…" else f"{title}."


def _template(name: str, slug: str, title: str) -> str:
    text = (TEMPLATES / name).read_text(encoding="utf-8")
    return text.replace("{slug}", slug).replace("{title}", title)


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
