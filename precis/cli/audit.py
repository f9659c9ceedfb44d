"""`precis audit`: compare the HTML of a built site with what its snippets print, run again."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
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
    with tempfile.TemporaryDirectory() as empty:  # run everything again
        book = open_book((), timeout)
        book.records = Records(
            Path.cwd(), timeout=timeout, cache=Path(empty), progress=show_progress
        )
        book.run()
        verified = [book.verified(path) for path in book.paths()]
        attestation = make_attestation(book, "cpu")
    blocks = site_blocks(site)
    findings = [*block_findings(site, blocks, verified), *_file_findings(site / FILE, attestation)]
    count = sum(block.has_attr("data-cell") for _, block in blocks)
    lines = [f"{pluralize(count, 'cell')} on the pages of {site}: as their snippets print"]
    report(findings, "json" if as_json else "text", {"cells": count}, lines)


def site_blocks(site: Path) -> list[tuple[Path, Tag]]:
    """Return the blocks of code on a site's pages that name a snippet, with the page's file."""
    return [
        (path, block)
        for path in sorted(site.rglob("*.html"))
        for block in BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser").select(
            "div.highlight[data-source]"
        )
    ]


def block_findings(
    site: Path, blocks: Iterable[tuple[Path, Tag]], book: Sequence[Verified]
) -> Iterator[Finding]:
    """Yield the differences between a site's blocks and freshly run snippets."""
    cells = {
        (verified.snippet.name, cell.name): (verified, cell)
        for verified in book
        for cell in verified.snippet.cells
    }
    seen = set()
    for path, block in blocks:
        name = (str(block["data-source"]), str(block.get("data-cell")))
        where = f"the cell {name[1]} of {name[0]}"
        if name not in cells:
            yield _finding(path, block, f"{where} is not in the snippets")
            continue
        seen.add(name)
        verified, cell = cells[name]
        expected = verified.printed(cell)
        outputs = [_output(line) for line in block.select("span.go")]
        if outputs != expected:
            yield _finding(path, block, f"{where} shows {_first(outputs, expected)}")
        code = verified.snippet.code(cell)
        for other in block.select("span.go, span.filename"):  # outputs, and the block's title
            other.extract()
        if _words(block.get_text()) != _words("\n".join(code)):
            yield _finding(path, block, f"{where} shows other code than the snippet")
    if cells and not seen:
        message = "no page has a block of code with data-source and data-cell"
        hint = "Build the site with precis; nothing that rewrites its pages may drop them."
        yield Finding(display_path(site), 1, 1, message, hint)
        return
    for file, cell_name in sorted(set(cells) - seen):
        message = f"the cell {cell_name} of {file} is on no page"
        yield Finding(display_path(site), 1, 1, message, "Build the site again.")


def _file_findings(path: Path, attestation: Attestation) -> Iterator[Finding]:
    """Yield the differences between a site's `verified.json` and a fresh attestation."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        cells, verifications = document["cells"], document["verifications"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        yield Finding(display_path(path), 1, 1, f"cannot be read: {error}", "Build the site again.")
        return
    for name in sorted(set(cells) | set(attestation.cells)):
        if cells.get(name) != attestation.cells.get(name):
            message = f"says something else of {name} than its snippet does"
            yield Finding(display_path(path), 1, 1, message, "Build the site again.")
    fresh = attestation.cells.items()
    for made in verifications:
        if not made["stale"] and any(made["cells"].get(name) != hash_ for name, hash_ in fresh):
            message = f"calls a verification on {made['device']} valid that is stale"
            yield Finding(display_path(path), 1, 1, message, "Build the site again.")


def _output(line: Tag) -> str:
    return line.get_text().rstrip("\n").removeprefix("#>").removeprefix(" ")


def _first(outputs: list[str], expected: list[str]) -> str:
    for a, b in zip(outputs, expected, strict=False):
        if a != b:
            return f"{a!r} and prints {b!r}"
    return f"{len(outputs)} lines of output and prints {len(expected)}"


def _words(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def _finding(path: Path, block: Tag, message: str) -> Finding:
    return Finding(display_path(path), block.sourceline or 1, 1, message, "Build the site again.")
