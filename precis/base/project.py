"""A project: its folders and its languages, as its configuration names them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from precis.base.finding import Finding, Malformed, display_path

CONFIG = "mkdocs.yml"

LOCK = "translations.lock"
"""The file, at the project's root, that says which sections were read side by side."""


@dataclass(frozen=True)
class Project:
    """The folders and languages of a project. Paths are absolute."""

    root: Path
    docs: Path
    snippets: Path

    languages: tuple[str, ...] = ()
    """The locales that have a folder in `docs`, in alphabetical order.

    None where the site has one language: its pages lie in no such folder.
    """

    config: Path | None = None
    """The file that says all this; None where the project has none."""

    @classmethod
    def configured(
        cls,
        root: Path,
        docs: str = "docs",
        snippets: str = "snippets",
        i18n: Mapping[str, Any] | None = None,
        config: Path | None = None,
    ) -> Project:
        """Return the project with these settings; `i18n` are the options of that plugin."""
        root = root.resolve()
        docs_folder, snippets_folder = (root / docs).resolve(), root / snippets
        return cls(root, docs_folder, snippets_folder, _languages(i18n or {}), config)

    @classmethod
    def read(cls, root: Path, config: str = CONFIG) -> Project:
        """Return the project of a folder, as its mkdocs.yml describes it.

        Without that file, a project with the usual folders and one language. Raises Malformed
        where MkDocs could not read the file either.
        """
        path = root.resolve() / config
        if not path.is_file():
            return cls.configured(root)
        settings = _load(path)
        plugins = settings.get("plugins") or ()
        return cls.configured(
            root,
            settings.get("docs_dir") or "docs",
            _options(plugins, "precis").get("snippets") or "snippets",
            _options(plugins, "i18n"),
            path,
        )

    @property
    def lock(self) -> Path:
        """The file that says which sections were read side by side."""
        return self.root / LOCK

    def language(self, page: Path) -> str:
        """Return the language of a page; "" where its folder names none."""
        folder = self.language_folder(page)
        return folder.name if folder else ""

    def language_folder(self, page: Path) -> Path | None:
        """Return the folder, directly in `docs`, of a page's language; None without one."""
        if not self.languages:
            return None
        try:
            inside = _resolved(page).relative_to(self.docs)
        except ValueError:
            return None
        if len(inside.parts) > 1 and inside.parts[0] in self.languages:
            return self.docs / inside.parts[0]
        return None

    def home(self, language: str) -> Path:
        """Return the folder of the pages in a language."""
        return self.docs / language if language in self.languages else self.docs

    def twins(self, page: Path) -> list[Path]:
        """Return where a page's text stands, or should stand, in the other languages."""
        folder = self.language_folder(page)
        if not folder:
            return []
        inside = _resolved(page).relative_to(folder)
        return [self.docs / name / inside for name in self.languages if name != folder.name]

    def pages(self, name: str) -> list[Path]:
        """Return the pages that have this path inside the folder of their language."""
        paths = [self.docs / language / name for language in self.languages]
        return [path for path in paths if path.is_file()]

    def key(self, page: Path) -> str:
        """Return what the lock calls a page: its path inside the folder of its language.

        For a page in no language, its path from the root.
        """
        resolved = _resolved(page)
        folder = self.language_folder(page) or self.root
        if resolved.is_relative_to(folder):
            return resolved.relative_to(folder).as_posix()
        return page.as_posix()


def _resolved(page: Path) -> Path:
    """Return the absolute path of a page, which may be a link itself."""
    return page.parent.resolve() / page.name


def _languages(i18n: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the languages that the plugin mkdocs-static-i18n finds in folders."""
    if i18n.get("docs_structure") != "folder":
        return ()
    only = i18n.get("build_only_locale")  # which says of the others that they are not built
    locales = (
        str(language["locale"])
        for language in i18n.get("languages") or ()
        if "locale" in language and (only or language.get("build") is not False)
    )
    return tuple(sorted({locale for locale in locales if locale != "null"}))


def _options(plugins: Any, name: str) -> Mapping[str, Any]:
    """Return the options of a plugin, which mkdocs.yml lists by name or maps to its options."""
    for plugin in [plugins] if isinstance(plugins, Mapping) else plugins:
        if isinstance(plugin, Mapping) and isinstance(plugin.get(name), Mapping):
            options: Mapping[str, Any] = plugin[name]
            return options
    return {}


def _load(path: Path) -> dict[str, Any]:
    """Read a mkdocs.yml as MkDocs does, without importing what its `!!python` tags name."""
    import yaml
    from mkdocs.exceptions import ConfigurationError
    from mkdocs.utils.yaml import get_yaml_loader, yaml_load

    anything: Any = object()  # `!relative` wants a configuration, to use it later
    loader = get_yaml_loader(yaml.SafeLoader, anything)
    loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)
    try:
        with path.open("rb") as file:
            return yaml_load(file, loader)
    except (ConfigurationError, UnicodeDecodeError) as error:
        mark = getattr(error.__context__, "problem_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        problem = getattr(error.__context__, "problem", None) or error
        what = f"MkDocs cannot read this file: {problem}"
        raise Malformed(Finding(display_path(path), line, column, what)) from error
