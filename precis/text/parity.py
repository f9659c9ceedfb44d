"""Two pages that say the same in two languages, and the record of who read them side by side.

A page `docs/fr/x.md` has a twin `docs/en/x.md`. Their sections go by heading ids; each must
hold the same cells, boxes, formulas, numbers, inline code and sources. What words say no
program can compare: `translations.lock` keeps the hashes of each pair of sections that a
person last read side by side, and a section that changed since is stale. Where a person
says that the words of one language will follow later, the page says so to its readers.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from pathlib import Path, PurePath
from typing import NamedTuple

from babel import Locale

from precis.base.finding import Finding
from precis.base.project import Project
from precis.text import number
from precis.text.prose import Block, Written

_HEADING = re.compile(r"(?P<level>#{1,6}) (?P<title>.*?)\s*(?:\{#(?P<id>[\w-]+)\})?\s*")
_BOX = re.compile(r"[>\s]*(!!!|\?\?\?\+?)\s*(\w+)")
_WAS = "-was"

_WORDS = re.compile(r"\\text\{[^{}]*\}")


class Fact(NamedTuple):
    """Something that a section holds whatever its language."""

    kind: str
    text: str
    """As it is compared."""

    shown: str
    """As it stands in the page."""

    line: int
    column: int


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it, up to the next one."""

    id: str
    level: int
    title: str
    line: int
    text: str
    facts: tuple[Fact, ...]

    @cached_property
    def hash(self) -> str:
        """What the lock keeps of it."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:12]


_BEHIND = {
    "fr": "Le texte {ahead} de cette section a changé depuis que les deux ont été lus côte à côte, "
    "et celui-ci ne l’a pas encore suivi.",
    "en": "The {ahead} text of this section has changed since both were read side by side, and "
    "this one has yet to follow.",
}


class Pair(NamedTuple):
    """The hashes of a section in the languages in which it was last read side by side."""

    hashes: Mapping[str, str]
    was: Mapping[str, str] = {}
    """Those of the languages that went ahead since, as they were when the others followed."""

    @property
    def followed(self) -> dict[str, str]:
        """The hashes of what was last read side by side in all languages."""
        return {**self.hashes, **self.was}

    def __str__(self) -> str:
        named = {**self.hashes, **{f"{language}{_WAS}": h for language, h in self.was.items()}}
        return " ".join(f"{name}={known}" for name, known in sorted(named.items()))


@functools.lru_cache(maxsize=8)  # a page and its twins are asked for one after the other
def sections(page: Written) -> Sequence[Section]:
    """The sections of a page, the first one being what stands above the first heading."""
    inside = {n for fence in page.fences for n in range(fence.line, fence.end + 1)}
    starts = [
        (at, found)
        for at, line in enumerate(page.lines, page.first_line)
        if at not in inside and (found := _HEADING.fullmatch(line))
    ]
    last = page.first_line + len(page.lines)
    ends = [at for at, _ in starts[1:]] + [last][: len(starts)]
    parts = []
    for (start, heading), end in zip(starts, ends, strict=True):
        lines = page.lines[start - page.first_line : end - page.first_line]
        text = "\n".join(line.rstrip() for line in lines).strip()
        facts = tuple(_facts(page, start, end))
        name, level = heading["id"] or "", len(heading["level"])
        parts.append(Section(name, level, heading["title"], start, text, facts))
    return parts


def parity(page: Written, twin: Written) -> Iterator[Finding]:
    """Where a page does not hold what its twin holds."""
    mine, theirs = sections(page), sections(twin)
    other = {section.id: section for section in theirs}
    for section in mine:
        if section.id not in other:
            what = f"the section {section.id or section.title} is not in {twin.path}"
            yield Finding(
                page.path, section.line, 1, what, "Write it there, or give it the same {#id}."
            )
            continue
        yield from _differences(page, section, twin, other[section.id])
    shared = {section.id for section in mine} & set(other)
    ids = [[s.id for s in part if s.id in shared] for part in (mine, theirs)]
    if ids[0] != ids[1] and not (_is_alphabetical(mine) and _is_alphabetical(theirs)):
        at = next(n for n, (a, b) in enumerate(zip(*ids, strict=True)) if a != b)
        line = next(section.line for section in mine if section.id == ids[0][at])
        what = f"the section {ids[0][at]} stands where {twin.path} has {ids[1][at]}"
        yield Finding(page.path, line, 1, what, "Put the sections in the same order.")


def stale(project: Project, page: Written, twin: Written) -> Iterator[Finding]:
    """The sections that were not read beside the twin's since one of the two changed."""
    other = {section.id: section for section in sections(twin)}
    known = pairs(project, Path(page.path))
    slug = PurePath(project.key(Path(page.path))).with_suffix("").as_posix()
    hint = f"Read both, mend what they say differently, then: precis bless {slug}"
    if not known:
        what = f"this page was never read beside {twin.path}"
        yield Finding(page.path, page.first_line, 1, what, hint)
        return
    for section in sections(page):
        if section.id not in other:
            continue  # a finding of parity
        beside = other[section.id]
        hashes = known[section.id].hashes if section.id in known else {}
        was, its = hashes.get(page.language), hashes.get(twin.language)
        if was == section.hash and its == beside.hash:
            continue
        place = f"{twin.path}:{beside.line}"
        title = section.id or section.title
        if not was or not its:
            what = f"the section {title} was never read beside {place}"
        elif was != section.hash:
            what = f"the section {title} changed since it was read beside {place}"
        else:
            what = f"the section {title} is as it was, and its twin changed: {place}"
        yield Finding(page.path, section.line, 1, what, hint)


