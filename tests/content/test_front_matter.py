"""The top of each page: MkDocs ignores a key that it does not know, such as a misspelt one."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from mkdocs.utils.meta import get_data

HERE = Path(__file__).parent
DOCS = HERE.parents[1] / "docs"
SCHEMA = json.loads((HERE / "front-matter.schema.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "path", sorted(DOCS.glob("*/*.md")), ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_a_page_opens_with_what_its_schema_asks_for(path: Path) -> None:
    text, told = get_data(path.read_text(encoding="utf-8"))

    jsonschema.validate(told, SCHEMA)
    assert text.lstrip().startswith("# ")
