"""Train the model of the chapter *Following instructions*, and record how it was made.

    python tools/train_instruct.py

writes `snippets/data/instruct.safetensors` and, beside it, `instruct.json`: script, commit, date,
versions, time, losses and scores. The model, the language and the loop are the chapter's own cells.
It takes a few seconds. `tests/content/test_instructions.py` trains the first steps again, and
measures the file.
"""

from __future__ import annotations

import io
import json
import random
import time
from contextlib import redirect_stdout
from math import cos, pi
from typing import Any

import torch
from cells import define
from provenance import ROOT, provenance, require_commit
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional

CHAPTER = ROOT / "snippets/instructions.py"
CELLS = (
    *("attention", "block", "model", "language", "split", "rows", "train", "loop"),
    *("answers", "exact-match", "log-p", "dpo", "preferences", "tune"),
)
"""The cells that define the model, its language, its training and its scores."""
WEIGHTS = ROOT / "snippets/data/instruct.safetensors"
RECORD = WEIGHTS.with_suffix(".json")
STEPS = 300
FIRST = 6
"""How many losses the record keeps for the test."""


def chapter() -> dict[str, Any]:
    """Return the names that the chapter's cells define."""
    given = {"torch": torch, "nn": nn, "F": functional, "random": random, "cos": cos, "pi": pi}
    # of the cell `config`, whose imports stand above
    given["cfg"] = {"n_heads": 4, "n_layers": 2, "drop_rate": 0.0}
    with redirect_stdout(io.StringIO()):
        return define(CHAPTER, CELLS, given)


def main() -> None:
    require_commit(__file__, CHAPTER)
    torch.set_num_threads(1)
    names = chapter()
    begin, model = time.process_time(), names["fresh"]()
    losses = names["train"](model, STEPS)
    save_file(dict(model.named_parameters()), WEIGHTS)  # the tied head is no second parameter
    record = provenance(__file__, begin) | {
        "steps": STEPS,
        "parameters": sum(p.numel() for p in model.parameters()),
        "first_losses": [round(loss, 7) for loss in losses[:FIRST]],
        "last_loss": round(losses[-1], 3),
        "seen": names["scores"](model, names["seen"]),
        "held_out": names["scores"](model, names["held_out"]),
    }
    RECORD.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(record, indent=2))


if __name__ == "__main__":
    main()
