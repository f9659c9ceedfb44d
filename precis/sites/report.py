"""The findings of a build."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

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

    def refuse(self) -> NoReturn:
        """Raise PluginError with all errors."""
        count = pluralize(len(self.errors), "error")
        raise PluginError("\n\n".join([f"precis: {count}; site not published.", *self.errors]))
