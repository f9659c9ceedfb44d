"""Measure full tuning and LoRA of several ranks on the same budget, with five seeds each.

    python tools/lora_seeds.py

writes `snippets/data/lora.json`, which the chapter *Fine-tuning few numbers* reads: the English
model learns French. Each method's rate is the best of a few, with seed 0, on the first half of the
held-out French; the losses of the record are those of its second half. It takes about five minutes
of one core. `tests/content/test_lora.py` measures one of the runs again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import torch
from cells import define
from provenance import ROOT, provenance, require_commit
from safetensors.torch import load, load_file
from torch import Tensor, nn
from train_base import CELLS, CONFIG, TEXT, WEIGHTS

CHAPTER = ROOT / "snippets/lora.py"
USED = ("texts", "loss", "lora", "adapt", "batch", "train")
"""The cells of the chapter that the measurement executes, besides those of the model."""
RECORD = ROOT / "snippets/data/lora.json"

SEEDS = range(5)
STEPS = 200
RATES = (2e-3, 5e-3, 1e-2, 2e-2, 5e-2)
EVERY = ("qkv", "out", "up", "down")
RANKS = (1, 2, 4, 8, 16)
CUTS = (1, 2, 4, 8, 16, 32, 64)
SHARES = {"qkv, r = 20": (("qkv",), 20), "mlp, r = 8": (("up", "down"), 8), "r = 5": (EVERY, 5)}
"""Layers and rank of three adapters with as many numbers."""
DECIMALS = 4

Model = nn.Module
Make = Callable[[Model], Model]


def definitions(text: str) -> str:
    """Return a cell's functions and classes, without what it prints."""
    blocks = text.split("\n\n\n")
    return "\n\n\n".join(b for b in blocks if b.lstrip().startswith(("def ", "class ", "@")))


class Chapter:
    """The functions of the chapter, its texts and its base model."""

    def __init__(self) -> None:
        given = {"torch": torch, "nn": nn, "F": nn.functional, "cfg": CONFIG}
        given |= {"data": WEIGHTS.parent, "load": load}
        self.names = define(CHAPTER, (*CELLS, *USED), given, definitions)
        self.english, self.french = self.names["parts"]("en"), self.names["parts"]("fr")

    def base(self) -> Model:
        """Return the English model with the weights of the file."""
        model: Model = self.names["GPT"](CONFIG)
        tensors = load_file(WEIGHTS)
        model.load_state_dict(tensors | {"head.weight": tensors["wte.weight"]})
        return model

    @torch.no_grad()
    def judge(self, model: Model, ids: Tensor) -> float:
        """Return the mean loss over a text."""
        return float(self.names["loss"](model, ids.unfold(0, 65, 64)))

    def tuned(self, make: Make, rate: float, seed: int) -> Model:
        """Return a model trained on French; the seed is that of A and of the batches."""
        torch.manual_seed(seed)
        model = make(self.base())
        self.names["train"](model, self.french[0], rate, STEPS, seed)
        return model

    def methods(self) -> Iterator[tuple[str, Make]]:
        """Name what is trained, and prepare a model for it."""
        adapt = self.names["adapt"]
        yield "θ", lambda model: model
        yield "W", only_matrices
        for r in RANKS:
            yield f"r = {r}", lambda model, r=r: adapt(model, r)
        for name, (layers, r) in SHARES.items():
            yield name, lambda model, r=r, layers=layers: adapt(model, r, names=layers)
        yield "r = 16, wte", lambda model: with_table(adapt(model, 16))


def matrices(model: Model) -> dict[str, nn.Linear]:
    """Return the four linear layers of each block."""
    return {
        name: module
        for name, module in model.named_modules()
        if name.startswith("blocks") and isinstance(module, nn.Linear)
    }


def only_matrices(model: Model) -> Model:
    """Freeze all but the matrices to which the chapter adds LoRA."""
    model.requires_grad_(False)
    for layer in matrices(model).values():
        layer.weight.requires_grad_()
    return model


