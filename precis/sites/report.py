"""The findings of a build."""

from __future__ import annotations

from collections.abc import Iterable

import click
from mkdocs.exceptions import PluginError

from precis.base.finding import Finding, pluralize


class Report:
    """The findings of a build, each once, in order."""

    def __init__(self) -> None:
        self.errors: dict[str, None] = {}
        """Those that stop it."""

        self.warnings: dict[str, None] = {}

    def add(self, findings: Iterable[Finding]) -> None:
        """Add findings to the errors or to the warnings."""
        for finding in findings:
            (self.warnings if finding.is_warning else self.errors)[str(finding)] = None

    def show(self, *, refuse: bool) -> None:
        """Print the warnings; raise PluginError with all errors, or print them too."""
        for warning in self.warnings:
            click.secho(warning, fg="yellow", err=True)
        if refuse and self.errors:
            count = pluralize(len(self.errors), "error")
            raise PluginError("\n\n".join([f"precis: {count}; site not published.", *self.errors]))
        for error in self.errors:  # while serving: the pages show them too
            click.secho(error, fg="red", err=True)
