"""The page being converted."""

from __future__ import annotations

from dataclasses import dataclass, field

from precis.base.finding import Finding, errors
from precis.text.prose import PageText


@dataclass
class Page:
    """A page being converted, with the findings of its conversion."""

    source: PageText = field(default_factory=lambda: PageText("page"))
    """The text; the conversion fills in its lines, fences and language."""

    findings: tuple[Finding, ...] = ()
    markdown: str = ""
    """The Markdown with outputs in place of embeds, and alternative texts in place of figures."""

    @property
    def errors(self) -> list[Finding]:
        """The findings that are no warnings."""
        return errors(self.findings)

    def report(self, line: int, message: str, hint: str) -> Finding:
        """Add a finding at a line of the file."""
        finding = Finding(self.source.path, line, 1, message, hint)
        self.findings += (finding,)
        return finding
