"""An address that the book once had leads on to where its section stands now."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"

MOVED = {
    "backpropagation.md": (
        "learning.md",
        "loop eval losses program mini-batches validation saving adamw decay misbehaves "
        "exercise-equal exercise-momentum",
    ),
}
"""Page, and where its former sections are: anchors stay the same."""

ANCHORS = [
    (page, target, anchor)
    for page, (target, anchors) in MOVED.items()
    for anchor in anchors.split()
]


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize(("page", "target", "anchor"), ANCHORS)
def test_a_section_that_moved_leaves_its_anchor_on_a_link_to_it(
    language: str, page: str, target: str, anchor: str
) -> None:
    left = (DOCS / language / page).read_text(encoding="utf-8")
    now = (DOCS / language / target).read_text(encoding="utf-8")

    assert re.search(rf"^#+ .*\{{#{anchor}\}}$", now, re.M)
    assert f"]({target}#{anchor}){{#{anchor}}}" in left