def entry_name(page_key: str, section: str) -> str:
    """What the lock calls a section."""
    return f"{page_key}#{section}"


def behind(project: Project, page: Written) -> dict[int, str]:
    """What a page tells its readers of the sections that have yet to follow their twins.

    By the line of the heading below which it is to be said, in the page's language.
    """
    known = pairs(project, Path(page.path))
    if not any(pair.was for pair in known.values()):
        return {}
    told = {}
    for section in sections(page):
        pair = known.get(section.id, Pair({}))
        if pair.was and page.language not in pair.was:
            language = page.language if page.language in _BEHIND else "en"
            names = Locale(language).languages
            ahead = ", ".join(names.get(other, other) for other in sorted(pair.was))
            told[section.line] = _BEHIND[language].format(ahead=ahead)
    return told


def read_lock(path: Path) -> Mapping[str, Pair]:
    """The pairs that were read side by side, by section; none without a lock.

    In a lock that two branches changed, the marks of the conflict are no entries, and of a
    section's two the last one holds: it is stale unless its hashes are those of the pages.
    """
    return {
        entry_name(page, section): pair
        for page, known in _lock(path).items()
        for section, pair in known.items()
    }


def pairs(project: Project, path: Path) -> Mapping[str, Pair]:
    """What the lock holds of one page, by section."""
    return _lock(project.lock).get(project.key(path), {})


def _lock(path: Path) -> Mapping[str, Mapping[str, Pair]]:
    """The lock's pairs by page, then section: to look through all of them for each takes long."""
    with contextlib.suppress(OSError):
        stat = path.stat()
        return _parsed(path, stat.st_mtime_ns, stat.st_size)
    return {}


