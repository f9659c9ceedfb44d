"""A message that depends on the version of torch stands on the errors page beside that version."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from torch.nn import functional

DOCS = Path(__file__).parents[2] / "docs"
NAMED = re.compile(r"[“«]\s*([^”»]+?)\s*[”»] \(PyTorch (\d+\.\d+)\)")
INSTALLED = ".".join(torch.__version__.split(".")[:2])


def messages(language: str) -> dict[str, str]:
    """The messages of the page that name a version, by version."""
    text = (DOCS / language / "errors.md").read_text(encoding="utf-8")
    named = NAMED.findall(re.sub(r"</?span[^>]*>", "", text))
    return {version: message for message, version in named}


def test_class_numbers_of_int32_are_refused_in_the_words_of_the_page() -> None:
    with pytest.raises(RuntimeError) as caught:
        functional.cross_entropy(torch.zeros(1, 7), torch.tensor([2], dtype=torch.int32))

    named = messages("en")
    if INSTALLED not in named:
        pytest.skip(f"the page does not quote PyTorch {INSTALLED}")
    assert str(caught.value) == named[INSTALLED]


def test_both_languages_quote_the_same_messages() -> None:
    assert messages("fr") == messages("en")
    assert len(messages("en")) == 2
