"""The box that shows a finding on its page."""

from __future__ import annotations

import html

from markdown import Markdown

from precis.base.finding import Finding


def render_box(finding: Finding) -> str:
    """Return the HTML of a finding's box."""
    head, _, hint = str(finding).partition("\n")
    return (
        '<div class="admonition failure precis-finding" role="alert">'
        f'<p class="admonition-title">{html.escape(head)}</p>'
        f"<pre>{html.escape(hint)}</pre></div>"
    )


def stash_box(finding: Finding, md: Markdown) -> str:
    """Stash a finding's box, and return its placeholder."""
    return md.htmlStash.store(render_box(finding))


def box_lines(finding: Finding, md: Markdown) -> list[str]:
    """Stash a finding's box, and return its placeholder as a paragraph."""
    return ["", stash_box(finding, md), ""]
