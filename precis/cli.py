"""The command `precis`: verify and update snippets."""

from __future__ import annotations

import re
import sys
import tempfile
from itertools import permutations
from pathlib import Path
from typing import Any

import click

from precis.attest import attested, written
from precis.audit import audit as found_in
from precis.audit import blocks
from precis.book import Book
from precis.compare import unstable
from precis.coverage import count
from precis.device import absence
from precis.finding import Finding, Malformed, shown
from precis.lab import languages
from precis.prose import Written
from precis.reading import Reader
from precis.record import Records, write_whole
from precis.run import TIMEOUT, Setting, run
from precis.snippet import DEVICE_TYPES, load
from precis.sybil import TextDocument, cells, findings
from precis.translation import LOCK, blessed, parity, read_lock, sections, written_lock
from precis.typography import spaced
from precis.update import updated

FILES = click.argument(
    "files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
TIME_LIMIT = click.option(
    "--timeout", default=TIMEOUT, show_default=True, help="Seconds that one snippet may take."
)


class Shard(click.ParamType[tuple[int, int]]):
    """`2/8`: every eighth file, from the second one on."""

    name = "I/N"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """The place and the number of shards."""
        parts = re.fullmatch(r"(\d+)/(\d+)", value, re.ASCII)
        place, number = map(int, parts.groups()) if parts else (0, 0)
        if not 1 <= place <= number:
            self.fail(f"{value} is no part of a whole: write 2/8 for the second of eight")
        return place, number


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="precis")
def main() -> None:
    """Verify what the pages print.

    Exit codes: 0 all is well, 1 something is to be mended, 2 the command was not understood.
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
@click.option("--twice", is_flag=True, help="Run each in two unlike processes; compare.")
@click.option("--shard", type=Shard(), help="Only a part of snippets/, for one machine of many.")
@click.option("--prose", is_flag=True, help="Check the text of pages instead; nothing runs.")
def verify(
    files: tuple[Path, ...],
    timeout: float,
    device: str,
    attest: Path | None,
    twice: bool,
    shard: tuple[int, int] | None,
    prose: bool,
) -> None:
    """Run snippets and compare what they print with their #> lines.

    Without FILES: all of snippets/. With --shard a part of them: where several machines each
    do theirs and their .precis folders are copied into one, a build runs nothing again.
    With --prose: look for a witness of each number that the pages and labs state, compare the
    languages, and list what was excused.
    """
    if prose:
        _verify_prose(files)
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
    wrong = [
        message
        for path in book.paths()
        for message in findings(TextDocument.parse(str(path), cells(book)))
    ]
    if twice:
        wrong += [str(finding) for finding in _unstable(book)]
    if wrong:
        click.echo("\n\n".join(wrong), err=True)
        sys.exit(1)
    if attest:
        write_whole(attest, written(attested(book, device)))
    click.echo(count(book))


@main.command()
@click.argument("site", type=click.Path(exists=True, file_okay=False, path_type=Path))
@TIME_LIMIT
def audit(site: Path, timeout: float) -> None:
    """Compare a built SITE with what the snippets print, run again, page by page."""
    with tempfile.TemporaryDirectory() as empty:  # no record is believed
        book = _book((), timeout)
        book.records = Records(Path.cwd(), timeout=timeout, cache=Path(empty))
        book.run()
        verified = [book.verified(path) for path in book.paths()]
        wrong = [*found_in(site, verified, attested(book, "cpu"))]
    if wrong:
        click.echo("\n\n".join(map(str, wrong)), err=True)
        sys.exit(1)
    click.echo(f"{blocks(site)} cells on the pages of {site}: as their snippets print")


@main.command()
@FILES
@TIME_LIMIT
def update(files: tuple[Path, ...], timeout: float) -> None:
    """Write what the snippets print into their #> lines, and nothing else.

    A file that does not run to its end, or that changed meanwhile, is left as it is.
    Without FILES: all of snippets/. In a French page, docs/fr/*.md, plain blanks where
    French wants no-break spaces become those.
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
@click.argument("slugs", nargs=-1, required=True, metavar="SLUG[#SECTION] ...")
def bless(slugs: tuple[str, ...]) -> None:
    """Say that the pages of a chapter were read side by side and say the same.

    Writes translations.lock. Refuses pages that hold different cells, formulas or numbers.
    """
    reader = _reader()
    lock = Path(LOCK)
    known = read_lock(lock)
    for slug in slugs:
        name, _, section = slug.partition("#")
        paths = sorted(Path("docs").glob(f"[a-z][a-z]/{name}.md"))
        pages = [reader.opened(path) for path in paths] or _lab(reader, Path(f"{name}.py"))
        if len(pages) < 2:
            raise click.UsageError(
                f"there are no two docs/*/{name}.md, and there is no lab {name}.py"
            )
        if section and all(section not in {s.id for s in sections(page)} for page in pages):
            raise click.UsageError(f"{name}.md has no section #{section}")
        wrong = [f for a, b in permutations(pages, 2) for f in parity(a, b)]
        if wrong:
            click.echo("\n\n".join(map(str, sorted(set(wrong)))), err=True)
            sys.exit(1)
        after = blessed(pages, known, section)
        changed = sorted(entry for entry in after if after[entry] != known.get(entry))
        click.echo("\n".join(f"read side by side: {entry}" for entry in changed))
        known = after
    write_whole(lock, written_lock(known).encode("utf-8"))


