"""`precis new`: two pages, a snippet, a place in the navigation and in the lock.

All of it is worked out and judged before anything is written; what is written then builds.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from pathlib import Path

import click
import yaml

from precis.base.files import write_atomically
from precis.base.finding import Finding, Malformed, display_path, errors
from precis.base.git import git
from precis.base.project import Project
from precis.cli.common import current_project, page_reader
from precis.cli.navigation import SITE, Line, Refused, listed
from precis.source.parse import read
from precis.text.lock import bless_sections, format_lock, read_lock
from precis.text.pages import PageReader
from precis.text.parity import compare_twins
from precis.text.prose import strip_front_matter
from precis.text.typography import check_typography, insert_no_break_spaces

_DESCRIPTIONS = {
    "fr": "{title}\u00a0: un chapitre dont chaque valeur affichée a été vérifiée.",
    "en": "{title}: a chapter whose every printed value was verified.",
}
"""Placeholder descriptions of a whole chapter, in the languages that have one."""

TEMPLATES = Path(__file__).with_name("templates")

FULL, PLAIN = "chapter", "page"
"""The folder with a whole chapter in some languages, and that with a page for all others."""

_SLUG = re.compile("[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST = 80
_MARKUP = re.compile(r"[\x00-\x1f\x7f{}<>\[\]`$*_|\\#\"]")


@dataclass(frozen=True)
class Beginning:
    """All that a new chapter writes."""

    files: Mapping[Path, str]
    """New files."""

    changed: Mapping[Path, str]
    """Files that the project has, with their whole new text."""

    lines: tuple[Line, ...]
    """What the site's configuration gains."""

    def write(self) -> None:
        """Write everything, or nothing."""
        before = {path: path.read_bytes() if path.exists() else None for path in self.changed}
        made: list[Path] = []
        try:
            for path, text in self.files.items():
                with path.open("x", encoding="utf-8", newline="\n") as file:
                    made.append(path)
                    file.write(text)
            for path, text in self.changed.items():
                write_atomically(path, text.encode("utf-8"))
        except BaseException:
            for path in made:
                path.unlink()
            for path, content in before.items():
                if content is None:
                    path.unlink(missing_ok=True)
                elif path.read_bytes() != content:
                    write_atomically(path, content)
            raise


