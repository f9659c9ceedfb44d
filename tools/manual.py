"""Write the reference of the manual: every option, check, word and command, from the engine.

    python tools/manual.py

`tests/engine/test_manual.py` compares the page with what this makes of the engine as it is.
"""

from __future__ import annotations

import ast
import os
import tempfile
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import fields
from pathlib import Path
from unittest import mock

import click

from precis.base import policy, words
from precis.cli.main import NAMES, main
from precis.page.embeds import CODE_BLOCK_OPTIONS, FIGURE_OPTIONS
from precis.sites import config

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "manual/docs/reference.md"

HEAD = """\
# Reference

This page is made from the engine by `tools/manual.py`.
"""


def reference() -> str:
    """Return the page."""
    parts = [HEAD, *_plugin(), *_checks(), *_embeds(), *_words(), *_commands()]
    return "\n".join(parts)


def _plugin() -> Iterator[str]:
    yield "## Options of the plugin {#options}\n"
    yield "In `mkdocs.yml`, under `precis` in `plugins`.\n"
    meanings = dict(_documented(Path(config.__file__), "PrecisConfig"))
    rows = [
        (f"`{name}`", _value(option.default), meanings[name])
        for name, option in config.PrecisConfig._schema
    ]
    yield _table(("option", "default", "meaning"), rows)


def _checks() -> Iterator[str]:
    yield "## Checks {#checks}\n"
    levels = ", ".join(f"`{level}`" for level in policy.LEVELS)
    yield f"The levels of the option `checks`: {levels}; one level alone is that of all checks.\n"
    rows = [
        (f"`{name}`", check.level, f"{check.meaning[0].upper()}{check.meaning[1:]}.")
        for name, check in policy.CHECKS.items()
    ]
    yield _table(("check", "default", "what must hold"), rows)


def _embeds() -> Iterator[str]:
    yield "## Options of an embed {#embeds}\n"
    yield f"Of a block of code, as on any fence of the theme: {_names(CODE_BLOCK_OPTIONS)}.\n"
    yield f"Of a cell that draws a figure: {_names(FIGURE_OPTIONS)}."
    yield "`alt` is required there; `fold` is the title under which the code is folded.\n"


def _words() -> Iterator[str]:
    yield "## Words {#words}\n"
    yield f"The texts that `{words.FILE}` gives in a further language, and the English ones.\n"
    english = words.WORDS[words.DEFAULT]
    rows = [(f"`{f.name}`", getattr(english, f.name)) for f in fields(words.Words)]
    yield _table(("text", "in English"), rows)


def _commands() -> Iterator[str]:
    yield "## Commands {#commands}\n"
    with mock.patch.dict(os.environ, COLUMNS="80", TERMINAL_WIDTH="80"):
        settings = {**main.context_settings, "max_content_width": 80}
        context = click.Context(main, info_name="precis", **settings)
        yield _fence(main.get_help(context))
        with tempfile.TemporaryDirectory() as empty, chdir(empty):  # `new` reads the project
            for name in NAMES:
                command = main.get_command(context, name)
                assert command
                below = click.Context(command, context, name)
                yield f"### precis {name} {{#{name}}}\n"
                yield _fence(command.get_help(below))


def _documented(file: Path, name: str) -> Iterator[tuple[str, str]]:
    """Yield the fields of a class, each with the string below it."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    (found,) = (n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == name)
    for field, text in zip(found.body, found.body[1:], strict=False):
        match field, text:
            case ast.Assign(targets=[ast.Name(id=option)]), ast.Expr(ast.Constant(value=str(said))):
                yield option, " ".join(said.split())


def _value(default: object) -> str:
    if default in ({}, []):
        return "none"
    number = isinstance(default, float) and default.is_integer()
    return str(int(default)) if number else str(default)


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def _fence(text: str) -> str:
    reason = "what the command prints"
    return f'``` {{.text data-reason="{reason}"}}\n{text.rstrip()}\n```\n'


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
