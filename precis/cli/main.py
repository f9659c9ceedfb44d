"""The command `precis`: begin, verify and update what the pages show, and say so."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import click

from precis.base.files import write_whole
from precis.base.finding import Finding, Malformed, annotation, counted, shown
from precis.base.project import Project
from precis.base.streams import print_every_character
from precis.book.attest import attestation_json, make_attestation
from precis.book.book import Book, Selection
from precis.book.checks import snippet_findings
from precis.cli.audit import audit as found_in
from precis.cli.audit import blocks
from precis.cli.new import SITE, Refused, begin, undoing
from precis.cli.parameters import FILES, JSON, TIME_LIMIT, Shard, Slug
from precis.cli.status import Waiting, waiting
from precis.cli.update import updated
from precis.compare.text import unstable
from precis.page.completeness import count_outputs, list_unrecorded, summarize_outputs
from precis.run.device import absence
from precis.run.elsewhere import copied, copy_inputs
from precis.run.outcome import ELSEWHERE
from precis.run.parent import run
from precis.run.record import Records
from precis.source.snippet import DEVICE_TYPES, load
from precis.text.lab import lab_languages
from precis.text.lock import bless_sections, format_lock, read_lock
from precis.text.pages import PageReader
from precis.text.parity import compare_twins
from precis.text.prose import PageText
from precis.text.sections import split_sections
from precis.text.typography import insert_no_break_spaces

_ONE_LANGUAGE = "mkdocs.yml has no languages in folders (plugin i18n, docs_structure: folder)"


class Commands(click.Group):
    """The commands, on streams that take what they say."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run a command."""
        print_every_character()
        return super().main(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Say what is wrong with a file that no command can do without."""
        try:
            return super().invoke(ctx)
        except Malformed as error:
            click.echo(error, err=True)
            sys.exit(1)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="precis")
def main() -> None:
    """Pages whose values were all printed by code that ran.

    A chapter is a snippet, snippets/SLUG.py, and a page in each language, docs/*/SLUG.md. Run the
    commands from the project's folder. A finding is one line, path:line:column: what, and below
    it what to do.

    \b
    Exit codes:
      0  all is well
      1  something is to be mended, and was said
      2  the command was not understood

    \b
    Completion in the shell; put the line into the file that your shell reads at its start:
      bash  eval "$(_PRECIS_COMPLETE=bash_source precis)"
      zsh   eval "$(_PRECIS_COMPLETE=zsh_source precis)"
      fish  _PRECIS_COMPLETE=fish_source precis | source
    """


@main.command()
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
    help="Write what was verified, where and with what, into this file.",
)
@click.option("--twice", is_flag=True, help="Run each again as another machine would; compare.")
@click.option("--shard", type=Shard(), help="Only a part of snippets/, for one machine of many.")
@click.option("--prose", is_flag=True, help="Check the text of pages instead; nothing runs.")
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    show_default=True,
    help="How to say what is wrong; github: as annotations of a pull request.",
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
    if missing := absence(device):
        raise click.UsageError(missing)
    if shard and (files or attest):
        raise click.UsageError("--shard is a part of all of snippets/: no FILES, no --attest")
    book = _book(files, timeout, device)
    if shard:
        place, number = shard
        book = Selection(book, tuple(book.paths()[place - 1 :: number]))
    book.run()
    wrong = [finding for path in book.paths() for finding in snippet_findings(book, path)]
    if twice:
        wrong += _unstable(book)
    if attest and not wrong:
        write_whole(attest, attestation_json(make_attestation(book, device)))
    printed, verified = count_outputs(book)
    told: dict[str, object] = {"outputs": printed}
    told |= {
        "verified": dict.fromkeys(("cpu", device), verified),
        "unrecorded": list_unrecorded(book),
    }
    _report(wrong, style, told, [] if wrong else [summarize_outputs(book), *list_unrecorded(book)])


@main.command()
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
        book = _book((), timeout)
        book.records = Records(Path.cwd(), timeout=timeout, cache=Path(empty), watch=_watch)
        book.run()
        verified = [book.verified(path) for path in book.paths()]
        wrong = [*found_in(site, verified, make_attestation(book, "cpu"))]
    shown_cells = blocks(site)
    lines = [f"{counted(shown_cells, 'cell')} on the pages of {site}: as their snippets print"]
    _report(wrong, "json" if as_json else "text", {"cells": shown_cells}, lines)


@main.command()
@FILES
@TIME_LIMIT
def update(files: tuple[Path, ...], timeout: float) -> None:
    """Write what the snippets print into their #> lines.

    Nothing else is touched. A file that does not run to its end, or that changed meanwhile, is
    left as it is. Without FILES: all of snippets/. In a French page, docs/fr/*.md, plain blanks
    where French wants no-break spaces become those.

    \b
    Examples:
      precis update snippets/autograd.py
      precis update docs/fr/autograd.md
    """
    pages = [path for path in files if path.suffix == ".md"]
    failed = not _space(pages)
    snippets = tuple(path for path in files if path.suffix != ".md")
    if pages and not snippets:
        sys.exit(failed)
    book = _book(snippets, timeout)
    for path in book.paths():
        before = path.read_bytes()
        try:
            snippet = load(path)
            ran = run(snippet, book.records.root, timeout=timeout)
            if ran.fault:
                raise Malformed(
                    Finding(shown(path), ran.fault.line, 1, ran.fault.what, ran.fault.detail)
                )
            after = updated(before.decode("utf-8"), snippet, ran)
            if path.read_bytes() != before:
                raise Malformed(
                    Finding(shown(path), 1, 1, "the file changed while it ran", "Run it again.")
                )
        except Malformed as error:
            click.echo(error, err=True)
            failed = True
            continue
        if after != before.decode("utf-8"):
            write_whole(path, after.encode("utf-8"))
            click.echo(f"{shown(path)}: updated")
    sys.exit(failed)


@main.command()
@click.argument("slugs", nargs=-1, required=True, type=Slug(), metavar="SLUG[#SECTION] ...")
@click.option(
    "--late", metavar="LANGUAGE", help="Whose words have yet to follow; its page says so."
)
def bless(slugs: tuple[str, ...], late: str | None) -> None:
    """Say that a chapter's pages were read side by side and agree.

    SLUG is all of a chapter, SLUG#SECTION one section by the id of its heading. Writes
    translations.lock. Refuses pages that hold different cells, formulas or numbers.

    With --late fr, for who does not write French: the sections that changed are published, the
    French page tells its readers that its words have yet to follow, and precis status lists them
    until they are read side by side.

    \b
    Examples:
      precis bless autograd
      precis bless autograd#chain-rule tensors
      precis bless autograd#chain-rule --late fr
    """
    reader = _reader()
    project = reader.project
    if not project.languages:
        raise click.UsageError(f"nothing to read side by side: {_ONE_LANGUAGE}")
    known = read_lock(project.lock)
    for slug in slugs:
        name, _, section = slug.partition("#")
        paths = project.pages(f"{name}.md")
        pages = [reader.read_page(path) for path in paths] or _lab(reader, Path(f"{name}.py"))
        if len(pages) < 2:
            raise click.UsageError(
                f"there are no two {shown(project.docs)}/*/{name}.md, and there is no lab {name}.py"
            )
        if section and all(section not in {s.id for s in split_sections(page)} for page in pages):
            raise click.UsageError(f"{name}.md has no section #{section}")
        wrong = [f for a, b in permutations(pages, 2) for f in compare_twins(a, b)]
        if wrong:
            click.echo("\n\n".join(map(str, sorted(set(wrong)))), err=True)
            sys.exit(1)
        if late and late not in {page.language for page in pages}:
            raise click.UsageError(f"{name} has no page in {late}")
        after = bless_sections(project, pages, known, section, late or "")
        changed = sorted(entry for entry in after if after[entry] != known.get(entry))
        unread = [entry for entry in changed if entry not in known]
        if late and unread:
            raise click.UsageError(f"{unread[0]} was never read side by side: no --late")
        for entry in changed:
            follows = (
                f"{late} has yet to follow" if after[entry].superseded else "read side by side"
            )
            click.echo(f"{follows}: {entry}")
        known = after
    write_whole(project.lock, format_lock(known).encode("utf-8"))


