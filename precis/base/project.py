"""A project's folders and languages, read from its configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from precis.base import words
from precis.base.policy import DEFAULT, Policy, parse_policy
from precis.base.settings import load_settings

CONFIG = "mkdocs.yml"

LOCK = "translations.lock"
"""The file, in the project's root, that lists the sections whose translations were reviewed."""


@dataclass(frozen=True)
class Project:
    """The folders and languages of a project. Paths are absolute."""

    root: Path
    docs: Path
    snippets: Path

    languages: tuple[str, ...] = ()
    """The locales that have a folder in `docs`, sorted; empty on a site in one language."""

    config: Path | None = None
    """The configuration file; None without one."""

    policy: Policy = DEFAULT
    """Which checks the project asks for."""

    default_language: str = words.DEFAULT
    """The language of a site in one language."""

    own_words: tuple[tuple[str, words.Words], ...] = ()
    """The engine's words in the languages that the project adds."""

    @classmethod
    def from_settings(
        cls,
        root: Path,
        docs: str = "docs",
        snippets: str = "snippets",
        i18n: Mapping[str, Any] | None = None,
        config: Path | None = None,
        checks: object = None,
        language: object = None,
    ) -> Project:
        """Return the project with these settings; `i18n` holds the options of that plugin.

        `language` is that of the theme. Raises Malformed for checks or words that do not exist.
        """
        root = root.resolve()
        docs_folder, snippets_folder = (root / docs).resolve(), root / snippets
        return cls(
            root,
            docs_folder,
            snippets_folder,
            _languages(i18n or {}),
            config,
            parse_policy(checks, config),
            str(language or words.DEFAULT),
            tuple(sorted(words.read_words(root / words.FILE).items())),
        )

    @classmethod
    def read(cls, root: Path, config: str = CONFIG) -> Project:
        """Return the project that a folder's mkdocs.yml configures; the default one without it.

        Raises Malformed if MkDocs cannot read the file.
        """
        path = root.resolve() / config
        if not path.is_file():
            return cls.from_settings(root)
        settings = load_settings(path)
        plugins = settings.get("plugins") or ()
        return cls.from_settings(
            root,
            settings.get("docs_dir") or "docs",
            _options(plugins, "precis").get("snippets") or "snippets",
            _options(plugins, "i18n"),
            path,
            _options(plugins, "precis").get("checks"),
            theme.get("language") if isinstance(theme := settings.get("theme"), Mapping) else None,
        )

    @property
    def lock(self) -> Path:
        """The path of the lock file."""
        return self.root / LOCK

    def words(self, language: str) -> words.Words:
        """Return the engine's words in a language; English ones without any."""
        known = words.WORDS | dict(self.own_words)
        return known.get(language, words.WORDS[words.DEFAULT])

    def has_words(self, language: str) -> bool:
        """Return whether the engine speaks a language."""
        return language in words.WORDS | dict(self.own_words)

    def language(self, page: Path) -> str:
        """Return the language of a page; "" if it is in no language folder."""
        folder = self.language_folder(page)
        return folder.name if folder else ""

    def text_language(self, page: Path) -> str:
        """Return the language in which a page is written; "" outside the language folders."""
        return self.language(page) if self.languages else self.default_language

    def language_folder(self, page: Path) -> Path | None:
        """Return the language folder that contains a page; None if there is none."""
        if not self.languages:
            return None
        try:
            inside = _resolved(page).relative_to(self.docs)
        except ValueError:
            return None
        if len(inside.parts) > 1 and inside.parts[0] in self.languages:
            return self.docs / inside.parts[0]
        return None

    def pages_folder(self, language: str) -> Path:
        """Return the folder of the pages in a language."""
        return self.docs / language if language in self.languages else self.docs

    def translations(self, page: Path) -> list[Path]:
        """Return a page's paths in the other languages, whether the files exist or not."""
        folder = self.language_folder(page)
        if not folder:
            return []
        inside = _resolved(page).relative_to(folder)
        return [self.docs / name / inside for name in self.languages if name != folder.name]

    def pages(self, name: str) -> list[Path]:
        """Return the existing pages with a path relative to their language folder."""
        paths = [self.docs / language / name for language in self.languages]
        return [path for path in paths if path.is_file()]

    def lock_key(self, page: Path) -> str:
        """Return a page's key in the lock file: its path relative to its language folder.

        A page outside the language folders has its path relative to the root.
        """
        resolved = _resolved(page)
        folder = self.language_folder(page) or self.root
        if resolved.is_relative_to(folder):
            return resolved.relative_to(folder).as_posix()
        return page.as_posix()


def _resolved(page: Path) -> Path:
    """Return the absolute path of a page; a link is not followed."""
    return page.parent.resolve() / page.name


def _languages(i18n: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the languages for which mkdocs-static-i18n reads folders."""
    if i18n.get("docs_structure") != "folder":
        return ()
    only = i18n.get("build_only_locale")  # sets `build` to false for the other locales
    locales = (
        str(language["locale"])
        for language in i18n.get("languages") or ()
        if "locale" in language and (only or language.get("build") is not False)
    )
    return tuple(sorted({locale for locale in locales if locale != "null"}))


def _options(plugins: Any, name: str) -> Mapping[str, Any]:
    """Return a plugin's options from the list or mapping `plugins` in mkdocs.yml."""
    for plugin in [plugins] if isinstance(plugins, Mapping) else plugins:
        if isinstance(plugin, Mapping) and isinstance(plugin.get(name), Mapping):
            options: Mapping[str, Any] = plugin[name]
            return options
    return {}
