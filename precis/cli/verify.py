"""`precis verify`: run snippets, or check the text of pages, and report the findings."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from precis.base.files import write_atomically
from precis.base.finding import Finding, Malformed, display_path, pluralize
from precis.book.attest import attestation_json, make_attestation
from precis.book.book import Book, Selection
from precis.book.checks import snippet_findings
from precis.cli.common import lab_pages, open_book, page_reader, report, show_progress
from precis.cli.parameters import FILES, JSON, TIME_LIMIT, Shard
from precis.compare.text import find_unstable
from precis.page.completeness import count_outputs, list_unrecorded, summarize_outputs
from precis.run.copies import copy_inputs, copy_snippets
from precis.run.device import why_unavailable
from precis.run.outcome import OTHER_MACHINE
from precis.run.record import Records
from precis.source.snippet import DEVICE_TYPES


@click.command()
@FILES
@TIME_LIMIT
@click.option(
    "--device",
    type=click.Choice(DEVICE_TYPES),
    default="cpu",
    show_default=True,
    help="Verify on this device too, value by value.",
)
@click.option(
    "--attest",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write an attestation of what was verified into this file.",
)
@click.option("--twice", is_flag=True, help="Run each again as on another machine, and compare.")
@click.option("--shard", type=Shard(), help="Only a part of snippets/, for one machine of many.")
@click.option("--prose", is_flag=True, help="Check the text of pages instead; nothing runs.")
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    show_default=True,
    help="The form of findings; github: annotations of a pull request.",
)
@JSON
def verify(
    files: tuple[Path, ...],
    timeout: float,
    device: str,
    attest: Path | None,
    twice: bool,
    shard: tuple[int, int] | None,
    prose: bool,
    style: str,
    as_json: bool,
) -> None:
    """Run snippets and compare what they print with their #> lines.

    Without FILES: all of snippets/. With --shard a part of them: where several machines each
    do theirs and their .precis folders are copied into one, a build runs nothing again.
    With --prose: look for a witness of each number that the pages and labs state, compare the
    languages, and list what was excused.

    \b
    Examples:
      precis verify snippets/autograd.py
      precis verify --device cuda
      precis verify --shard 2/8
      precis verify --prose docs/fr/autograd.md docs/en/autograd.md
      precis verify --json | jq .findings
    """
    style = "json" if as_json else style
    if prose:
        _verify_prose(files, style)
        return
    if missing := why_unavailable(device):
        raise click.UsageError(missing)
    if shard and (files or attest):
        raise click.UsageError("--shard is a part of all of snippets/: no FILES, no --attest")
    book = open_book(files, timeout, device)
    if shard:
        place, number = shard
        book = Selection(book, tuple(book.paths()[place - 1 :: number]))
    book.run()
    wrong = [finding for path in book.paths() for finding in snippet_findings(book, path)]
    if twice:
        wrong += _unstable(book)
    if attest and not wrong:
        write_atomically(attest, attestation_json(make_attestation(book, device)))
    printed, verified = count_outputs(book)
    summary: dict[str, object] = {"outputs": printed}
    unrecorded = list_unrecorded(book)
    summary |= {"verified": dict.fromkeys(("cpu", device), verified), "unrecorded": unrecorded}
    report(wrong, style, summary, [] if wrong else [summarize_outputs(book), *unrecorded])


def _verify_prose(files: tuple[Path, ...], style: str) -> None:
    reader = page_reader()
    docs = reader.project.docs
    files = files or (*sorted(docs.rglob("*.md")), *reader.book.labs())
    if not files:
        raise click.UsageError(
            f"there are no pages in {display_path(docs)}/ here: run it from the project's folder"
        )
    wrong: list[Finding] = []
    witnessed = cited = 0
    excused: list[dict[str, object]] = []
    for path in files:
        try:
            pages = lab_pages(reader, path) if path.suffix == ".py" else [reader.read_page(path)]
            judged = [(page, reader.check_page(page)) for page in pages]
        except Malformed as error:  # of the page, or of one with which it is compared
            wrong += error.findings
            continue
        for page, verdict in judged:
            wrong += verdict.findings
            witnessed, cited = witnessed + verdict.witnessed, cited + verdict.cited
            for claim, excuse in verdict.excused:
                line, column = claim.block.position(claim.offset)
                where = {"path": page.path, "line": line, "column": column}
                excused.append({**where, "text": claim.text, "reason": excuse.reason})
    claims = witnessed + cited + len(excused)
    summary: dict[str, object] = {
        "claims": claims,
        "witnessed": witnessed,
        "cited": cited,
        "excused": excused,
    }
    lines = ["{path}:{line}:{column}: {text}: {reason}".format(**each) for each in excused]
    lines.append(
        f"{pluralize(claims, 'claim')}: {witnessed} witnessed, {cited} cited, "
        f"{len(excused)} excused"
    )
    report(wrong, style, summary, lines)


def _unstable(book: Book) -> list[Finding]:
    """Compare with runs in another environment, as on another machine."""
    records, snippets = book.records, book.readable()
    first = records.get(snippets)
    with tempfile.TemporaryDirectory(prefix="precis-elsewhere-") as folder:
        target = Path(folder).resolve()
        copies = copy_snippets(snippets, records.root, target)
        for record in first:
            copy_inputs(record.run.inputs, records.root, target)
        there = Records(target, timeout=records.timeout, progress=show_progress)
        second = there.get(copies, OTHER_MACHINE)
    return [f for pair in zip(snippets, first, second, strict=True) for f in find_unstable(*pair)]
