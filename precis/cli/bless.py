"""`precis bless`: record that a chapter's pages were read side by side."""

from __future__ import annotations

import sys
from itertools import permutations
from pathlib import Path

import click

from precis.base.files import write_atomically
from precis.base.finding import display_path
from precis.cli.common import ONE_LANGUAGE, lab_pages, page_reader
from precis.cli.parameters import Slug
from precis.text.lock import bless_sections, format_lock, read_lock
from precis.text.parity import compare_twins
from precis.text.sections import split_sections


@click.command()
@click.argument("slugs", nargs=-1, required=True, type=Slug(), metavar="SLUG[#SECTION] ...")
@click.option(
    "--late", metavar="LANGUAGE", help="Update this language later; its page shows a notice."
)
def bless(slugs: tuple[str, ...], late: str | None) -> None:
    """Record in translations.lock that a chapter's pages were read side by side and agree.

    SLUG is a whole chapter, SLUG#SECTION one section by the id of its heading. Refuses pages that
    hold different cells, formulas or numbers.

    --late fr is for authors who do not write French: the changed sections are published, the
    French page shows a notice that its text is older, and precis status lists the sections until
    they are read side by side.

    \b
    Examples:
      precis bless autograd
      precis bless autograd#chain-rule tensors
      precis bless autograd#chain-rule --late fr
    """
    reader = page_reader()
    project = reader.project
    if not project.languages:
        raise click.UsageError(f"nothing to read side by side: {ONE_LANGUAGE}")
    known = read_lock(project.lock)
    for slug in slugs:
        name, _, section = slug.partition("#")
        paths = project.pages(f"{name}.md")
        pages = [reader.read_page(path) for path in paths] or lab_pages(reader, Path(f"{name}.py"))
        if len(pages) < 2:
            raise click.UsageError(
                f"there are no two {display_path(project.docs)}/*/{name}.md, "
                f"and there is no lab {name}.py"
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
            late_side = f"{late} has yet to follow" if after[entry].superseded else ""
            click.echo(f"{late_side or 'read side by side'}: {entry}")
        known = after
    write_atomically(project.lock, format_lock(known).encode("utf-8"))