class TitledCommand(click.Command):
    """A command with an option for the title in each language of the project."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse a folder without a project before its options are looked at."""
        asks_for_help = {"-h", "--help"} & {*args}
        if not (asks_for_help or ctx.resilient_parsing) and current_project().config is None:
            raise click.UsageError(f"there is no {SITE} here: run it from the project's folder")
        return super().parse_args(ctx, args)

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return `--title` for one language, or `--fr`, `--en` and so on for several."""
        languages: tuple[str, ...] = ()
        with suppress(Malformed):  # reported by the command
            languages = current_project().languages
        titles = [
            click.Option(
                [f"--{name}", f"title_{name}"], metavar="TITLE", help=f"Its title, {name}."
            )
            for name in languages
        ]
        alone = click.Option(["--title", "title_"], metavar="TITLE", help="Its title.")
        return [*self.params, *(titles or [alone]), *super().get_params(ctx)[len(self.params) :]]


@click.command(cls=TitledCommand)
@click.argument("slug")
@click.option("--after", metavar="SLUG", help="The chapter before it; else the last one.")
def new(slug: str, after: str | None, **options: str | None) -> None:
    """Begin the chapter SLUG: pages, snippet and navigation entry.

    It builds and passes as it is written: serve the site, then put your text in place of it. A
    site in several languages has an option for the title in each, called as the language. Nothing
    is written where a file of that name exists.

    \b
    Examples:
      precis new attention --title "Attention" --after configuration
      precis new attention --fr "L’attention" --en "Attention"
    """
    reader = page_reader()
    project = reader.project
    titles = {name.removeprefix("title_"): title for name, title in options.items()}
    if missing := [f"--{name or 'title'}" for name, title in titles.items() if title is None]:
        raise click.UsageError(f"a chapter has a title in each language: {', '.join(missing)}")
    folders = map(project.pages_folder, titles)
    if absent := [path for path in folders if not path.is_dir()]:
        raise click.UsageError(f"there is no folder {display_path(absent[0])}/")
    try:
        beginning = begin(
            slug, {name: title or "" for name, title in titles.items()}, reader, after
        )
    except Refused as error:
        raise click.UsageError(str(error)) from None
    undo = undoing(beginning.files, beginning.changed)
    beginning.write()
    for path in beginning.files:
        click.echo(f"{display_path(path)}: new")
    for line in beginning.lines:
        click.echo(f"{display_path(SITE)}:{line.number}: {line.text}")
    if project.languages:
        click.echo(f"{display_path(project.lock)}: {slug}.md, its sections read side by side")
    click.echo(f"To take it back: {undo or 'delete these files and these lines'}")


def begin(
    slug: str, titles: Mapping[str, str], reader: PageReader, after: str | None = None
) -> Beginning:
    """A chapter with a title in each language.

    Raises Refused for a slug or a title that cannot be, Malformed where the project is in the
    way.
    """
    project = reader.project
    _judge_slug(project, slug)
    snippet = reader.book.folder / f"{slug}.py"
    paths = {language: project.pages_folder(language) / f"{slug}.md" for language in titles}
    if taken := [path for path in (*paths.values(), snippet) if path.exists()]:
        what = f"this file is there already, so no new chapter can be called {slug}"
        hint = "Choose another slug, or write on in that file."
        raise Malformed(Finding(display_path(taken[0]), 1, 1, what, hint))

    titles = {language: _title(language, text, reader) for language, text in titles.items()}
    kind = FULL if titles.keys() <= _DESCRIPTIONS.keys() else PLAIN
    texts = {}
    pages = {}
    for language, path in paths.items():
        text = _page(kind, language, slug, titles[language])
        lines, first_line = strip_front_matter(text)
        page = reader.parse_page(display_path(path), lines, first_line)
        texts[path] = insert_no_break_spaces(text, page)
        pages[language] = reader.parse_page(display_path(path), *strip_front_matter(texts[path]))
    first, *others = pages.values()
    for other in others:
        for finding in (*compare_twins(first, other), *compare_twins(other, first)):
            raise Refused(f"the titles do not say the same: {finding.message}")

    english = titles.get("en", next(iter(titles.values())))
    texts[snippet] = _template(f"{kind}/snippet.txt", slug, _sentence(english))
    chapters = {f"{path.stem}.md" for path in reader.book.folder.glob("*.py")}
    if after:
        if not all((project.pages_folder(name) / f"{after}.md").is_file() for name in titles):
            raise Refused(f"there is no chapter {after}")
        chapters = {f"{after}.md"}
    site, added = listed(read(SITE), slug, titles, chapters)
    changed = {SITE: site} if added else {}
    if project.languages:
        lock = bless_sections(project, list(pages.values()), read_lock(project.lock))
        changed[project.lock] = format_lock(lock)
    return Beginning(texts, changed, added)


def undoing(files: Iterable[Path], changed: Iterable[Path]) -> str | None:
    """The command that takes a beginning back; None where git could lose other changes.

    To be asked for before anything is written.
    """
    names = [display_path(path) for path in changed]
    if git("ls-files", "--error-unmatch", *names) is None:
        return None
    if git("status", "--porcelain", "--", *names) != "":
        return None
    new = " ".join(map(display_path, files))
    return f"git checkout {' '.join(names)} && git clean -f {new}"


def _judge_slug(project: Project, slug: str) -> None:
    if not _SLUG.fullmatch(slug):
        raise Refused(
            f"a slug has small letters, digits and hyphens, and starts with a letter: not {slug!r}"
        )
    if slug in sys.stdlib_module_names or _is_installed(slug):
        file = display_path(project.snippets / f"{slug}.py")
        raise Refused(f"Python has a module {slug}, and {file} would hide it from the others")
    if (project.docs / slug).exists():
        raise Refused(f"{display_path(project.docs / slug)} has that address on the site already")


def _is_installed(name: str) -> bool:
    try:
        found = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return False
    return found is not None and found.origin is not None  # without one: any folder beside us


def _title(language: str, text: str, reader: PageReader) -> str:
    """A title as its language writes it: apostrophes curved, blanks unbroken."""
    option = f"--{language or 'title'}"
    text = re.sub(r"(?<=\w)'(?=\w)", "’", text.strip())
    if not text or len(text) > _LONGEST:
        raise Refused(f"{option}: a title has 1 to {_LONGEST} characters")
    if found := _MARKUP.search(text):
        raise Refused(f"{option}: a title is plain text, without {found[0]!r}")
    path = display_path(reader.project.pages_folder(language) / "title.md")
    heading = insert_no_break_spaces(f"# {text}", reader.parse_page(path, [f"# {text}"]))
    page = reader.parse_page(path, [heading])
    typography = reader.project.policy.apply("typography", check_typography(page))
    for finding in errors([*reader.check_claims(page).findings, *typography]):
        raise Refused(f"{option}: {finding.message}. {finding.hint}".strip())
    return heading.removeprefix("# ")


def _page(kind: str, language: str, slug: str, title: str) -> str:
    meta = {"title": title}
    if kind == FULL:
        meta["description"] = _DESCRIPTIONS[language].format(title=title)
    front = yaml.safe_dump(meta, allow_unicode=True, sort_keys=False, width=inf)
    name = language if kind == FULL else PLAIN
    return f"---\n{front}---\n\n{_template(f'{kind}/{name}.md', slug, title)}"


def _sentence(title: str) -> str:
    return title if title[-1] in ".?!…" else f"{title}."


def _template(name: str, slug: str, title: str) -> str:
    text = (TEMPLATES / name).read_text(encoding="utf-8")
    return text.replace("{slug}", slug).replace("{title}", title)
