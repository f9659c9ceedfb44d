"""The lock, `translations.lock`: the sections that a person last read side by side.

No program can compare what words mean. The lock stores the hashes of each section in all
languages; a section is stale once its text differs from its hash. If the text of one language is
to follow later, its page tells readers so.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import NamedTuple

from precis.base.finding import Finding
from precis.base.project import Project
from precis.base.words import DEFAULT
from precis.text.number import locale
from precis.text.prose import PageText
from precis.text.sections import split_sections

_SUPERSEDED = "-was"
"""The suffix, in the file, of the language of a superseded hash."""


class Entry(NamedTuple):
    """The hashes of a section, by language."""

    hashes: Mapping[str, str]
    superseded: Mapping[str, str] = {}
    """The hashes that the late language last agreed with, of languages that changed since."""

    @property
    def last_read(self) -> dict[str, str]:
        """The hashes of the texts that were last read side by side in all languages."""
        return {**self.hashes, **self.superseded}

    def __str__(self) -> str:
        superseded = {f"{language}{_SUPERSEDED}": h for language, h in self.superseded.items()}
        hashes = {**self.hashes, **superseded}
        return " ".join(f"{name}={hash_}" for name, hash_ in sorted(hashes.items()))


def entry_name(page_key: str, section: str) -> str:
    """Return the name of a section in the lock."""
    return f"{page_key}#{section}"


def read_lock(path: Path) -> Mapping[str, Entry]:
    """Return the entries of a lock by name; none without a file.

    The conflict marks of a merge are skipped. Of a section's two entries the last one counts; it
    is stale unless its hashes are those of the pages.
    """
    return {
        entry_name(page, section): entry
        for page, entries in _entries_by_page(path).items()
        for section, entry in entries.items()
    }


def page_entries(project: Project, path: Path) -> Mapping[str, Entry]:
    """Return the lock's entries of a page, by section id."""
    return _entries_by_page(project.lock).get(project.lock_key(path), {})


def format_lock(entries: Mapping[str, Entry]) -> str:
    """Return the text of a lock: one sorted line per section, so that merges stay small."""
    return "".join(f"{name} {entries[name]}\n" for name in sorted(entries))


def bless_sections(
    project: Project,
    pages: Sequence[PageText],
    lock: Mapping[str, Entry],
    only: str = "",
    late: str = "",
) -> dict[str, Entry]:
    """Return the lock after the sections of these twins, or only one of them, were read.

    `late` is a language to be updated later, where others changed.
    """
    key = project.lock_key(Path(pages[0].path))
    hashes_by_id: dict[str, dict[str, str]] = {}
    for page in pages:
        for section in split_sections(page):
            hashes_by_id.setdefault(section.id, {})[page.language] = section.hash
    entries = {}
    for id_, hashes in hashes_by_id.items():
        name = entry_name(key, id_)
        last_read = lock[name].last_read if late and name in lock else {}
        superseded = {o: h for o, h in last_read.items() if o != late and hashes.get(o, h) != h}
        entries[name] = Entry(hashes, superseded)
    read = {entry_name(key, only)} if only else set(entries)
    kept = {
        name: entry
        for name, entry in lock.items()
        if name in entries or not name.startswith(f"{key}#")
    }
    return kept | {name: entry for name, entry in entries.items() if name in read}


def stale_sections(project: Project, page: PageText, twin: PageText) -> Iterator[Finding]:
    """Yield the sections that were not read beside the twin's since one of them changed."""
    twin_by_id = {section.id: section for section in split_sections(twin)}
    entries = page_entries(project, Path(page.path))
    slug = PurePath(project.lock_key(Path(page.path))).with_suffix("").as_posix()
    hint = f"Read both, correct the differences, then: precis bless {slug}"
    if not entries:
        message = f"this page was never read beside {twin.path}"
        yield Finding(page.path, page.first_line, 1, message, hint)
        return
    for section in split_sections(page):
        if section.id not in twin_by_id:
            continue  # compare_twins reports it
        twin_section = twin_by_id[section.id]
        hashes = entries[section.id].hashes if section.id in entries else {}
        read, twin_read = hashes.get(page.language), hashes.get(twin.language)
        if read == section.hash and twin_read == twin_section.hash:
            continue
        place = f"{twin.path}:{twin_section.line}"
        title = section.id or section.title
        if not read or not twin_read:
            message = f"the section {title} was never read beside {place}"
        elif read != section.hash:
            message = f"the section {title} changed since it was read beside {place}"
        else:
            message = f"the section {title} is unchanged, but its twin changed: {place}"
        yield Finding(page.path, section.line, 1, message, hint)


def outdated_notices(project: Project, page: PageText) -> dict[int, str]:
    """Return the notices for readers of sections to be updated later, by the heading's line."""
    entries = page_entries(project, Path(page.path))
    if not any(entry.superseded for entry in entries.values()):
        return {}
    language = page.language if project.has_words(page.language) else DEFAULT
    names = locale(language).languages
    notices = {}
    for section in split_sections(page):
        entry = entries.get(section.id, Entry({}))
        if entry.superseded and page.language not in entry.superseded:
            ahead = ", ".join(names.get(other, other) for other in sorted(entry.superseded))
            notices[section.line] = project.words(language).outdated.format(ahead=ahead)
    return notices


def _entries_by_page(path: Path) -> Mapping[str, Mapping[str, Entry]]:
    """Return the entries by page, then section: a search through all would be slow."""
    with contextlib.suppress(OSError):
        stat = path.stat()
        return _parse(path, stat.st_mtime_ns, stat.st_size)
    return {}


@functools.lru_cache(maxsize=2)
def _parse(path: Path, _changed: int, _size: int) -> Mapping[str, Mapping[str, Entry]]:
    entries: dict[str, dict[str, Entry]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        name, _, fields = line.partition(" ")
        page, mark, section = name.rpartition("#")
        if mark and "=" in fields:
            hashes = dict(field.split("=", 1) for field in fields.split() if "=" in field)
            superseded = {
                name.removesuffix(_SUPERSEDED): hashes.pop(name)
                for name in list(hashes)
                if name.endswith(_SUPERSEDED)
            }
            entries.setdefault(page, {})[section] = Entry(hashes, superseded)
    return entries
