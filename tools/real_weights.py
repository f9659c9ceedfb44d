"""Print the loss of GPT-2's published weights on the text that the book's own model never read.

    python tools/real_weights.py FOLDER

FOLDER holds `model.safetensors` and `tokenizer.json`; the chapter *Loading real weights* says how
to fetch them. The reader, the converter and the model are the cells of that chapter.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from cells import define
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional
from train_base import split_text

ROOT = Path(__file__).parents[1]
SNIPPET = ROOT / "snippets/weights.py"
CELLS = ("config", "attention", "block", "model", "write", "read", "convert")
HEAD_WIDTH = 64
"""How many numbers a head has in every size of GPT-2: no tensor's shape says it."""


def load_model(file: Path) -> nn.Module:
    """Return the chapter's model, its sizes and its weights taken from a file of GPT-2's layout."""
    cells = define(SNIPPET, CELLS)
    weights = cells["convert"](cells["read"](file.read_bytes()))
    vocabulary, width = weights["wte.weight"].shape
    config = {
        "vocab_size": vocabulary,
        "context_length": len(weights["wpe.weight"]),
        "emb_dim": width,
        "n_heads": width // HEAD_WIDTH,
        "n_layers": sum(name.endswith("attn.qkv.weight") for name in weights),
        "drop_rate": 0.0,
    }
    model: nn.Module = cells["GPT"](config)
    model.load_state_dict(weights)
    return model.eval()


def held_out_text() -> str:
    """Return the last tenth of the text."""
    _, held_out = split_text()
    return bytes(held_out.tolist()).decode(errors="ignore")  # the cut may fall in a character


@torch.no_grad()
def measure(model: nn.Module, ids: Tensor, context: int) -> float:
    """Return the mean loss over windows that share their border tokens."""
    losses = []
    for window in ids.unfold(0, context + 1, context):
        logits = model(window[None, :-1])[0]
        losses.append(functional.cross_entropy(logits, window[1:]))
    return torch.stack(losses).mean().item()


def main(folder: Path) -> None:
    model = load_model(folder / "model.safetensors")
    text = held_out_text()
    ids = torch.tensor(Tokenizer.from_file(str(folder / "tokenizer.json")).encode(text).ids)
    context = min(len(model.get_parameter("wpe.weight")), len(ids) - 1)
    loss = measure(model, ids, context)
    size = len(text.encode())
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters")
    print(f"{len(ids):,} tokens for {size:,} bytes, in windows of {context:,}")
    print(f"loss: {loss:.4f} a token, {loss * len(ids) / size:.4f} a byte")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
