"""What mkdocs.yml says of the engine: the plugin's options, and the project."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mkdocs.config import Config, config_options
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError

from precis.base.finding import Malformed, display_path
from precis.base.project import Project
from precis.base.settings import find_place
from precis.page.extension import PrecisExtension
from precis.run.outcome import TIMEOUT


class PrecisConfig(Config):  # type: ignore[no-untyped-call]
    """The plugin's options in mkdocs.yml."""

    snippets = config_options.Type(str, default="snippets")
    """The folder of the snippets, relative to that of mkdocs.yml."""

    timeout = config_options.Type((int, float), default=TIMEOUT)
    """Seconds that one snippet may take."""

    checks = config_options.Type((bool, dict, str), default={})
    """The level of each check by its name, or one level for all."""

    elements = config_options.ListOfItems(config_options.Type(str), default=[])
    """Custom elements that contain Markdown: `<name markdown>` … `</name>`."""


def configured_project(config: MkDocsConfig, options: PrecisConfig) -> Project:
    """Return the project that a site's configuration describes. Raises PluginError."""
    file = Path(config.config_file_path) if config.config_file_path else None
    i18n = config.plugins.get("i18n")
    try:
        project = Project.from_settings(
            file.parent if file else Path.cwd(),
            config.docs_dir,
            options.snippets,
            i18n.config if i18n else None,
            file,
            options.checks,
            config.theme.get("language"),
        )
    except Malformed as error:
        raise PluginError(str(error)) from None
    if not project.snippets.is_dir():
        line, _ = find_place(file, "precis", "snippets") if file else (1, 1)
        place = f"{display_path(file)}:{line}: " if file else ""
        folder = display_path(project.snippets)
        raise PluginError(f"{place}precis: there is no folder {folder} (option snippets)")
    return project


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
