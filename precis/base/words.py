"""The words that readers see, in each language; a project adds others in a file of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from pathlib import Path

from precis.base.finding import Finding, Malformed, display_path
from precis.base.settings import find_place, load_settings


@dataclass(frozen=True)
class Words:
    """The reader-facing texts of a language."""

    one_value: str
    many_values: str
    not_verified: str
    verified_otherwise: str
    version: str
    how_to_check: str
    """The badge below a page."""

    verified: str
    """The start of a tick's label; devices and versions follow."""

    notebook: str
    notebook_of_packages: str
    """The first line of a notebook; the second form names what printed its outputs."""

    notebook_open: str
    """How to open a notebook, with a command that installs what it needs."""

    notebook_download: str
    """The label of the link to a notebook."""

    continued: str
    """After the title of a box whose code stands between its texts."""

    outdated: str
    """Above a section that does not follow the other language yet."""


FILE = "words.yml"
"""The file, beside mkdocs.yml, with the words of further languages."""

DEFAULT = "en"

WORDS = {
    "en": Words(
        one_value="{n} value",
        many_values="{n} values",
        not_verified="{device}: not verified for this version",
        verified_otherwise="{device}: verified for another version",
        version="version of {day}",
        how_to_check="check it yourself",
        verified="Verified:",
        notebook="Notebook of the page {page}.",
        notebook_of_packages="Notebook of the page {page}. Its outputs were printed by {packages}.",
        notebook_open="To open it, install what it needs with `{install}`, then start "
        "`jupyter lab` in its folder. Other versions may print something else.",
        notebook_download="Notebook of this page, for Jupyter, to download",
        continued="continued",
        outdated="The {ahead} text of this section has changed since both were read side by side, "
        "and this one has yet to follow.",
    ),
    "fr": Words(
        one_value="{n} valeur",
        many_values="{n} valeurs",
        not_verified="{device}\u00a0: non vérifié pour cette version",
        verified_otherwise="{device}\u00a0: vérifié pour une autre version",
        version="version du {day}",
        how_to_check="comment le vérifier",
        verified="Vérifié\u00a0:",
        notebook="Notebook de la page {page}.",
        notebook_of_packages="Notebook de la page {page}. Ses sorties ont été affichées par "
        "{packages}.",
        notebook_open="Pour l’ouvrir, installez ce qu’il lui faut par `{install}`, puis lancez "
        "`jupyter lab` dans son dossier. D’autres versions peuvent afficher autre chose.",
        notebook_download="Notebook Jupyter de cette page, à télécharger",
        continued="suite",
        outdated="Le texte {ahead} de cette section a changé depuis que les deux ont été lus côte "
        "à côte, et celui-ci ne l’a pas encore suivi.",
    ),
}


def read_words(path: Path) -> dict[str, Words]:
    """Return the words of a project's own file, by language; none without one.

        de:
          one_value: "{n} Wert"

    What a language lacks is in English. Raises Malformed for a text that has no place, or other
    gaps than the English one.
    """
    if not path.is_file():
        return {}
    languages = {}
    for language, texts in load_settings(path).items():
        known = WORDS.get(language, WORDS[DEFAULT])
        if not isinstance(texts, dict):
            raise _malformed(path, f"{language}: not a mapping of texts", language)
        for name, text in texts.items():
            if not hasattr(known, str(name)):
                names = ", ".join(field.name for field in fields(Words))
                raise _malformed(path, f"no text {name!r}; known: {names}", language, name)
            gaps = _GAP.findall(getattr(known, name))
            if sorted(_GAP.findall(str(text))) != sorted(gaps):
                wanted = " and ".join(gaps) or "no gap"
                raise _malformed(path, f"{name} has other gaps than {wanted}", language, name)
        languages[language] = replace(known, **{name: str(text) for name, text in texts.items()})
    return languages


def _malformed(path: Path, message: str, *keys: str) -> Malformed:
    return Malformed(Finding(display_path(path), *find_place(path, *map(str, keys)), message))


_GAP = re.compile(r"\{\w*\}")
