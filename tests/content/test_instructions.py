"""What *Following instructions* says of masks, preferences and its recorded runs."""

from __future__ import annotations

import json
import math
from typing import Any

import instructions_seeds
import pytest
import torch
import train_instruct
from safetensors.torch import load_file, load_model
from torch import Tensor
from torch.nn import functional

from precis.run.record import Records
from precis.source.parse import load

RECORD = json.loads(train_instruct.RECORD.read_text(encoding="utf-8"))
SEEDS = json.loads(instructions_seeds.RECORD.read_text(encoding="utf-8"))
ORDERS = "CRSF"


@pytest.fixture(scope="module")
def chapter() -> dict[str, Any]:
    return train_instruct.chapter()


@pytest.fixture(scope="module")
def model(chapter: dict[str, Any]) -> torch.nn.Module:
    made: torch.nn.Module = chapter["fresh"]()
    load_model(made, train_instruct.WEIGHTS)
    return made.eval()


def gradient_by_place(
    chapter: dict[str, Any], model: torch.nn.Module, pairs: list[tuple[str, str]], masked: bool
) -> Tensor:
    """Return whether each place of each row gives the scores a gradient."""
    x, y = chapter["rows"](pairs, masked)
    logits = model(x).detach().requires_grad_()
    functional.cross_entropy(logits.flatten(0, 1), y.flatten()).backward()
    assert logits.grad is not None
    return (logits.grad != 0).any(dim=-1)


def answered(pairs: list[tuple[str, str]]) -> list[list[bool]]:
    """Return which of nine places predict a token of the answer, counted from the texts."""
    starts = [len(prompt) - 1 for prompt, _ in pairs]
    return [
        [start <= place < start + len(answer) for place in range(9)]
        for start, (_, answer) in zip(starts, pairs, strict=True)
    ]


@pytest.mark.parametrize("word", ["cab", "hhh", "bed"])
def test_masked_targets_give_no_gradient_and_answers_do(chapter: dict[str, Any], word: str) -> None:
    fresh = chapter["fresh"]()
    pairs = [chapter["example"](order, word) for order in ORDERS]

    assert gradient_by_place(chapter, fresh, pairs, masked=True).tolist() == answered(pairs)


def test_without_the_mask_prompts_give_a_gradient(chapter: dict[str, Any]) -> None:
    pairs = [chapter["example"](order, "cab") for order in ORDERS]
    given = gradient_by_place(chapter, chapter["fresh"](), pairs, masked=False)

    # the four places before the separator's
    assert given[:, :4].all()
    assert given.tolist() != answered(pairs)


def test_the_end_and_the_first_letter_of_each_answer_are_targets(chapter: dict[str, Any]) -> None:
    pairs = [chapter["example"](order, word) for order in ORDERS for word in chapter["seen"]]
    _, y = chapter["rows"](pairs)
    symbols = chapter["symbols"]

    for row, (_, answer) in zip(y.tolist(), pairs, strict=True):
        assert "".join(symbols[i] for i in row if i != -100) == answer


def test_no_held_out_word_is_trained_on(chapter: dict[str, Any]) -> None:
    seen, held_out = set(chapter["seen"]), set(chapter["held_out"])

    assert len(seen | held_out) == 8**3
    assert not seen & held_out
    assert {prompt[1:4] for prompt, _ in chapter["better"] + chapter["others"]} <= seen


def test_the_first_steps_have_the_losses_of_the_record(chapter: dict[str, Any]) -> None:
    losses = chapter["train"](chapter["fresh"](), train_instruct.FIRST)

    assert losses == pytest.approx(RECORD["first_losses"], abs=1e-5)


def test_the_file_has_the_scores_of_the_record(
    chapter: dict[str, Any], model: torch.nn.Module
) -> None:
    assert chapter["scores"](model, chapter["seen"]) == RECORD["seen"]
    assert chapter["scores"](model, chapter["held_out"]) == RECORD["held_out"]


