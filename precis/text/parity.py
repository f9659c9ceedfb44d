"""Compare twins: two pages with the same content in two languages.

The twin of `docs/fr/x.md` is `docs/en/x.md`. Sections are matched by their heading ids. Each pair
must have the same cells, boxes, formulas, numbers, inline code and sources.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from precis.base.finding import Finding
from precis.text.prose import PageText
from precis.text.sections import Fact, Section, split_sections

_KINDS = ("cell", "box", "formula", "code", "number", "source")

_ORDERED = ("cell", "box", "formula")
"""The kinds with the same order in all languages; sentences may reorder numbers."""


def compare_twins(page: PageText, twin: PageText) -> Iterator[Finding]:
    """Yield the differences of a page from its twin."""
    sections, twin_sections = split_sections(page), split_sections(twin)
    twin_by_id = {section.id: section for section in twin_sections}
    for section in sections:
        if section.id not in twin_by_id:
            message = f"the section {section.id or section.title} is not in {twin.path}"
            hint = "Write it there, or give it the same {#id}."
            yield Finding(page.path, section.line, 1, message, hint)
            continue
        yield from _compare_sections(page, section, twin, twin_by_id[section.id])
    shared = {section.id for section in sections} & set(twin_by_id)
    ids, twin_ids = ([s.id for s in part if s.id in shared] for part in (sections, twin_sections))
    if ids != twin_ids and not (_is_alphabetical(sections) and _is_alphabetical(twin_sections)):
        id_, twin_id = next((a, b) for a, b in zip(ids, twin_ids, strict=True) if a != b)
        line = next(section.line for section in sections if section.id == id_)
        message = f"the section {id_} stands where {twin.path} has {twin_id}"
        yield Finding(page.path, line, 1, message, "Put the sections in the same order.")


def _compare_sections(
    page: PageText, section: Section, twin: PageText, twin_section: Section
) -> Iterator[Finding]:
    place = f"{twin.path}:{twin_section.line}"
    hint = f"Compare with {place}."
    if section.level != twin_section.level:
        message = (
            f"a heading of level {section.level}, and of level {twin_section.level} in {twin.path}"
        )
        yield Finding(page.path, section.line, 1, message, hint)
    for kind in _KINDS:
        facts = [fact for fact in section.facts if fact.kind == kind]
        twin_facts = [fact for fact in twin_section.facts if fact.kind == kind]
        if kind in _ORDERED:
            if pair := _first_difference(facts, twin_facts):
                fact, _ = pair
                line, column = (fact.line, fact.column) if fact else (section.line, 1)
                yield Finding(page.path, line, column, _describe(*pair, twin.path), hint)
            continue
        left = Counter(fact.text for fact in twin_facts)
        for fact in facts:
            left[fact.text] -= 1
            if left[fact.text] < 0:
                message = f"the {kind} {fact.shown} is not in {place}"
                yield Finding(page.path, fact.line, fact.column, message, hint)


def _first_difference(
    facts: list[Fact], twin_facts: list[Fact]
) -> tuple[Fact | None, Fact | None] | None:
    """Return the first two facts that differ; None for the missing one of a longer list."""
    for fact, twin_fact in zip_longest(facts, twin_facts):
        if not (fact and twin_fact and fact.text == twin_fact.text):
            return fact, twin_fact
    return None


def _describe(fact: Fact | None, twin_fact: Fact | None, twin: str) -> str:
    """Return a message for two facts that differ, or for one without the other."""
    if twin_fact is None:
        assert fact
        return f"the {fact.kind} {fact.shown} is missing in {twin}"
    place = f"{twin}:{twin_fact.line}"
    if fact is None:
        return f"the {twin_fact.kind} {twin_fact.shown} of {place} is missing"
    return f"the {fact.kind} {fact.shown}, where {place} has {twin_fact.shown}"


def _is_alphabetical(sections: Sequence[Section]) -> bool:
    titles = [_sort_key(section.title) for section in sections[1:]]
    return titles == sorted(titles)


def _sort_key(title: str) -> str:
    letters = title.casefold().replace("œ", "oe").replace("æ", "ae")  # NFKD keeps ligatures
    decomposed = unicodedata.normalize("NFKD", letters)
    return "".join(char for char in decomposed if char.isalnum())
