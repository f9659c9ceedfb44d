"""What mkdocs.yml says of the engine: the plugin's options, and the project."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mkdocs.config import Config, config_options
from mkdocs.config.defaults import MkDocsConfig

from precis.base.project import Project
from precis.page.extension import PrecisExtension
from precis.run.outcome import TIMEOUT


class PrecisConfig(Config):  # type: ignore[no-untyped-call]
    """The plugin's options in mkdocs.yml."""

    snippets = config_options.Type(str, default="snippets")
    """The folder of the snippets, relative to that of mkdocs.yml."""

    timeout = config_options.Type((int, float), default=TIMEOUT)
    """Seconds that one snippet may take."""

    elements = config_options.ListOfItems(config_options.Type(str), default=[])
    """Custom elements that contain Markdown: `<name markdown>` … `</name>`."""


def configured_project(config: MkDocsConfig, snippets: str) -> Project:
    """Return the project that a site's configuration describes."""
    file = Path(config.config_file_path) if config.config_file_path else None
    i18n = config.plugins.get("i18n")
    return Project.from_settings(
        file.parent if file else Path.cwd(),
        config.docs_dir,
        snippets,
        i18n.config if i18n else None,
        file,
    )


def map_extension(
    config: MkDocsConfig, change: Callable[[PrecisExtension], PrecisExtension]
) -> MkDocsConfig:
    """Return a configuration whose pages are converted with a changed extension."""
    changed = copy.copy(config)
    extensions: list[Any] = config.markdown_extensions  # of names, says MkDocs
    changed.markdown_extensions = extensions = list(extensions)
    for place, extension in enumerate(extensions):
        if isinstance(extension, PrecisExtension):
            extensions[place] = change(extension)
    return changed