@functools.lru_cache(maxsize=2)
def _parsed(path: Path, _changed: int, _size: int) -> Mapping[str, Mapping[str, Pair]]:
    found: dict[str, dict[str, Pair]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        name, _, hashes = line.partition(" ")
        page, mark, section = name.rpartition("#")
        if mark and "=" in hashes:
            told = dict(part.split("=", 1) for part in hashes.split() if "=" in part)
            was = {k.removesuffix(_WAS): told.pop(k) for k in list(told) if k.endswith(_WAS)}
            found.setdefault(page, {})[section] = Pair(told, was)
    return found


def written_lock(known: Mapping[str, Pair]) -> str:
    """The lock's text: a line a section, in order, so that merges stay small."""
    return "".join(f"{name} {known[name]}\n" for name in sorted(known))


def blessed(
    project: Project,
    pages: Sequence[Written],
    known: Mapping[str, Pair],
    only: str = "",
    late: str = "",
) -> dict[str, Pair]:
    """The lock after the sections of these twins, or only one of them, were read.

    `late` is a language whose words have yet to follow where others changed.
    """
    name = project.key(Path(pages[0].path))
    by_id: dict[str, dict[str, str]] = {}
    for page in pages:
        for section in sections(page):
            by_id.setdefault(section.id, {})[page.language] = section.hash
    entries = {}
    for id_, hashes in by_id.items():
        entry = entry_name(name, id_)
        old = known.get(entry, Pair({})) if late else Pair({})
        was = {o: h for o, h in old.followed.items() if o != late and hashes.get(o, h) != h}
        entries[entry] = Pair(hashes, was)
    gone = {old for old in known if old.startswith(f"{name}#") and old not in entries}
    new = {old: pair for old, pair in known.items() if old not in gone}
    read = {entry_name(name, only)} if only else set(entries)
    return new | {entry: pair for entry, pair in entries.items() if entry in read}


def _differences(
    page: Written, section: Section, twin: Written, other: Section
) -> Iterator[Finding]:
    hint = f"Compare with {twin.path}:{other.line}."
    if section.level != other.level:
        what = f"a heading of level {section.level}, and of level {other.level} in {twin.path}"
        yield Finding(page.path, section.line, 1, what, hint)
    for kind in ("cell", "box", "formula", "code", "number", "source"):
        mine = [fact for fact in section.facts if fact.kind == kind]
        theirs = [fact for fact in other.facts if fact.kind == kind]
        if kind in _ORDERED:
            yield from _out_of_order(page, section, twin, mine, theirs, hint)
        else:
            left = Counter(fact.text for fact in theirs)
            for fact in mine:
                left[fact.text] -= 1
                if left[fact.text] < 0:
                    what = f"the {kind} {fact.shown} is not in {twin.path}:{other.line}"
                    yield Finding(page.path, fact.line, fact.column, what, hint)


_ORDERED = ("cell", "box", "formula")
"""What stands in the same order; a sentence may turn its numbers round."""


def _out_of_order(
    page: Written, section: Section, twin: Written, mine: list[Fact], theirs: list[Fact], hint: str
) -> Iterator[Finding]:
    for fact, other in zip_longest(mine, theirs):
        if fact and other and fact.text == other.text:
            continue
        if fact and other:
            what = f"the {fact.kind} {fact.shown}, where {twin.path}:{other.line} has {other.shown}"
        elif fact:
            what = f"the {fact.kind} {fact.shown} is missing in {twin.path}"
        else:
            assert other
            what = f"the {other.kind} {other.shown} of {twin.path}:{other.line} is missing"
        line, column = (fact.line, fact.column) if fact else (section.line, 1)
        yield Finding(page.path, line, column, what, hint)
        return


def _facts(page: Written, start: int, end: int) -> Iterator[Fact]:
    for fence in page.fences:
        if start <= fence.line < end:
            yield Fact("cell", fence.body.strip(), fence.body.strip(), fence.line, 1)
    for at in range(start, end):
        if box := _BOX.match(page.lines[at - page.first_line]):
            yield Fact("box", box[0].strip(), box[0].strip(), at, 1)
    for block in page.blocks:
        if start <= block.line < end:
            yield from _block_facts(block, page.language)


def _block_facts(block: Block, language: str) -> Iterator[Fact]:
    if block.kind == "note":
        return
    for piece in block.pieces:
        line, column = block.place(piece.start)
        if piece.kind == "formula":
            yield Fact("formula", _without_language(piece.text, language), piece.text, line, column)
        elif piece.kind == "code":
            yield Fact("code", piece.text, piece.text, line, column)
        elif piece.kind == "note":
            yield Fact("source", piece.text, f"[^{piece.text}]", line, column)
        elif piece.kind == "text":
            for found in number.in_text(piece.text, language):
                place = block.place(piece.start + found.start)
                yield Fact("number", str(found.value.normalize()), found.text, *place)


def _without_language(latex: str, language: str) -> str:
    """A formula as all languages would write it."""
    plain, done = [], 0
    latex = _WORDS.sub("", latex)
    for found in number.in_formula(latex, language):
        plain += [latex[done : found.start], f"{found.value:f}"]
        done = found.start + len(found.text)
    return "".join("".join([*plain, latex[done:]]).split())


def _is_alphabetical(page_sections: Sequence[Section]) -> bool:
    titles = [_sortable(section.title) for section in page_sections[1:]]
    return titles == sorted(titles)


def _sortable(title: str) -> str:
    decomposed = unicodedata.normalize("NFKD", title.casefold())
    return "".join(char for char in decomposed if char.isalnum())
