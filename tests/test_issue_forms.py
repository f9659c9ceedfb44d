"""The forms for issues: GitHub silently leaves out one that it cannot read."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
import yaml

FORMS = sorted((Path(__file__).parents[1] / ".github/ISSUE_TEMPLATE").glob("*.yml"))

TEXT = {"type": "string", "pattern": " · "}
"""In English, then in French."""

FORM = {
    "type": "object",
    "required": ["name", "description", "body"],
    "additionalProperties": False,
    "properties": {
        "name": TEXT,
        "description": TEXT,
        "body": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["type", "id", "attributes"],
                "additionalProperties": False,
                "properties": {
                    "type": {"enum": ["input", "textarea"]},
                    "id": {"type": "string", "pattern": "^[a-z-]+$"},
                    "attributes": {
                        "type": "object",
                        "required": ["label"],
                        "additionalProperties": False,
                        "properties": {
                            "label": TEXT,
                            "description": TEXT,
                            "render": {"const": "text"},
                        },
                    },
                    "validations": {
                        "type": "object",
                        "additionalProperties": False,
                        "properties": {"required": {"type": "boolean"}},
                    },
                },
            },
        },
    },
}
"""What we use of GitHub's syntax for issue forms."""


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_is_one_that_github_shows(path: Path) -> None:
    form = yaml.safe_load(path.read_text(encoding="utf-8"))

    jsonschema.validate(form, FORM)
    for key in (lambda item: item["id"], lambda item: item["attributes"]["label"]):
        asked = [key(item) for item in form["body"]]
        assert len(asked) == len(set(asked))


def test_there_are_forms() -> None:
    assert FORMS
