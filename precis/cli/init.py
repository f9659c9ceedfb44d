"""`precis init`: a site that builds, verifies, and whose first wrong digit is refused."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from precis.base.finding import display_path
from precis.base.project import CONFIG

TEMPLATES = Path(__file__).with_name("templates") / "site"

FILES = {
    CONFIG: "mkdocs.yml",
    "docs/index.md": "index.md",
    "snippets/first.py": "first.txt",
    ".gitignore": "gitignore",
}
"""Each file of a new site, and its template."""


@click.command()
@click.argument("folder", default=".", type=click.Path(file_okay=False, path_type=Path))
def init(folder: Path) -> None:
    """Begin a site in FOLDER, by default here.

    One page that shows one cell, for MkDocs with the theme Material. Nothing is written where one
    of its files exists already.

    \b
    Examples:
      precis init
      precis init notes
    """
    paths = {folder / name: TEMPLATES / template for name, template in FILES.items()}
    if taken := [path for path in paths if path.exists()]:
        click.echo(
            f"{display_path(taken[0])}: this file is there already; nothing was written", err=True
        )
        sys.exit(1)
    for path, template in paths.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(template.read_text(encoding="utf-8"), encoding="utf-8", newline="\n")
        click.echo(f"{display_path(path)}: new")
    where = "" if folder == Path() else f"cd {display_path(folder)} && "
    click.echo(f"Next: pip install mkdocs-material, then {where}mkdocs serve")
