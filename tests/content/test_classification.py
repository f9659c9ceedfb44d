"""What *Fine-tuning to classify* compares is found a second way, and its record measured anew."""

from __future__ import annotations

import json
import math
from collections import Counter

import classification_seeds
import pytest
import torch
import train_base
from classification_seeds import SEEDS, WAYS, Chapter

RECORD = json.loads(classification_seeds.RECORD.read_text(encoding="utf-8"))
RUNS = RECORD["runs"]


@pytest.fixture(scope="module")
def chapter() -> Chapter:
    """The chapter with the pieces of the first seed."""
    torch.set_num_threads(1)
    return Chapter(SEEDS[0])


@pytest.mark.parametrize(
    "name", ["h[:, 0]", "h[:, -1]", "h.mean(1)", "z.mean(1)", "counts", "pairs"]
)
def test_a_row_of_the_record_is_what_its_first_seed_gives(chapter: Chapter, name: str) -> None:
    result = WAYS[name](chapter)

    run = RUNS[name]
    # another order of sums may turn a piece or two of 800, and more where a whole network learns
    pieces, distance = (8, 0.02) if name == "z.mean(1)" else (2, 1e-3)
    assert result.trained == run["trained"]
    assert result.accuracy == pytest.approx(run["accuracies"][0], abs=pieces / 800)
    assert result.loss == pytest.approx(run["losses"][0], abs=distance)
    assert result.training_loss == pytest.approx(run["training_losses"][0], abs=distance)


def test_the_record_has_five_runs_of_each_way_and_says_how_they_were_made() -> None:
    assert list(RUNS) == list(WAYS)
    for run in RUNS.values():
        assert len(run["accuracies"]) == len(run["losses"]) == len(SEEDS) == 5
        # a count out of 800
        assert all(math.isclose(share * 800, round(share * 800)) for share in run["accuracies"])
    assert (train_base.ROOT / RECORD["script"]).samefile(classification_seeds.__file__)
    assert RECORD["steps"] == classification_seeds.STEPS
    assert {"command", "commit", "date", "torch", "cpu", "threads", "seeds"} <= RECORD.keys()


def test_the_numbers_trained_are_those_of_the_formula() -> None:
    d, layer = 64, 12 * 64**2 + 13 * 64
    body = 256 * d + 64 * d + 2 * layer + 2 * d
    head = 2 * d + 2

    trained = {name: run["trained"] for name, run in RUNS.items()}

    assert trained["h.mean(1)"] == head
    assert trained["blocks[1]"] == layer + 2 * d + head
    assert trained["z[:, -1]"] == trained["z.mean(1)"] == trained["GPT(cfg)"] == body + head
    assert trained["counts"] == 2 * 256
    assert trained["pairs"] == 2 * 256**2


def test_pieces_of_the_two_sides_come_from_two_parts_of_each_text(chapter: Chapter) -> None:
    for (known, new), language in zip(chapter.names["texts"], ("en", "fr"), strict=True):
        path = train_base.TEXT.with_name(f"verne-long.{language}.txt")
        text = path.read_bytes().partition(b"\n\n")[2]
        cut = int(0.9 * len(text))

        assert bytes(known.flatten().tolist()) == text[: cut // 16 * 16]
        assert bytes(new.flatten().tolist()) == text[cut:][: len(new) * 16]


def test_naive_bayes_is_what_a_loop_over_the_bytes_gives(chapter: Chapter) -> None:
    rows, labels = chapter.x.tolist(), chapter.y.tolist()
    tallies = {
        k: Counter(
            byte for row, label in zip(rows, labels, strict=True) if label == k for byte in row
        )
        for k in (0, 1)
    }

    def score(row: list[int], k: int) -> float:
        total = sum(tallies[k].values()) + 256
        return sum(math.log((tallies[k][byte] + 1) / total) for byte in row)

    right = sum(
        (score(row, 1) > score(row, 0)) == bool(label)
        for row, label in zip(chapter.x_new.tolist(), chapter.y_new.tolist(), strict=True)
    )

    assert WAYS["counts"](chapter).accuracy == pytest.approx(right / 800)
    assert RUNS["counts"]["accuracies"][0] == pytest.approx(right / 800, abs=2 / 800)


def test_a_head_alone_finds_the_minimum_of_a_smooth_loss(chapter: Chapter) -> None:
    body, fit = chapter.names["body"], chapter.names["fit"]
    with torch.no_grad():
        h = body(chapter.x).mean(1)
    head = fit(h, chapter.y)

    # Newton's method in float64 goes to the bottom; a hundred steps of AdamW come near it
    w = torch.zeros(65, dtype=torch.float64)
    inputs = torch.cat([h, torch.ones(len(h), 1)], dim=1).double()
    for _ in range(30):
        p = torch.sigmoid(inputs @ w)
        gradient = inputs.T @ (p - chapter.y) / len(h) + 1e-3 * w
        curvature = inputs.T @ (inputs * (p * (1 - p))[:, None]) / len(h) + 1e-3 * torch.eye(65)
        w -= torch.linalg.solve(curvature, gradient)
    with torch.no_grad():
        answers = head(h).argmax(1) == 1

    assert ((inputs @ w > 0) == answers).double().mean().item() > 0.95
