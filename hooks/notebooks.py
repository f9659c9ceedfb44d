"""A second notebook of each chapter and lab, without outputs, which readers predict."""

from __future__ import annotations

import json
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import event_priority

BLANK = ".blank.ipynb"

WORDS = {
    "fr": "Les sorties n’y sont pas\u00a0: prédisez ce que chaque cellule affichera, "
    "puis exécutez-la.",
    "en": "The outputs are left out: predict what each cell will print, then run it.",
}


@event_priority(-250)  # after the engine, which writes the notebooks
def on_post_build(config: MkDocsConfig) -> None:
    """Write the second notebooks, once all languages are built."""
    if config.plugins["i18n"].building:
        return
    for path in Path(config.site_dir).rglob("*.ipynb"):
        name, language, _ = path.name.split(".", 2)
        if path.name == f"{name}.{language}.ipynb":
            text = without_outputs(path.read_text(encoding="utf-8"), WORDS[language])
            path.with_name(f"{name}.{language}{BLANK}").write_text(text, encoding="utf-8")


def without_outputs(text: str, why: str) -> str:
    """Return a notebook whose cells have not run, and whose introduction says why."""
    notebook = json.loads(text)
    notebook["cells"][0]["source"] += f"\n\n*{why}*"
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["execution_count"], cell["outputs"] = None, []
    return json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
