"""`precis init`: a site that builds, verifies, and whose first wrong digit is refused."""

from __future__ import annotations

import re
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

_LANGUAGE = re.compile("[a-z]{2,3}(-[A-Za-z]+)?")

_I18N = """\
  - i18n:
      docs_structure: folder
      fallback_to_default: false
      languages:
"""


@click.command()
@click.argument("folder", default=".", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--language",
    "languages",
    multiple=True,
    metavar="CODE",
    help="A language of the pages, once for each; the first is the default one.",
)
def init(folder: Path, languages: tuple[str, ...]) -> None:
    """Begin a site in FOLDER, by default here.

    One page that shows one cell, for MkDocs with the theme Material; with several languages, one
    page in each, in English until you translate it. Nothing is written where one of its files
    exists already.

    \b
    Examples:
      precis init
      precis init notes
      precis init notes --language en --language fr --language de
    """
    if wrong := [name for name in languages if not _LANGUAGE.fullmatch(name)]:
        raise click.UsageError(f"a language is a code such as fr or pt-BR: not {wrong[0]!r}")
    texts = {
        name: (TEMPLATES / template).read_text(encoding="utf-8") for name, template in FILES.items()
    }
    if languages:
        texts[CONFIG] = _with_languages(texts[CONFIG], list(dict.fromkeys(languages)))
        page = texts.pop("docs/index.md")
        texts |= {f"docs/{language}/index.md": page for language in languages}
    if taken := [folder / name for name in texts if (folder / name).exists()]:
        click.echo(
            f"{display_path(taken[0])}: this file is there already; nothing was written", err=True
        )
        sys.exit(1)
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        click.echo(f"{display_path(path)}: new")
    extra = "languages" if languages else "mkdocs"
    where = "" if folder == Path() else f"cd {display_path(folder)} && "
    click.echo(f'Next: pip install "precis[{extra}]", then {where}mkdocs serve')


def _with_languages(config: str, languages: list[str]) -> str:
    """Return an mkdocs.yml with folders for these languages, the first one at the top."""
    default = ", default: true"
    lines = [
        f"        - {{locale: {name}, name: {name}{default if n == 0 else ''}}}\n"
        for n, name in enumerate(languages)
    ]
    return config.replace("  - precis:", f"{_I18N}{''.join(lines)}  - precis:")