def test_the_file_holds_each_parameter_once() -> None:
    tensors = load_file(train_instruct.WEIGHTS)

    # by hand: two tables, two blocks of 12 d² + 13 d, the last norm; the head is wte
    count = 15 * 48 + 10 * 48 + 2 * (12 * 48 * 48 + 13 * 48) + 2 * 48
    assert sum(tensor.numel() for tensor in tensors.values()) == count == RECORD["parameters"]
    assert "head.weight" not in tensors


def test_the_log_probability_of_an_answer_is_a_product_along_the_text(
    chapter: dict[str, Any], model: torch.nn.Module
) -> None:
    number = chapter["number"]
    for prompt, answer in (("Ccab>", "bac."), ("Fcab>", "c.")):
        total = 0.0
        for n, token in enumerate(answer):
            ids = torch.tensor([[number[c] for c in prompt + answer[:n]]])
            total += math.log(model(ids)[0, -1].softmax(dim=-1)[number[token]].item())

        computed = chapter["log_p"](model, [(prompt, answer)]).item()
        assert computed == pytest.approx(total, rel=1e-4)


@pytest.mark.parametrize("values", [(-12, -10), (-11, -14), (-13, -16), (-9, -1)])
def test_the_gradient_of_dpo_is_the_slope_of_its_loss(
    chapter: dict[str, Any], values: tuple[float, float]
) -> None:
    def loss(better: float, worse: float) -> float:
        h = 0.1 * ((better + 12) - (worse + 10))
        return math.log1p(math.exp(-h))

    now = [torch.tensor(float(value), requires_grad=True) for value in values]
    chapter["dpo"](*now, torch.tensor(-12.0), torch.tensor(-10.0)).backward()

    better, worse = values
    step = 1e-4
    slopes = [
        (loss(better + step, worse) - loss(better - step, worse)) / (2 * step),
        (loss(better, worse + step) - loss(better, worse - step)) / (2 * step),
    ]
    assert [value.grad.item() for value in now] == pytest.approx(slopes, abs=1e-6)


def test_the_first_seed_is_the_shipped_model_and_is_tuned_as_recorded(
    chapter: dict[str, Any], model: torch.nn.Module
) -> None:
    masked, alone = SEEDS["masked"][0], SEEDS["alone"][0]
    assert [masked[order] for order in ORDERS] == RECORD["held_out"]

    row = instructions_seeds.row(chapter, model, chapter["tune"](model, 10))

    for name in ("loss", "better", "worse"):
        assert row[name] == pytest.approx(alone["10"][name], rel=2e-2), name


def test_the_records_say_how_they_were_made() -> None:
    for record, program in ((RECORD, train_instruct), (SEEDS, instructions_seeds)):
        assert (train_instruct.ROOT / record["script"]).samefile(program.__file__)
        assert {"commit", "date", "torch", "cpu", "threads", "cpu_seconds"} <= record.keys()
    assert all(len(SEEDS[kind]) == 5 for kind in ("masked", "unmasked", "alone", "mixed"))


def test_the_answers_that_the_page_prints_do_not_hang_on_a_last_digit(
    chapter: dict[str, Any], model: torch.nn.Module
) -> None:
    prompts = ["Ccab>", "Rcab>", "Scab>", "Fcab>", "Rcab", "Rca>", "cabR>"]
    for prompt in prompts:
        (text,) = chapter["answers"](model, [prompt])
        for n in range(len(text)):
            ids = torch.tensor([[chapter["number"][c] for c in prompt + text[:n]]])
            first, second = model(ids)[0, -1].topk(2).values.tolist()
            assert first - second > 1e-2, (prompt, text, n)


def test_the_page_reads_its_files_in_a_way_that_its_record_sees() -> None:
    (record,) = Records(train_instruct.ROOT).get([load(train_instruct.CHAPTER)])

    for path in (train_instruct.WEIGHTS, instructions_seeds.RECORD):
        assert path.relative_to(train_instruct.ROOT).as_posix() in record.files
