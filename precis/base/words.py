"""The words that readers see, in each language. A further language is one more entry."""

from __future__ import annotations

from dataclasses import dataclass


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

    notebook_download: str
    """The label of the link to a notebook."""

    continued: str
    """After the title of a box whose code stands between its texts."""

    outdated: str
    """Above a section that does not follow the other language yet."""


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
        notebook_download="Notebook Jupyter de cette page, à télécharger",
        continued="suite",
        outdated="Le texte {ahead} de cette section a changé depuis que les deux ont été lus côte "
        "à côte, et celui-ci ne l’a pas encore suivi.",
    ),
}


def supported(language: str) -> str:
    """Return a language if it has words, the default language otherwise."""
    return language if language in WORDS else DEFAULT


def words(language: str) -> Words:
    """Return the words of a language, English as the fallback."""
    return WORDS[supported(language)]