def _space(pages: list[Path]) -> bool:
    """Put no-break spaces into pages; whether all could be read."""
    reader = _reader()
    good = True
    for path in pages:
        try:
            page = reader.opened(path)
        except Malformed as error:
            click.echo(error, err=True)
            good = False
            continue
        before = path.read_bytes().decode("utf-8")
        after = spaced(before, page)
        if after != before:
            write_whole(path, after.encode("utf-8"))
            click.echo(f"{shown(path)}: updated")
    return good


def _verify_prose(files: tuple[Path, ...]) -> None:
    reader = _reader()
    files = files or (*sorted(Path("docs").rglob("*.md")), *reader.book.labs())
    if not files:
        raise click.UsageError("there are no pages in docs/ here: run it from the project's folder")
    wrong: list[Finding] = []
    witnessed = cited = 0
    excused: list[str] = []
    for path in files:
        try:
            pages = _lab(reader, path) if path.suffix == ".py" else [reader.opened(path)]
        except Malformed as error:
            wrong += error.findings
            continue
        for page in pages:
            verdict = reader.judged(page)
            wrong += verdict.findings
            witnessed, cited = witnessed + verdict.witnessed, cited + verdict.cited
            excused += [f"{page.path}:{claim}: {e.reason}" for claim, e in verdict.excused]
    if wrong:
        click.echo("\n\n".join(map(str, dict.fromkeys(wrong))), err=True)
        sys.exit(1)
    for line in excused:
        click.echo(line)
    total = witnessed + cited + len(excused)
    click.echo(f"{total} claims: {witnessed} witnessed, {cited} cited, {len(excused)} excused")


def _lab(reader: Reader, path: Path) -> list[Written]:
    """A lab's pages, one a language; none where there is no lab."""
    if not path.is_file():
        return []
    snippet = reader.book.snippet(path)
    return [reader.lab(snippet, Path("docs"), language) for language in languages(snippet)]


def _unstable(book: Book) -> list[Finding]:
    """What two runs that differ in all that must not matter do differently."""
    snippets = [book.snippet(path) for path in book.paths()]
    first, second = (
        book.records.of(snippets, Setting(threads=threads, hash_seed=seed))
        for threads, seed in ((1, 1), (2, 2))
    )
    return [f for pair in zip(snippets, first, second, strict=True) for f in unstable(*pair)]


def _reader() -> Reader:
    return Reader(Book(Path("snippets"), Records(Path.cwd())))


def _book(files: tuple[Path, ...], timeout: float, device: str = "cpu") -> Book:
    folder = Path("snippets")
    if not files and not folder.is_dir():
        raise click.UsageError("there is no snippets/ here: run it from the project's folder")
    book = Book(folder, Records(Path.cwd(), timeout=timeout), device)
    return Selection(book, files) if files else book


class Selection(Book):
    """A book of which only some files are asked for."""

    def __init__(self, book: Book, files: tuple[Path, ...]) -> None:
        super().__init__(book.folder, book.records, book.device)
        self.files = files

    def paths(self) -> list[Path]:
        """The files named on the command line."""
        return list(self.files)


if __name__ == "__main__":
    main()
