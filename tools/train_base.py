"""Train the base model of Part III, and record how it was made.

    python tools/train_base.py

writes `snippets/data/tiny.safetensors` and, beside it, `tiny.json`: script, commit, date, versions,
time and losses. It takes about 20 seconds of one core. `tests/content/test_base.py` trains the
first steps again, and measures the loss of the file.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from math import cos, pi

import torch
from cells import define
from provenance import ROOT, provenance, require_commit
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

CLASSES = ROOT / "snippets/gpt.py"
CELLS = ("attention", "block", "model")
"""The cells of the classes."""
TEXT = ROOT / "snippets/data/verne-long.en.txt"
WEIGHTS = ROOT / "snippets/data/tiny.safetensors"
RECORD = WEIGHTS.with_suffix(".json")

CONFIG = {
    "vocab_size": 256,  # bytes
    "context_length": 64,
    "emb_dim": 64,
    "n_heads": 4,
    "n_layers": 2,
    "drop_rate": 0.0,
}
STEPS, WARM_UP = 1200, 50
BATCH = 12
PEAK, FLOOR = 5e-3, 0.1
"""The highest learning rate, and the part of it that the cosine ends on."""
DECAY = 0.1
FIRST = 6
"""How many losses the record keeps for the test."""


def make_model() -> nn.Module:
    """Return the model with its initial values."""
    torch.manual_seed(0)
    given = {"torch": torch, "nn": nn, "F": functional}
    model: nn.Module = define(CLASSES, CELLS, given)["GPT"](CONFIG)
    for parameter in model.parameters():
        if parameter.ndim == 2:
            # GPT-2's 0.02 is made for 768 numbers a token; with 64 it learns far more slowly
            nn.init.normal_(parameter, std=0.1)
    return model


def split_text() -> tuple[Tensor, Tensor]:
    """Return the bytes to train on, and the last tenth, held out."""
    text = TEXT.read_text(encoding="utf-8").partition("\n\n")[2]
    data = torch.tensor(list(text.encode("utf-8")))
    count = int(0.9 * len(data))
    return data[:count], data[count:]


def learning_rate(step: int) -> float:
    """Rise in a straight line, then fall along half a cosine."""
    if step < WARM_UP:
        return PEAK * (step + 1) / WARM_UP
    part = (step - WARM_UP) / (STEPS - WARM_UP)
    return PEAK * (FLOOR + (1 - FLOOR) * (1 + cos(pi * part)) / 2)


def loss_of(model: nn.Module, windows: Tensor) -> Tensor:
    """Return the mean loss of each window's bytes after its first."""
    logits = model(windows[:, :-1])
    return functional.cross_entropy(logits.flatten(0, 1), windows[:, 1:].flatten())


def train(model: nn.Module, data: Tensor) -> Iterator[float]:
    """Train, and yield each batch's loss before its step."""
    matrices = [p for p in model.parameters() if p.ndim == 2]
    vectors = [p for p in model.parameters() if p.ndim < 2]
    groups = [{"params": matrices}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.95), weight_decay=DECAY)
    generator = torch.Generator().manual_seed(1)
    context = CONFIG["context_length"]
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step)
        starts = torch.randint(len(data) - context, (BATCH, 1), generator=generator)
        loss = loss_of(model, data[starts + torch.arange(context + 1)])
        yield loss.item()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()


@torch.no_grad()
def measure(model: nn.Module, data: Tensor) -> float:
    """Return the mean loss over a text, cut into windows that share their border bytes."""
    context = CONFIG["context_length"]
    return loss_of(model, data.unfold(0, context + 1, context)).item()


def main() -> None:
    require_commit(__file__, CLASSES, TEXT)
    torch.set_num_threads(1)
    model = make_model()
    training, held_out = split_text()
    begin, losses = time.process_time(), []
    for step, loss in enumerate(train(model, training)):
        losses.append(loss)
        if step % 100 == 0:
            print(step, f"{loss:.3f}", flush=True)
    made = provenance(__file__, begin)
    save_file(dict(model.named_parameters()), WEIGHTS)  # the tied head is no second parameter
    record = made | {
        "steps": STEPS,
        "parameters": sum(p.numel() for p in model.parameters()),
        "first_losses": [round(loss, 7) for loss in losses[:FIRST]],
        "training_loss": round(measure(model, training), 5),
        "held_out_loss": round(measure(model, held_out), 5),
    }
    RECORD.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(record, indent=2))


if __name__ == "__main__":
    main()
