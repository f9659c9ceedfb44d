"""What *Generating text* prints is found a second way, and does not hang on a last digit."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise, product
from typing import Any

import pytest
import torch
import train_base
from cells import define
from safetensors.torch import load_model

SNIPPET = train_base.ROOT / "snippets/generation.py"
SCORES = [3.0, 2.0, 1.0, 0.5, 0.0, -1.0, -2.0]
DEFINED = ("scores", "greedy", "draw", "top-k", "top-p", "min-p", "beam", "attend", "step")


def definitions(text: str) -> str:
    """Return a cell's functions and imports, without what it prints."""
    blocks = text.split("\n\n\n")
    return "\n\n\n".join(b for b in blocks if b.lstrip().startswith(("def ", "@", "from ")))


@pytest.fixture(scope="module")
def chapter() -> dict[str, Any]:
    """The functions of the chapter, on the model that the repository ships."""
    model = train_base.make_model()
    load_model(model, train_base.WEIGHTS)
    functional = torch.nn.functional
    names: dict[str, Any] = {"torch": torch, "F": functional, "Fraction": Fraction}
    names["model"] = model.eval()
    return define(SNIPPET, DEFINED, names, definitions)


def softmax(scores: list[float]) -> list[float]:
    powers = [math.exp(score) for score in scores]
    return [power / sum(powers) for power in powers]


def remaining(scores: torch.Tensor) -> list[int]:
    return [n for n, score in enumerate(scores.tolist()) if score > -math.inf]


@pytest.mark.parametrize("p", [0.5, 0.7, 0.9, 0.95, 1.0])
def test_top_p_is_what_a_loop_over_the_sorted_tokens_keeps(
    chapter: dict[str, Any], p: float
) -> None:
    for seed in range(20):
        draws = torch.Generator().manual_seed(seed)
        scores = torch.tensor(SCORES)[torch.randperm(7, generator=draws)]
        probabilities = softmax(scores.tolist())
        kept, total = [], 0.0
        for token in sorted(range(7), key=lambda n: -probabilities[n]):
            if total < p:
                kept.append(token)
            total += probabilities[token]

        assert remaining(chapter["top_p"](scores, p)) == sorted(kept)


@pytest.mark.parametrize("m", [0.5, 0.2, 0.1, 0.05])
def test_min_p_is_a_threshold_on_the_scores(chapter: dict[str, Any], m: float) -> None:
    kept = [n for n, score in enumerate(SCORES) if score >= max(SCORES) + math.log(m)]

    assert remaining(chapter["min_p"](torch.tensor(SCORES), m)) == kept


def test_beams_that_keep_everything_find_the_best_of_all_texts(chapter: dict[str, Any]) -> None:
    tune = "CDECCDECEFGEFGGAGFECGAGFECCgCCgC"
    after: dict[str, dict[str, int]] = {note: {} for note in tune}
    for note, following in pairwise(tune):
        after[note][following] = after[note].get(following, 0) + 1

    def probability(text: str) -> Fraction:
        p = Fraction(1)
        for note, following in pairwise(text):
            p *= Fraction(after[note].get(following, 0), sum(after[note].values()))
        return p

    best = max(probability("C" + "".join(notes)) for notes in product(sorted(after), repeat=5))

    assert chapter["beams"](after, "C", 5, 10_000)[0][0] == best
    assert chapter["beams"](after, "C", 5, 2)[0][0] < best


@pytest.mark.parametrize("u", [0.0, 1 - 2**-24])
def test_the_draw_never_gives_a_forbidden_token(
    chapter: dict[str, Any], monkeypatch: pytest.MonkeyPatch, u: float
) -> None:
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(200, 256, generator=generator)
    rows[rows < 1] = -math.inf
    rows[:, [0, -1]] = -math.inf
    monkeypatch.setattr(torch, "rand", lambda *_, **__: torch.tensor([u]))

    for scores in rows:
        assert scores[chapter["draw"](scores, generator)] > -math.inf


def test_the_draws_of_the_chapter_stay_away_from_the_sums(chapter: dict[str, Any]) -> None:
    gaps, thresholds = [], []

    def watched(z: torch.Tensor, draws: torch.Generator) -> torch.Tensor:
        state = draws.get_state()
        u = torch.rand(1, generator=draws)
        draws.set_state(state)
        gaps.append((z.softmax(-1).cumsum(-1) - u).abs().min().item())
        return chapter["draw"](z, draws)

    def top_p(z: torch.Tensor) -> torch.Tensor:
        sums = z.softmax(-1).sort(descending=True).values.cumsum(-1)
        thresholds.append((sums - 0.9).abs().min().item())
        return chapter["top_p"](z, 0.9)

    for rule in (
        lambda z: z,
        lambda z: z / 0.5,
        lambda z: z / 2,
        lambda z: chapter["top_k"](z, 5),
        top_p,
        lambda z: chapter["min_p"](z, 0.1),
    ):
        draws = torch.Generator().manual_seed(2)
        chapter["write"]("It was ", 50, lambda z, d=draws, r=rule: watched(r(z), d))
    draws = torch.Generator().manual_seed(1)
    chapter["write"]("It was ", 50, lambda z: watched(top_p(z), draws))

    assert len(gaps) == 350
    # rounding moves a sum by some 1e-7
    assert min(gaps) > 1e-5
    assert min(thresholds) > 1e-5
