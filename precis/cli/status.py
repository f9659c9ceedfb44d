"""`precis status`: list the sections to read again beside their twins, with what changed.

The lock holds only hashes. The text that was read is the version in git's history with that hash.
"""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path, PurePath

import click

from precis.base.finding import Finding, display_path, pluralize
from precis.base.git import git
from precis.cli.common import ONE_LANGUAGE, page_reader
from precis.cli.parameters import JSON, Slug
from precis.text.lock import Entry, entry_name, read_lock
from precis.text.pages import PageReader
from precis.text.prose import PageText, strip_front_matter
from precis.text.sections import Section, split_sections

_SENTENCES = re.compile(r"\n|(?<=[.!?…:;]) ")

UNKNOWN = "(git has no version of this section as it was read)"


@dataclass(frozen=True)
class Side:
    """A section in one language."""

    path: str
    line: int
    language: str

    what: str
    """What happened to it since it was read, as the message of a finding."""

    changed: bool

    diff: tuple[str, ...] | None = None
    """What changed in it; None if nothing did or git has no version as it was read."""

    commit: str | None = None
    """The newest commit with the section as it was read."""


@dataclass(frozen=True)
class Waiting:
    """A section to read again in all languages."""

    page: str
    """The page's path inside its language's folder."""

    section: str
    sides: tuple[Side, ...]

    @property
    def argument(self) -> str:
        """The argument of `precis bless`."""
        slug = PurePath(self.page).with_suffix("").as_posix()
        return f"{slug}#{self.section}" if self.section else slug

    def findings(self) -> Iterator[Finding]:
        """Yield a finding for each language, with the changes as the hint."""
        for side in self.sides:
            diff = side.diff or ([UNKNOWN] if side.changed and side.diff is None else [])
            yield Finding(side.path, side.line, 1, side.what, "\n".join(diff))


@click.command()
@click.argument("slugs", nargs=-1, type=Slug(), metavar="[SLUG ...]")
@JSON
def status(slugs: tuple[str, ...], as_json: bool) -> None:
    """List the sections to read again because one language changed.

    Shows what changed since both languages were last read side by side, if git has that text. Exit
    code 1 if there are any.

    \b
    Examples:
      precis status
      precis status autograd tensors
      precis status --json
    """
    reader = page_reader()
    project = reader.project
    known = read_lock(project.lock)
    pages = project.docs.rglob("*.md")
    names = [f"{slug}.md" for slug in slugs] or sorted({project.lock_key(page) for page in pages})
    read = 0
    found: list[Waiting] = []
    for name in names:
        paths = project.pages(name)
        if len(paths) > 1:
            read += 1
            found += waiting([reader.read_page(path) for path in paths], known, reader)
        elif slugs:
            raise click.UsageError(f"there are no two {display_path(project.docs)}/*/{name}")
    if as_json:
        sections = [{**dataclasses.asdict(each), "bless": each.argument} for each in found]
        click.echo(json.dumps({"pages": read, "waiting": sections}, ensure_ascii=False, indent=1))
        sys.exit(bool(found))
    for each in found:
        click.echo("\n".join(map(str, each.findings())) + "\n")
    if found:
        names = [each.argument for each in found]
        once = " ".join(
            name for name in names if "#" not in name or name.split("#")[0] not in names
        )
        count = f"{pluralize(read, 'page')}: {pluralize(len(found), 'section')} to read again"
        click.echo(f"{count}; then: precis bless {once}")
        sys.exit(1)
    if not project.languages:
        click.echo(f"nothing to read side by side: {ONE_LANGUAGE}")
    else:
        click.echo(f"{pluralize(read, 'page')}: all sections read side by side")


def waiting(
    pages: Sequence[PageText], known: Mapping[str, Entry], reader: PageReader
) -> Iterator[Waiting]:
    """Yield the sections of twins that changed since they were read side by side."""
    name = reader.project.lock_key(Path(pages[0].path))
    found = [{section.id: section for section in split_sections(page)} for page in pages]
    shared = [section for section in found[0] if all(section in other for other in found)]
    for section in shared:
        pair = known.get(entry_name(name, section))
        read = pair.last_read if pair else {}
        here = [by_id[section] for by_id in found]
        if all(read.get(p.language) == s.hash for p, s in zip(pages, here, strict=True)):
            continue
        sides = (
            _side(page, now, read.get(page.language), reader)
            for page, now in zip(pages, here, strict=True)
        )
        yield Waiting(name, section, tuple(sides))


def _side(page: PageText, now: Section, read: str | None, reader: PageReader) -> Side:
    name = f"the section {now.id or now.title}"
    place = (page.path, now.line, page.language)
    if read == now.hash:
        return Side(*place, f"{name} is as it was read; its twin changed", False)
    if read is None:
        return Side(*place, f"{name} was never read beside its twin", False)
    what = f"{name} changed since it was read"
    commit, then = _as_read(page.path, now.id, read, reader)
    if then is None:
        return Side(*place, what, True)
    return Side(*place, what, True, tuple(_diff(then.text, now.text)), commit)


def _diff(then: str, now: str) -> list[str]:
    """Return the changes by sentence: a paragraph is one long line."""
    cut = _SENTENCES.split(then), _SENTENCES.split(now)
    if cut[0] == cut[1]:  # the lines are broken elsewhere
        cut = then.split("\n"), now.split("\n")
    lines = list(unified_diff(*cut, n=1, lineterm=""))[2:]
    return ["@@" if line.startswith("@@") else line.rstrip() for line in lines]


def _as_read(
    path: str, section: str, read: str, reader: PageReader
) -> tuple[str | None, Section | None]:
    """Return the newest commit with a section of that hash, and the section."""
    commits = (git("log", "--format=%H", "--", path) or "").split()
    for commit in commits:
        text = git("show", f"{commit}:./{path}")
        if text is None or section not in text:
            continue
        lines, first_line = strip_front_matter(text.removeprefix("\ufeff").replace("\r\n", "\n"))
        for then in split_sections(reader.parse_page(path, lines, first_line)):
            if then.id == section and then.hash == read:
                return commit, then
    return None, None