@main.command()
@click.argument("slugs", nargs=-1, type=Slug(), metavar="[SLUG ...]")
@JSON
def status(slugs: tuple[str, ...], as_json: bool) -> None:
    """List the sections to be read again, since one language changed.

    With what changed in each since both languages were last read side by side, if git has the
    text that was read. Exit code 1 if there are any.

    \b
    Examples:
      precis status
      precis status autograd tensors
      precis status --json
    """
    reader = _reader()
    project = reader.project
    known = read_lock(project.lock)
    pages = project.docs.rglob("*.md")
    names = [f"{slug}.md" for slug in slugs] or sorted({project.key(page) for page in pages})
    read = 0
    found: list[Waiting] = []
    try:
        for name in names:
            paths = project.pages(name)
            if len(paths) > 1:
                read += 1
                found += waiting([reader.read_page(path) for path in paths], known, reader)
            elif slugs:
                raise click.UsageError(f"there are no two {shown(project.docs)}/*/{name}")
    except Malformed as error:
        click.echo(error, err=True)
        sys.exit(1)
    if as_json:
        told = [{**dataclasses.asdict(each), "bless": each.argument} for each in found]
        click.echo(json.dumps({"pages": read, "waiting": told}, ensure_ascii=False, indent=1))
        sys.exit(bool(found))
    for each in found:
        click.echo("\n".join(map(str, each.findings())) + "\n")
    if found:
        names = [each.argument for each in found]
        once = " ".join(
            name for name in names if "#" not in name or name.split("#")[0] not in names
        )
        count = f"{counted(read, 'page')}: {counted(len(found), 'section')} to read again"
        click.echo(f"{count}; then: precis bless {once}")
        sys.exit(1)
    if not project.languages:
        click.echo(f"nothing to read side by side: {_ONE_LANGUAGE}")
    else:
        click.echo(f"{counted(read, 'page')}: all sections read side by side")


