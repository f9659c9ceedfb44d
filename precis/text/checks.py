"""Check the text of pages: the build, the commands, Zensical and pytest report these findings.

A page without findings is cached, and skipped while the inputs of its checks are unchanged: the
page and the engine; for claims, the cells on the page and on the pages it links to; for wording,
its twins and their entries in the lock. Findings are never cached.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any

from precis.base.cache import Cache, file_digests, fingerprint
from precis.base.finding import Finding, Malformed
from precis.base.project import Project
from precis.book.book import Book
from precis.text.fences import embed_names
from precis.text.lock import page_entries
from precis.text.pages import PageReader
from precis.text.prose import PageText
from precis.text.witness import Evidence


def page_findings(reader: PageReader, page: PageText) -> tuple[Finding, ...]:
    """Return the findings of a page's text; skip checks that passed on the same inputs."""
    project, cache = reader.project, reader.book.records.cache
    name, fingerprint = f"passed {page.page_path}", _page_fingerprint(project, page)
    passed = Cache(cache).get(name, fingerprint) or {}
    twins = _twins_fingerprint(project, page)
    same_twins, same_cells = passed.get("twins") == twins, _has_same_cells(reader, passed)
    if same_twins and same_cells:
        return ()
    findings = [] if same_twins else reader.check_wording(page)
    findings += () if same_cells else reader.check_claims(page).findings
    if not findings:
        linked = _embeds_by_page(reader, _linked_pages(page))
        names = sorted({*embed_names(page.fences), *chain.from_iterable(linked.values())})
        cells = _cell_fingerprints(reader.book, names)
        Cache(cache).put(name, fingerprint, twins=twins, linked=linked, cells=cells)
    return tuple(sorted(findings))


def _page_fingerprint(project: Project, page: PageText) -> str:
    text = "\n".join(page.lines).rstrip()  # Markdown appends blank lines to its input
    settings = file_digests([project.config] if project.config else [])  # fences depend on them
    place = page.path, page.page_path, page.language, page.first_line
    return fingerprint(place, text, page.fences, settings, project.policy)


def _twins_fingerprint(project: Project, page: PageText) -> str:
    """Return the fingerprint of the files and the lock entries that a page is compared with."""
    path = Path(page.path)
    entries = {section: str(entry) for section, entry in page_entries(project, path).items()}
    # a lab's languages share one file
    return fingerprint(
        entries, file_digests([path] if page.lab_page else project.translations(path))
    )


def _has_same_cells(reader: PageReader, passed: Mapping[str, Any]) -> bool:
    """Return whether the cells that proved the claims of a page are unchanged."""
    linked, cells = passed.get("linked"), passed.get("cells")
    return (
        linked is not None
        and cells is not None
        and linked == _embeds_by_page(reader, map(Path, linked))
        and cells == _cell_fingerprints(reader.book, cells)
    )


def _linked_pages(page: PageText) -> Iterator[Path]:
    links = (p.text for block in page.blocks for p in block.pieces if p.kind == "link")
    paths = (Path(page.page_path).parent / link.partition("#")[0] for link in links)
    return (path for path in paths if path.suffix == ".md")


def _embeds_by_page(reader: PageReader, paths: Iterable[Path]) -> dict[str, list[str]]:
    """Return the embeds of linked pages, their only part that matters; none without a file."""
    return {
        str(path): embed_names(reader.read_page(path).fences) if path.is_file() else []
        for path in paths
    }


def _cell_fingerprints(book: Book, names: Iterable[str]) -> dict[str, str]:
    """Return the fingerprints of the evidence in cells; "" for a cell that does not exist."""
    fingerprints = {}
    for name in names:
        fingerprints[name] = ""
        with suppress(LookupError, Malformed):  # reported elsewhere
            evidence = Evidence([book.cell(name)])
            fingerprints[name] = fingerprint(evidence.printed, evidence.code)
    return fingerprints
