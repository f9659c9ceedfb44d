"""The entry points for MkDocs and Python-Markdown.

Each is imported when it is asked for; a package that it lacks is one sentence, not a traceback.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from precis.base.extras import why_missing

_MODULES = {
    "FormulaExtension": "precis.page.formula",
    "PrecisExtension": "precis.page.extension",
    "PrecisPlugin": "precis.sites.mkdocs",
    "TypographyExtension": "precis.text.typography",
    "ZensicalExtension": "precis.sites.zensical",
}


def __getattr__(name: str) -> Any:
    """Import an entry point.

    Raises SystemExit with the sentence: MkDocs would show the traceback of any other exception.
    """
    if name not in _MODULES:
        raise AttributeError(name)
    try:
        return getattr(import_module(_MODULES[name]), name)
    except ModuleNotFoundError as error:
        if not (message := why_missing(error)):
            raise
        raise SystemExit(f"precis: {message}") from None
