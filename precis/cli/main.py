"""The command `precis` and its commands."""

from __future__ import annotations

import sys
from typing import Any

import click

from precis.base.finding import Malformed
from precis.base.streams import set_output_encoding
from precis.cli.audit import audit
from precis.cli.bless import bless
from precis.cli.init import init
from precis.cli.new import new
from precis.cli.status import status
from precis.cli.update import update
from precis.cli.verify import verify


class Commands(click.Group):
    """The command group: sets the output encoding, reports Malformed as findings."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run a command."""
        set_output_encoding()
        return super().main(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Report a malformed file that a command needs."""
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
      1  errors were found and reported
      2  the command was not understood

    \b
    Completion in the shell; put the line into the file that your shell reads at its start:
      bash  eval "$(_PRECIS_COMPLETE=bash_source precis)"
      zsh   eval "$(_PRECIS_COMPLETE=zsh_source precis)"
      fish  _PRECIS_COMPLETE=fish_source precis | source
    """


for _command in (init, verify, audit, update, bless, status, new):
    main.add_command(_command)
