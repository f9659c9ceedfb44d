"""`precis update`: write what a snippet printed into its `#>` lines."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from precis.base.characters import split_lines, why_unprintable
from precis.base.files import write_atomically
from precis.base.finding import Finding, Malformed, display_path
from precis.cli.common import open_book, page_reader
from precis.cli.parameters import FILES, TIME_LIMIT
from precis.run.outcome import Run
from precis.run.parent import run
from precis.source.parse import decode, has_device_mark, load, parse
from precis.source.snippet import Snippet


@click.command()
@FILES
@TIME_LIMIT
def update(files: tuple[Path, ...], timeout: float) -> None:
    """Write what the snippets print into their #> lines.

    Nothing else is touched. A file that does not run to its end, or that changed meanwhile, is
    left as it is. Without a PATH: all of snippets/, or, in a folder without a site, every Python
    file with a #> line; so of a PATH that is a folder. In a French page, docs/fr/*.md, plain
    blanks where French wants no-break spaces become those.

    \b
    Examples:
      precis update snippets/autograd.py
      precis update examples/
      precis update docs/fr/autograd.md
    """
    pages = [path for path in files if path.suffix == ".md"]
    failed = bool(pages) and not _space(pages)
    snippets = tuple(path for path in files if path.suffix != ".md")  # folders too
    if pages and not snippets:
        sys.exit(failed)
    book = open_book(snippets, timeout)
    for path in book.paths():
        before = path.read_bytes()
        try:
            snippet = load(path)
            ran = run(snippet, book.records.root, timeout=timeout)
            if ran.fault:
                raise Malformed(
                    Finding(
                        display_path(path), ran.fault.line, 1, ran.fault.message, ran.fault.detail
                    )
                )
            after = updated(before.decode("utf-8"), snippet, ran)
            if path.read_bytes() != before:
                raise Malformed(
                    Finding(
                        display_path(path), 1, 1, "the file changed while it ran", "Run it again."
                    )
                )
        except Malformed as error:
            click.echo(error, err=True)
            failed = True
            continue
        if after != before.decode("utf-8"):
            write_atomically(path, after.encode("utf-8"))
            click.echo(f"{display_path(path)}: updated")
    sys.exit(failed)


def _space(pages: list[Path]) -> bool:
    """Put no-break spaces into pages; whether all could be read."""
    from precis.text.typography import insert_no_break_spaces

    reader = page_reader()
    good = True
    for path in pages:
        try:
            page = reader.read_page(path)
        except Malformed as error:
            click.echo(error, err=True)
            good = False
            continue
        before = path.read_bytes().decode("utf-8")
        after = insert_no_break_spaces(before, page)
        if after != before:
            write_atomically(path, after.encode("utf-8"))
            click.echo(f"{display_path(path)}: updated")
    return good


def updated(text: str, snippet: Snippet, run: Run) -> str:
    """Return the text of a snippet with its `#>` lines replaced by the output of a run.

    Lines marked for another device type than the CPU stay, after the others. Line ends stay
    what they are. Raises Malformed where something was printed that no line can hold, or where
    the new text would not be read as it is meant.
    """
    lines, ends = split_lines(text)
    pairs = list(zip(snippet.statements, run.outcomes, strict=True))
    for statement, outcome in reversed(pairs):
        printed = list(outcome.printed)
        if printed == statement.expected_output():
            continue
        if unprintable := why_unprintable(printed):
            raise Malformed(Finding(display_path(snippet.path), statement.line, 1, *unprintable))
        # what looks like a mark is marked for the CPU, and so read back as it is
        mark = "[cpu] " if any(map(has_device_mark, printed)) else ""
        old = statement.expectations
        first, end = statement.end, statement.end + len(old)
        kept = [lines[e.line - 1] for e in old if e.device not in (None, "cpu")]
        lines[first:end] = [f"#> {mark}{line}".rstrip() for line in printed] + kept
        # the statement's own line end, and for the last line the one that was there
        added = len(printed) + len(kept)
        own, last = ends[first - 1] or _first(ends), ends[end - 1]
        ends[first - 1 : end] = [own] * added + [last]
    after = "".join(line + end for line, end in zip(lines, ends, strict=True))
    _check(after, snippet, run)
    return after


def _first(ends: list[str]) -> str:
    return next(filter(None, ends), "\n")


def _check(text: str, snippet: Snippet, run: Run) -> None:
    """Raise Malformed unless the text reads as the same statements with what they printed."""
    try:
        again = parse(decode(text.encode("utf-8"), snippet.path), snippet.path)
    except Malformed as error:
        refused = error.findings[0].message
        what = f"left as it is: its new #> lines would make it {refused}"
        raise Malformed(Finding(display_path(snippet.path), 1, 1, what, "Print less.")) from None
    before = [
        (s.code, list(o.printed)) for s, o in zip(snippet.statements, run.outcomes, strict=True)
    ]
    if [(s.code, s.expected_output()) for s in again.statements] != before:
        what = "left as it is: its new #> lines would be read as others"
        hint = "Save the file with one kind of line ends, and run it again."
        raise Malformed(Finding(display_path(snippet.path), 1, 1, what, hint))
