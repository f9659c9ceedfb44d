"""Optional packages, and the extra of this one that installs each."""

from __future__ import annotations

EXTRAS = {
    "babel": "mkdocs",
    "bs4": "audit",
    "jinja2": "mkdocs",
    "markdown": "mkdocs",
    "material": "mkdocs",
    "math_core": "formula",
    "mkdocs": "mkdocs",
    "mkdocs_jupyter": "jupyter",
    "mkdocs_static_i18n": "languages",
    "nbconvert": "jupyter",
    "pygments": "mkdocs",
    "pymdownx": "mkdocs",
    "torch": "torch",
}
"""The extra, by the package's import name."""


def why_missing(error: ModuleNotFoundError) -> str:
    """Return a sentence about a package that is not installed, with the cure; "" for others."""
    package = (error.name or "").partition(".")[0]
    if package not in EXTRAS:
        return ""
    command = f'pip install "precis[{EXTRAS[package]}]"'
    return f"this needs the package {package}, which is not installed: {command}"
