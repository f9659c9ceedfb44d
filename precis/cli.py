"""The command `precis`: verify and update snippets."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from precis.book import Book
from precis.finding import Finding, Malformed, shown
from precis.record import Records, write_whole
from precis.run import TIMEOUT, run
from precis.snippet import load
from precis.sybil import TextDocument, cells, findings
from precis.update import updated

FILES = click.argument(
    "files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
TIME_LIMIT = click.option(
    "--timeout", default=TIMEOUT, show_default=True, help="Seconds that one snippet may take."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="precis")
def main() -> None:
    """Verify what the pages print.

    Exit codes: 0 all is well, 1 something is to be mended, 2 the command was not understood.
    """


@main.command()
@FILES
@TIME_LIMIT
def verify(files: tuple[Path, ...], timeout: float) -> None:
    """Run snippets and compare what they print with their #> lines.

    Without FILES: all of snippets/.
    """
    book = _book(files, timeout)
    book.run()
    wrong = [
        message
        for path in book.paths()
        for message in findings(TextDocument.parse(str(path), cells(book)))
    ]
    if wrong:
        click.echo("\n\n".join(wrong), err=True)
        sys.exit(1)
    outputs = sum(book.verified(path).outputs() for path in book.paths())
    click.echo(f"{outputs} outputs: {outputs} verified on cpu")


@main.command()
@FILES
@TIME_LIMIT
def update(files: tuple[Path, ...], timeout: float) -> None:
    """Write what the snippets print into their #> lines, and nothing else.

    A file that does not run to its end, or that changed meanwhile, is left as it is.
    Without FILES: all of snippets/.
    """
    book = _book(files, timeout)
    failed = False
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


def _book(files: tuple[Path, ...], timeout: float) -> Book:
    folder = Path("snippets")
    if not files and not folder.is_dir():
        raise click.UsageError("there is no snippets/ here: run it from the project's folder")
    book = Book(folder, Records(Path.cwd(), timeout=timeout))
    return Selection(book, files) if files else book


class Selection(Book):
    """A book of which only some files are asked for."""

    def __init__(self, book: Book, files: tuple[Path, ...]) -> None:
        super().__init__(book.folder, book.records)
        self.files = files

    def paths(self) -> list[Path]:
        """The files named on the command line."""
        return list(self.files)


if __name__ == "__main__":
    main()
