"""The command `precis` and its commands."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import click

from precis import __version__
from precis.base.extras import why_missing
from precis.base.finding import Malformed
from precis.base.streams import set_output_encoding

NAMES = ("audit", "bless", "init", "new", "status", "update", "verify")
"""The commands, each in a module of its name."""


class Commands(click.Group):
    """The commands, imported on use, on streams that accept their messages."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names."""
        return list(NAMES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; without a package that it needs, return one that says so."""
        if cmd_name not in NAMES:
            return None
        try:
            module = import_module(f"precis.cli.{cmd_name}")
        except ModuleNotFoundError as error:
            if not (message := why_missing(error)):
                raise
            return _unavailable(cmd_name, message)
        command: click.Command = getattr(module, cmd_name)
        return command

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run a command."""
        set_output_encoding()
        return super().main(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Report an unreadable file or a missing package, and exit with 1."""
        try:
            return super().invoke(ctx)
        except Malformed as error:
            click.echo(error, err=True)
        except ModuleNotFoundError as error:
            if not (message := why_missing(error)):
                raise
            click.echo(f"precis: {message}", err=True)
        sys.exit(1)


def _unavailable(name: str, message: str) -> click.Command:
    """Return a command that takes any arguments, and says what it needs."""

    def refuse() -> None:
        click.echo(f"precis {name}: {message}", err=True)
        sys.exit(1)

    return click.Command(
        name,
        callback=refuse,
        help=f"Not available: {message}.",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Pages whose values were all printed by code that ran.

    A chapter is a snippet, snippets/SLUG.py, and a page in each language, docs/*/SLUG.md. Run the
    commands from the project's folder. A finding is one line, path:line:column: what, and below
    it what to do.

    \b
    Exit codes:
      0  all is well
      1  errors were found and reported
      2  the command was not understood

    \b
    Completion in the shell; put the line into the file that your shell reads at its start:
      bash  eval "$(_PRECIS_COMPLETE=bash_source precis)"
      zsh   eval "$(_PRECIS_COMPLETE=zsh_source precis)"
      fish  _PRECIS_COMPLETE=fish_source precis | source
    """