def with_table(model: Model) -> Model:
    """Train the table of tokens too, which is the head's as well."""
    model.get_parameter("wte.weight").requires_grad_()
    return model


def cut(change: Tensor, rank: int) -> Tensor:
    """Return the nearest matrix of a rank."""
    u, s, v = torch.linalg.svd(change, full_matrices=False)
    return (u[:, :rank] * s[:rank]) @ v[:rank]


def energy(matrix: Tensor) -> Tensor:
    """Return the running share of the squared singular values."""
    squares = torch.linalg.svdvals(matrix.double()).square()
    return squares.cumsum(0) / squares.sum()


def rounded(values: list[float]) -> list[float]:
    return [round(value, DECIMALS) for value in values]


def count(model: Model) -> int:
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def compare(chapter: Chapter) -> tuple[list[dict[str, Any]], list[Model]]:
    """Return the runs, and the models of which all matrices were trained."""
    runs, whole = [], []
    for name, make in chapter.methods():
        first = {rate: chapter.tuned(make, rate, SEEDS[0]) for rate in RATES}
        tried = {rate: chapter.judge(model, chapter.french[1]) for rate, model in first.items()}
        best = min(RATES, key=tried.__getitem__)
        models = [first[best], *(chapter.tuned(make, best, seed) for seed in SEEDS[1:])]
        runs.append(
            {
                "name": name,
                "numbers": count(models[0]),
                "rate": best,
                "tried": {f"{rate:g}": round(loss, DECIMALS) for rate, loss in tried.items()},
                "fr": rounded([chapter.judge(model, chapter.french[2]) for model in models]),
                "en": rounded([chapter.judge(model, chapter.english[2]) for model in models]),
            }
        )
        print(json.dumps(runs[-1], ensure_ascii=False), flush=True)
        if name == "W":
            whole = models
    return runs, whole


@torch.no_grad()
def describe(chapter: Chapter, whole: list[Model]) -> dict[str, Any]:
    """Return ranks and energies of the changes, and the losses of the changes that were cut."""
    weights = {name: layer.weight for name, layer in matrices(chapter.base()).items()}
    changes = [
        {name: layer.weight - weights[name] for name, layer in matrices(model).items()}
        for model in whole
    ]
    cuts: dict[str, list[Any]] = {"r": list(CUTS), "fr": []}
    for rank in CUTS:
        losses = []
        for change in changes:
            model = chapter.base()
            for name, layer in matrices(model).items():
                layer.weight += cut(change[name], rank)
            losses.append(chapter.judge(model, chapter.french[2]))
        cuts["fr"].append(rounded(losses))
    spectra, at = {}, torch.tensor(CUTS) - 1
    for name, weight in weights.items():
        ds = [change[name] for change in changes]
        spectra[name.replace("blocks.", "")] = {
            "rank": [int(torch.linalg.matrix_rank(d)) for d in ds],
            "length": rounded([float(d.norm() / weight.norm()) for d in ds]),
            "most": [int((energy(d) < 0.9).sum()) + 1 for d in ds],
            "change": rounded(torch.stack([energy(d)[at] for d in ds]).mean(0).tolist()),
            "weight": rounded(energy(weight)[at].tolist()),
        }
    return {"cuts": cuts, "spectra": spectra}


def main() -> None:
    require_commit(__file__, CHAPTER, WEIGHTS, TEXT, TEXT.with_name("verne-long.fr.txt"))
    torch.set_num_threads(1)
    chapter, begin = Chapter(), time.process_time()
    base = chapter.base()
    record = {
        "steps": STEPS,
        "seeds": list(SEEDS),
        "base": {
            "fr": round(chapter.judge(base, chapter.french[2]), DECIMALS),
            "en": round(chapter.judge(base, chapter.english[2]), DECIMALS),
        },
    }
    record["runs"], whole = compare(chapter)
    record |= describe(chapter, whole)
    record = provenance(__file__, begin) | record
    RECORD.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
