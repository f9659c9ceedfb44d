"""The style sheet of the engine's blocks: linked from every page, before the author's own."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig

STYLES = Path(__file__).with_name("assets") / "cells.css"

ADDRESS = "assets/precis/cells.css"
"""Where the site has it."""


def link_styles(config: MkDocsConfig) -> None:
    """Link the style sheet first, so that the author's sheets may change what it says."""
    if ADDRESS not in config.extra_css:
        config.extra_css.insert(0, ADDRESS)


def copy_styles(site: Path) -> None:
    """Copy the style sheet into a site."""
    target = site / ADDRESS
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(STYLES, target)
