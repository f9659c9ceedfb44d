"""What the commands understand: their common options, and words that the shell completes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from precis.base.finding import Malformed
from precis.base.project import Project
from precis.run.outcome import TIMEOUT

FILES = click.argument(
    "files", nargs=-1, type=click.Path(exists=True, path_type=Path), metavar="[PATH ...]"
)
TIME_LIMIT = click.option(
    "--timeout", default=TIMEOUT, show_default=True, help="Seconds that one snippet may take."
)

JSON = click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for programs.")


class Slug(click.ParamType[str]):
    """A chapter's name, which the shell can complete."""

    name = "slug"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The chapters here that start so."""
        try:
            project = Project.read(Path.cwd())
        except Malformed:
            return []
        pages = (
            path for name in project.languages for path in project.pages_folder(name).glob("*.md")
        )
        slugs = {path.stem for path in pages}
        return [CompletionItem(slug) for slug in sorted(slugs) if slug.startswith(incomplete)]


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
