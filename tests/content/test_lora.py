"""What *Fine-tuning few numbers* prints and reads is found a second way."""

from __future__ import annotations

import json
from typing import Any

import lora_seeds
import pytest
import torch
from torch import Tensor, nn

RECORD = json.loads(lora_seeds.RECORD.read_text(encoding="utf-8"))
RUNS = {run["name"]: run for run in RECORD["runs"]}


@pytest.fixture(scope="module")
def chapter() -> lora_seeds.Chapter:
    return lora_seeds.Chapter()


def test_the_record_says_how_it_was_made() -> None:
    assert (lora_seeds.ROOT / RECORD["script"]).samefile(lora_seeds.__file__)
    assert RECORD["steps"] == lora_seeds.STEPS
    assert RECORD["seeds"] == list(lora_seeds.SEEDS)
    assert {"commit", "date", "torch", "cpu", "threads", "cpu_seconds"} <= RECORD.keys()


def test_each_run_has_five_seeds_and_the_best_of_its_rates() -> None:
    for run in RUNS.values():
        assert len(run["fr"]) == len(run["en"]) == len(RECORD["seeds"]) == 5
        assert len(run["tried"]) == len(lora_seeds.RATES)
        assert f"{run['rate']:g}" == min(run["tried"], key=run["tried"].__getitem__)


def test_the_numbers_of_each_run_are_those_of_the_formula() -> None:
    sizes = {"qkv": (64, 192), "out": (64, 64), "up": (64, 256), "down": (256, 64)}

    assert RUNS["θ"]["numbers"] == 120_576
    assert RUNS["W"]["numbers"] == 2 * sum(a * b for a, b in sizes.values())
    for r in lora_seeds.RANKS:
        assert RUNS[f"r = {r}"]["numbers"] == 2 * r * sum(a + b for a, b in sizes.values())
    for name, (layers, r) in lora_seeds.SHARES.items():
        assert RUNS[name]["numbers"] == 2 * r * sum(sum(sizes[layer]) for layer in layers) == 10_240
    assert RUNS["r = 16, wte"]["numbers"] == RUNS["r = 16"]["numbers"] + 256 * 64


def test_what_the_page_says_of_each_seed_is_so() -> None:
    whole, thin, cuts = RUNS["W"], RUNS["r = 16"], RECORD["cuts"]

    assert all(a < b for a, b in zip(whole["fr"], thin["fr"], strict=True))
    assert all(a > b for a, b in zip(whole["en"], thin["en"], strict=True))
    for r in lora_seeds.RANKS:
        losses = cuts["fr"][cuts["r"].index(r)]
        assert all(a < b for a, b in zip(RUNS[f"r = {r}"]["fr"], losses, strict=True))
    cut = cuts["fr"][cuts["r"].index(16)]
    assert all(a < b for a, b in zip(RUNS["r = 4"]["fr"], cut, strict=True))


def test_the_base_has_the_losses_of_the_record(chapter: lora_seeds.Chapter) -> None:
    base = chapter.base()

    assert chapter.judge(base, chapter.french[2]) == pytest.approx(RECORD["base"]["fr"], abs=1e-4)
    assert chapter.judge(base, chapter.english[2]) == pytest.approx(RECORD["base"]["en"], abs=1e-4)


def test_a_run_of_the_record_is_made_again(chapter: lora_seeds.Chapter) -> None:
    run, make = RUNS["r = 4"], dict(chapter.methods())["r = 4"]

    model = chapter.tuned(make, run["rate"], seed=0)

    # 200 steps: another order of sums shows in the third decimal
    assert chapter.judge(model, chapter.french[2]) == pytest.approx(run["fr"][0], abs=1e-2)
    assert chapter.judge(model, chapter.english[2]) == pytest.approx(run["en"][0], abs=3e-2)


def test_the_three_parts_of_a_text_are_the_text(chapter: lora_seeds.Chapter) -> None:
    path = lora_seeds.TEXT.with_name("verne-long.fr.txt")
    text = path.read_bytes().partition(b"\n\n")[2]

    assert bytes(torch.cat(chapter.french).tolist()) == text
    assert len(chapter.french[1]) == len(chapter.french[2]) == pytest.approx(len(text) / 20, abs=1)


def test_a_change_that_is_not_cut_is_the_whole_run() -> None:
    assert RECORD["cuts"]["r"][-1] == 64
    assert RECORD["cuts"]["fr"][-1] == pytest.approx(RUNS["W"]["fr"], abs=2e-4)


def double(chapter: lora_seeds.Chapter) -> tuple[Any, Tensor, Tensor]:
    """Return a LoRA layer in float64 with both matrices drawn, inputs, and targets."""
    torch.manual_seed(0)
    lora = chapter.names["LoRA"](nn.Linear(6, 5), r=3, alpha=7.0).double()
    nn.init.normal_(lora.B)
    return lora, torch.randn(4, 6, dtype=torch.float64), torch.randn(4, 5, dtype=torch.float64)


def test_the_gradients_are_those_of_the_merged_weight(chapter: lora_seeds.Chapter) -> None:
    lora, x, target = double(chapter)
    merged = (lora.layer.weight + 7 / 3 * lora.B @ lora.A).detach().requires_grad_()
    (x @ merged.T + lora.layer.bias - target).square().mean().backward()

    (lora(x) - target).square().mean().backward()

    exact = {"rtol": 0, "atol": 1e-12}
    torch.testing.assert_close(lora.B.grad, 7 / 3 * merged.grad @ lora.A.T, **exact)
    torch.testing.assert_close(lora.A.grad, 7 / 3 * lora.B.T @ merged.grad, **exact)
    assert lora.layer.weight.grad is None


def test_the_nearest_matrix_leaves_the_energy_of_the_other_products() -> None:
    change = torch.tensor([[3.0, 0.0], [4.0, 5.0]], dtype=torch.float64)

    # by hand: the eigenvalues of MᵀM are 45 and 5
    assert lora_seeds.energy(change).tolist() == pytest.approx([0.9, 1])
    rest = change - lora_seeds.cut(change, 1)
    assert rest.square().sum().item() == pytest.approx(5)
    assert torch.linalg.matrix_rank(lora_seeds.cut(change, 1)) == 1
