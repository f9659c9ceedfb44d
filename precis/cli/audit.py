"""`precis audit`: compare a built site, as its readers have it, with what its snippets print.

Everything is taken from the HTML, nothing from the engine that made it; the snippets are run
again.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from bs4 import BeautifulSoup, Tag

from precis.base.finding import Finding, display_path, pluralize
from precis.book.attest import FILE, Attestation, make_attestation
from precis.book.book import Verified
from precis.cli.common import open_book, report, show_progress
from precis.cli.parameters import JSON, TIME_LIMIT
from precis.run.record import Records


@click.command()
@click.argument("site", type=click.Path(exists=True, file_okay=False, path_type=Path))
@TIME_LIMIT
@JSON
def audit(site: Path, timeout: float, as_json: bool) -> None:
    """Compare a built SITE with what its snippets print, run again.

    \b
    Examples:
      precis audit site
    """
    with tempfile.TemporaryDirectory() as empty:  # no record is believed
        book = open_book((), timeout)
        book.records = Records(
            Path.cwd(), timeout=timeout, cache=Path(empty), progress=show_progress
        )
        book.run()
        verified = [book.verified(path) for path in book.paths()]
        wrong = [*site_findings(site, verified, make_attestation(book, "cpu"))]
    shown_cells = blocks(site)
    lines = [f"{pluralize(shown_cells, 'cell')} on the pages of {site}: as their snippets print"]
    report(wrong, "json" if as_json else "text", {"cells": shown_cells}, lines)


def site_findings(site: Path, book: Sequence[Verified], now: Attestation) -> Iterator[Finding]:
    """Yield the differences of a site and its `verified.json` from freshly run snippets."""
    known = {
        (verified.snippet.name, cell.name): (verified, cell)
        for verified in book
        for cell in verified.snippet.cells
    }
    seen = set()
    for path in sorted(site.rglob("*.html")):
        soup = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for block in soup.select("div.highlight[data-source]"):
            name = (str(block["data-source"]), str(block.get("data-cell")))
            where = f"the cell {name[1]} of {name[0]}"
            if name not in known:
                yield _finding(path, block, f"{where} is not in the snippets")
                continue
            seen.add(name)
            verified, cell = known[name]
            expected = verified.printed(cell)
            outputs = [_output(line) for line in block.select("span.go")]
            if outputs != expected:
                yield _finding(path, block, f"{where} shows {_first(outputs, expected)}")
            code = verified.snippet.code(cell)
            for line in block.select("span.go"):
                line.extract()
            if _words(block.get_text()) != _words("\n".join(code)):
                yield _finding(path, block, f"{where} shows other code than the snippet")
    if known and not seen:
        what = "no page has a block of code with data-source and data-cell"
        hint = "Build the site with precis; nothing that rewrites its pages may drop them."
        yield Finding(display_path(site), 1, 1, what, hint)
        seen = set(known)
    for file, cell_name in sorted(set(known) - seen):
        what = f"the cell {cell_name} of {file} is on no page"
        yield Finding(display_path(site), 1, 1, what, "Build the site again.")
    yield from _claims(site / FILE, now)


def blocks(site: Path) -> int:
    """How many cells the site's pages show."""
    return sum(
        len(BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser").select("[data-cell]"))
        for path in site.rglob("*.html")
    )


def _claims(path: Path, now: Attestation) -> Iterator[Finding]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        cells, verifications = document["cells"], document["verifications"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        yield Finding(display_path(path), 1, 1, f"cannot be read: {error}", "Build the site again.")
        return
    for name in sorted(set(cells) | set(now.cells)):
        if cells.get(name) != now.cells.get(name):
            what = f"says something else of {name} than its snippet does"
            yield Finding(display_path(path), 1, 1, what, "Build the site again.")
    for made in verifications:
        if not made["stale"] and any(made["cells"].get(n) != h for n, h in now.cells.items()):
            what = f"calls a verification on {made['device']} valid that is stale"
            yield Finding(display_path(path), 1, 1, what, "Build the site again.")


def _output(line: Tag) -> str:
    return line.get_text().rstrip("\n").removeprefix("#>").removeprefix(" ")


def _first(outputs: list[str], expected: list[str]) -> str:
    for a, b in zip(outputs, expected, strict=False):
        if a != b:
            return f"{a!r} and prints {b!r}"
    return f"{len(outputs)} lines of output and prints {len(expected)}"


def _words(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def _finding(path: Path, block: Tag, what: str) -> Finding:
    return Finding(display_path(path), block.sourceline or 1, 1, what, "Build the site again.")
