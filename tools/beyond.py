"""The book built by Zensical, which follows Material for MkDocs (whose life ends on 5 May 2027).

    python tools/beyond.py FOLDER

copies the pages and the snippets into FOLDER, derives a configuration for each language from
mkdocs.yml, and builds both into FOLDER/site. The chapters are the same: `test_beyond.py` compares
every cell, output, figure and formula with those of MkDocs. CONTRIBUTING says what is lost.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from precis.sites.styles import ADDRESS, copy_styles

ROOT = Path(__file__).parents[1]
EXTENSION = "precis.zensical"


def lay_out(folder: Path) -> None:
    """Write the project: Zensical wants all of it below its configuration."""
    for name in ("docs", "snippets"):
        shutil.copytree(
            ROOT / name, folder / name, ignore=shutil.ignore_patterns("*.ipynb", "__pycache__")
        )
    for name in ("translations.lock", "mkdocs.yml"):  # which names the languages
        shutil.copy(ROOT / name, folder)
    if (ROOT / ".precis").is_dir():  # the records of runs: what ran here does not run there
        shutil.copytree(ROOT / ".precis", folder / ".precis", ignore=shutil.ignore_patterns(".*"))
    # a language's pages do not hold what both share; a theme's files come with each of them
    shutil.copytree(ROOT / "material/.icons", folder / "material/.icons")
    shutil.copytree(ROOT / "docs/assets", folder / "material/assets")
    copy_styles(folder / "material")
    for language in languages():
        told = yaml.safe_dump(configuration(language), allow_unicode=True, sort_keys=False)
        (folder / f"{language}.yml").write_text(told, encoding="utf-8")


def configuration(language: str) -> dict[str, Any]:
    """What mkdocs.yml says, for one language and without what Zensical does not know."""
    config, plugins, starts = *_settings(), languages()
    own = next(each for each in plugins["i18n"]["languages"] if each["locale"] == language)
    names = own.get("nav_translations", {})
    config |= {key: own[key] for key in ("site_name", "site_description") if key in own}
    config["site_url"] += starts[language]
    config["docs_dir"] = f"docs/{language}"
    config["site_dir"] = f"site/{starts[language]}"
    config["theme"]["language"] = language
    config["nav"] = [
        {names.get(title, title): page}
        for title, page in _pages(config["nav"])
        if page.endswith(".md")
    ]
    config["extra"] = {
        "alternate": [
            {"name": each["name"], "link": f"/{starts[each['locale']]}", "lang": each["locale"]}
            for each in plugins["i18n"]["languages"]
        ]
    }
    config["markdown_extensions"] += [{EXTENSION: {"elements": plugins["precis"]["elements"]}}]
    config["extra_css"].insert(0, ADDRESS)
    config["watch"] = ["snippets"]
    del config["hooks"], config["plugins"]
    return dict(config)


def languages() -> dict[str, str]:
    """Return each language of mkdocs.yml, and where its pages start."""
    _, plugins = _settings()
    locales = {each["locale"]: each.get("default") for each in plugins["i18n"]["languages"]}
    return {locale: "" if default else f"{locale}/" for locale, default in locales.items()}


def _settings() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return mkdocs.yml, and the options of the plugins that have some."""
    config = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    named = [each for each in config["plugins"] if isinstance(each, dict)]
    return config, {name: options for each in named for name, options in each.items()}


def _pages(nav: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """The pages of a navigation in order, its groups dissolved."""
    found = []
    for entry in nav:
        ((title, inside),) = entry.items()
        found += _pages(inside) if isinstance(inside, list) else [(title, inside)]
    return found


def build(folder: Path, language: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Let Zensical build a language of a project."""
    return subprocess.run(
        [sys.executable, "-m", "zensical", "build", "-f", f"{language}.yml", *options],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )


if __name__ == "__main__":
    target = Path(sys.argv[1])
    lay_out(target)
    for each in languages():
        done = build(target, each)
        print(done.stdout, done.stderr, sep="")
        if done.returncode:
            sys.exit(done.returncode)