@main.command()
@click.argument("slug")
@click.option("--fr", required=True, metavar="TITLE", help="Its title in French.")
@click.option("--en", required=True, metavar="TITLE", help="Its title in English.")
def new(slug: str, fr: str, en: str) -> None:
    """Begin the chapter SLUG: pages, snippet and navigation entry.

    It builds and passes as it is written: `make serve`, then put your text where the comments in
    the pages say what belongs there. Nothing is written where a file of that name exists.

    \b
    Examples:
      precis new attention --fr "L’attention" --en "Attention"
    """
    reader = _reader()
    project = reader.project
    if project.config is None:
        raise click.UsageError(f"there is no {SITE} here: run it from the project's folder")
    if project.languages != ("en", "fr"):
        has = ", ".join(project.languages) or "none in folders"
        raise click.UsageError(f"a new chapter is in en and fr; the languages of {SITE}: {has}")
    if missing := [path for path in map(project.home, ("fr", "en")) if not path.is_dir()]:
        raise click.UsageError(f"there is no folder {shown(missing[0])}/")
    try:
        beginning = begin(slug, {"fr": fr, "en": en}, reader)
    except Refused as error:
        raise click.UsageError(str(error)) from None
    except Malformed as error:
        click.echo(error, err=True)
        sys.exit(1)
    undo = undoing(beginning.files, beginning.changed)
    beginning.write()
    for path in beginning.files:
        click.echo(f"{shown(path)}: new")
    for line in beginning.lines:
        click.echo(f"{shown(SITE)}:{line.number}: {line.text}")
    click.echo(f"{shown(project.lock)}: {slug}.md, its sections read side by side")
    click.echo(f"To take it back: {undo or 'delete these files and these lines'}")


