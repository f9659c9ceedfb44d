"""The base model of Part III is the one that its script makes, and its classes are one text."""

from __future__ import annotations

import ast
import json
from itertools import islice
from pathlib import Path

import pytest
import torch
import train_base
from safetensors.torch import load_file, load_model

from precis.run.record import Records
from precis.source.parse import load

SNIPPETS = train_base.ROOT / "snippets"
RECORD = json.loads(train_base.RECORD.read_text(encoding="utf-8"))


@pytest.fixture
def model() -> torch.nn.Module:
    made = train_base.make_model()
    load_model(made, train_base.WEIGHTS)
    return made


def test_the_first_steps_have_the_losses_of_the_record() -> None:
    training, _ = train_base.split_text()

    losses = [*islice(train_base.train(train_base.make_model(), training), train_base.FIRST)]

    # Another order of sums moves them by 1e-6; twice the decay, the finest change, by 5e-5.
    assert losses == pytest.approx(RECORD["first_losses"], abs=1e-5)
    assert len(losses) == 6


def test_the_file_has_the_losses_of_the_record(model: torch.nn.Module) -> None:
    training, held_out = train_base.split_text()

    # one forward pass on fixed weights: four decimals are the same on every processor
    assert train_base.measure(model, held_out) == pytest.approx(RECORD["held_out_loss"], abs=5e-5)
    assert train_base.measure(model, training) == pytest.approx(RECORD["training_loss"], abs=5e-5)


def test_the_held_out_tenth_is_not_trained_on() -> None:
    training, held_out = train_base.split_text()
    text = train_base.TEXT.read_bytes().partition(b"\n\n")[2]

    assert bytes(training.tolist()) + bytes(held_out.tolist()) == text
    assert round(len(text) / len(held_out), 1) == 10


def test_the_file_holds_each_parameter_once() -> None:
    tensors = load_file(train_base.WEIGHTS)

    # by hand: two tables, two blocks of 12 d² + 13 d, the last norm; the head is wte
    count = 256 * 64 + 64 * 64 + 2 * (12 * 64 * 64 + 13 * 64) + 2 * 64
    assert sum(tensor.numel() for tensor in tensors.values()) == count == 120_576
    assert RECORD["parameters"] == count
    assert "wte.weight" in tensors
    assert "head.weight" not in tensors
    assert {tensor.dtype for tensor in tensors.values()} == {torch.float32}


def test_the_record_says_how_the_file_was_made() -> None:
    assert (train_base.ROOT / RECORD["script"]).samefile(train_base.__file__)
    assert RECORD["steps"] == train_base.STEPS
    assert {"commit", "date", "torch", "cpu", "threads", "cpu_seconds"} <= RECORD.keys()


def cells(path: Path) -> dict[str, str]:
    """Return the text of each cell of the model, by name."""
    snippet = load(path)
    return {
        cell.name: "\n".join(snippet.lines[cell.line : cell.end])
        for cell in snippet.cells
        if cell.name in train_base.CELLS
    }


def has_model(path: Path) -> bool:
    """Whether a snippet defines the class GPT."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(isinstance(node, ast.ClassDef) and node.name == "GPT" for node in tree.body)


REPEATING = [
    path
    for path in sorted(SNIPPETS.rglob("*.py"))
    if has_model(path) and path != train_base.CLASSES
]


def test_snippets_repeat_the_model() -> None:
    assert set(cells(train_base.CLASSES)) == set(train_base.CELLS)
    assert REPEATING


@pytest.mark.parametrize("path", REPEATING, ids=lambda path: path.stem)
def test_a_repeated_model_is_that_of_the_whole_model(path: Path) -> None:
    assert cells(path) == cells(train_base.CLASSES)


READING = [
    path
    for path in sorted(SNIPPETS.rglob("*.py"))
    if train_base.WEIGHTS.name in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("path", READING, ids=lambda path: path.stem)
def test_a_snippet_reads_the_weights_in_a_way_that_its_record_sees(path: Path) -> None:
    (record,) = Records(train_base.ROOT).get([load(path)])

    assert train_base.WEIGHTS.relative_to(train_base.ROOT).as_posix() in record.files
