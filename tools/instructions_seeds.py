"""Train the model of *Following instructions* with five seeds, in the ways that the page compares.

    python tools/instructions_seeds.py

writes `snippets/data/instructions.json`, which the page reads: with the prompt masked and without,
then preference tuning from each masked model, alone and mixed with examples of the other orders.
It takes about two minutes. `tests/content/test_instructions.py` computes one row again.
"""

from __future__ import annotations

import json
import time
from typing import Any

import torch
from provenance import ROOT, provenance, require_commit
from train_instruct import CHAPTER, STEPS, chapter

RECORD = ROOT / "snippets/data/instructions.json"
SEEDS = range(5)
TUNED = range(0, 61, 10)
"""The steps of preference tuning after which the model is measured."""


def trained(names: dict[str, Any], seed: int, masked: bool) -> tuple[torch.nn.Module, float]:
    """Return a model trained from a seed, and the mean of its last ten losses."""
    model = names["fresh"](seed)
    losses = names["train"](model, STEPS, masked, seed)
    return model, sum(losses[-10:]) / 10


def scores(names: dict[str, Any], model: torch.nn.Module) -> dict[str, int]:
    """Return how many held-out words each order is followed on."""
    return dict(zip(names["orders"], names["scores"](model, names["held_out"]), strict=True))


@torch.no_grad()
def row(names: dict[str, Any], model: torch.nn.Module, tuned: torch.nn.Module) -> dict[str, Any]:
    """Return the preference loss, both answers' log-probabilities, and scores on held-out words."""
    now = [names["log_p"](tuned, names[answer]) for answer in ("better", "worse")]
    before = [names["log_p"](model, names[answer]) for answer in ("better", "worse")]
    preferred = [(f"C{word}>", word[::-1] + ".") for word in names["held_out"]]
    return {
        "loss": round(names["dpo"](*now, *before).mean().item(), 4),
        "better": round(now[0].mean().item(), 3),
        "worse": round(now[1].mean().item(), 3),
        "reversed": names["correct"](tuned, preferred),
        **scores(names, tuned),
    }


def main() -> None:
    require_commit(__file__, ROOT / "tools/train_instruct.py", CHAPTER)
    torch.set_num_threads(1)
    names, begin = chapter(), time.process_time()
    rows: dict[str, list[Any]] = {"masked": [], "unmasked": [], "alone": [], "mixed": []}
    for seed in SEEDS:
        for kind in ("unmasked", "masked"):
            model, loss = trained(names, seed, kind == "masked")
            rows[kind].append({"loss": round(loss, 4), **scores(names, model)})
            print(seed, kind, rows[kind][-1], flush=True)
        for kind in ("alone", "mixed"):
            runs = {n: names["tune"](model, n, kind == "mixed") for n in TUNED}
            rows[kind].append({str(n): row(names, model, tuned) for n, tuned in runs.items()})
            print(seed, kind, rows[kind][-1]["60"], flush=True)
    record = provenance(__file__, begin) | rows
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