def _space(pages: list[Path]) -> bool:
    """Put no-break spaces into pages; whether all could be read."""
    reader = _reader()
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
            write_whole(path, after.encode("utf-8"))
            click.echo(f"{shown(path)}: updated")
    return good


def _report(
    wrong: Sequence[Finding], style: str, told: dict[str, object], lines: Sequence[str]
) -> None:
    """Say what is wrong and exit with 1, or say the lines that are for when nothing is."""
    wrong = list(dict.fromkeys(wrong))
    if style == "json":
        told = {"findings": [dataclasses.asdict(finding) for finding in wrong], **told}
        click.echo(json.dumps(told, ensure_ascii=False, indent=1))
    elif style == "github":
        click.echo("\n".join([*map(annotation, wrong), *([] if wrong else lines)]))
    elif wrong:
        click.echo("\n\n".join(map(str, wrong)), err=True)
    else:
        click.echo("\n".join(lines))
    sys.exit(bool(wrong))


def _verify_prose(files: tuple[Path, ...], style: str) -> None:
    reader = _reader()
    docs = reader.project.docs
    files = files or (*sorted(docs.rglob("*.md")), *reader.book.labs())
    if not files:
        raise click.UsageError(
            f"there are no pages in {shown(docs)}/ here: run it from the project's folder"
        )
    wrong: list[Finding] = []
    witnessed = cited = 0
    excused: list[dict[str, object]] = []
    for path in files:
        try:
            pages = _lab(reader, path) if path.suffix == ".py" else [reader.read_page(path)]
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
    told = {"claims": claims, "witnessed": witnessed, "cited": cited, "excused": excused}
    lines = ["{path}:{line}:{column}: {text}: {reason}".format(**each) for each in excused]
    lines.append(
        f"{counted(claims, 'claim')}: {witnessed} witnessed, {cited} cited, {len(excused)} excused"
    )
    _report(wrong, style, told, lines)


def _lab(reader: PageReader, path: Path) -> list[PageText]:
    """A lab's pages, one a language; none where there is no lab."""
    if not path.is_file():
        return []
    snippet = reader.book.snippet(path)
    return [reader.read_lab(snippet, language) for language in lab_languages(snippet)]


def _unstable(book: Book) -> list[Finding]:
    """Compare with runs that differ in all that must not matter."""
    records, snippets = book.records, book.readable()
    first = records.of(snippets)
    with tempfile.TemporaryDirectory(prefix="precis-elsewhere-") as folder:
        target = Path(folder).resolve()
        copies = copied(snippets, records.root, target)
        for record in first:
            copy_inputs(record.run.inputs, records.root, target)
        there = Records(target, timeout=records.timeout, watch=_watch)
        second = there.of(copies, ELSEWHERE)
    return [f for pair in zip(snippets, first, second, strict=True) for f in unstable(*pair)]


def _project() -> Project:
    """Return the project in whose folder the command runs."""
    try:
        return Project.read(Path.cwd())
    except Malformed as error:
        click.echo(error, err=True)
        sys.exit(1)


def _reader() -> PageReader:
    project = _project()
    return PageReader(Book(project, Records(project.root)))


def _book(files: tuple[Path, ...], timeout: float, device: str = "cpu") -> Book:
    project = _project()
    if not files and not project.snippets.is_dir():
        folder = shown(project.snippets)
        raise click.UsageError(f"there is no {folder}/ here: run it from the project's folder")
    book = Book(project, Records(project.root, timeout=timeout, watch=_watch), device)
    return Selection(book, files) if files else book


def _watch(done: int, total: int) -> None:
    """Show how far a run is, to a person: one line that goes when it is done."""
    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        line = f"{done} of {counted(total, 'snippet')} ran" if done < total else ""
        click.echo(f"\r\x1b[K{line}", nl=False, err=True)


if __name__ == "__main__":
    main()
