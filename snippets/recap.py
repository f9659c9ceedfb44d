"""The whole program: a text, its tokens, a small neural language model; then the answers."""

# %% passage
from pathlib import Path


def passage(language):
    file = Path(__file__).parent / "data" / f"verne.{language}.txt"
    text = file.read_text("utf-8").partition("\n\n")[2]
    return text.rstrip().rpartition("\n\n")[::2]


text, text_new = passage("en")
print(len(text), len(text_new))
#> 1790 715

# %% tokenizer-train
import re
from collections import Counter

SPLIT = re.compile(r" ?\w+| ?[^\w\s]+|\s+")


def merge(ids, pair, new):
    out, i = [], 0
    while i < len(ids):
        if tuple(ids[i : i + 2]) == pair:
            out.append(new)
            i += 2
        else:
            out.append(ids[i])
            i += 1
    return out


def count_pairs(parts, times):
    pairs = Counter()
    for chunk, ids in parts.items():
        for pair in zip(ids, ids[1:]):
            pairs[pair] += times[chunk]
    return pairs


def train(text, count):
    times = Counter(SPLIT.findall(text))
    parts = {chunk: list(chunk.encode("utf-8")) for chunk in times}
    merges = {}
    for new in range(256, 256 + count):
        pairs = count_pairs(parts, times)
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges[best] = new
        parts = {c: merge(ids, best, new) for c, ids in parts.items()}
    return merges

# %% tokenizer-use
def vocabulary(merges):
    vocab = {n: bytes([n]) for n in range(256)}
    for (a, b), new in merges.items():
        vocab[new] = vocab[a] + vocab[b]
    return vocab


def encode(text, merges):
    ids = []
    for chunk in SPLIT.findall(text):
        part = list(chunk.encode("utf-8"))
        for pair, new in merges.items():
            part = merge(part, pair, new)
        ids += part
    return ids


def decode(ids, vocab, errors="strict"):
    return b"".join(vocab[n] for n in ids).decode("utf-8", errors)

# %% ids
merges = train(text, 200)
vocab = vocabulary(merges)
V = len(vocab)
ids, ids_new = encode(text, merges), encode(text_new, merges)
print(V, len(ids), len(ids_new))
#> 456 727 386
print([decode([n], vocab) for n in ids[:7]])
#> ['The', ' y', 'e', 'ar', ' 1', '866', ' was']

# %% examples
import torch

T = 4


def examples(ids, T):
    ids = torch.tensor(ids)
    starts = torch.arange(len(ids) - T).reshape(-1, 1)
    return ids[starts + torch.arange(T)], ids[T:]  # (1)!


x, y = examples(ids, T)
x_new, y_new = examples(ids_new, T)
print(x.shape, y.shape, x_new.shape)
#> torch.Size([723, 4]) torch.Size([723]) torch.Size([382, 4])
for n in range(3):
    print(x[n].tolist(), y[n].item())
#> [428, 362, 101, 276] 439
#> [362, 101, 276, 439] 454
#> [101, 276, 439, 454] 327

# %% model
from torch import nn

torch.manual_seed(0)
model = nn.Sequential(
    nn.Embedding(V, 16),  # (1)!
    nn.Flatten(),  # (2)!
    nn.Linear(T * 16, 64),
    nn.ReLU(),
    nn.Linear(64, V),
)
print(model[0](x).shape, model(x).shape)
#> torch.Size([723, 4, 16]) torch.Size([723, 456])
print(f"{sum(p.numel() for p in model.parameters()):,}")
#> 41,096

# %% first-loss
from math import log

import torch.nn.functional as F

print(f"{log(V):.2f} {F.cross_entropy(model(x), y).item():.2f}")
#> 6.12 6.15

# %% training
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
losses, losses_new = [], []
for step in range(41):
    optimizer.zero_grad()  # (1)!
    loss = F.cross_entropy(model(x), y)
    with torch.no_grad():  # (2)!
        loss_new = F.cross_entropy(model(x_new), y_new)
    losses.append(loss.item())
    losses_new.append(loss_new.item())
    loss.backward()  # (3)!
    optimizer.step()  # (4)!

# %% losses rtol="1e-2"
for step in range(0, 41, 10):
    print(step, f"{losses[step]:.1f} {losses_new[step]:.1f}")
#> 0 6.1 6.1
#> 10 3.6 5.5
#> 20 1.5 6.7
#> 30 0.4 9.5
#> 40 0.1 11.9

# %% best rtol="1e-2"
best = min(range(41), key=lambda step: losses_new[step])
print(best, f"{losses[best]:.1f} {losses_new[best]:.1f}")
#> 7 4.2 5.3

# %% curves-figure
import matplotlib.pyplot as plt

figure, axes = plt.subplots()
axes.plot(losses, color="C0")
axes.plot(losses_new, color="C1")
axes.axhline(log(V), color="C2", linestyle="--")
axes.axvline(best, color="C2", linestyle=":")
axes.set_xlabel("$t$")
axes.set_ylabel("$L$")
axes.set_ylim(0)

# %% by-heart
from textwrap import fill

model.eval()
with torch.no_grad():
    found = model(x).argmax(1)
    written = ids[:T]
    for _ in range(34):
        scores = model(torch.tensor([written[-T:]]))
        written.append(scores.argmax().item())
print((found == y).sum().item(), len(y))
#> 723 723
print(fill(decode(written, vocab), 60))
#> The year 1866 was signalised by a remarkable incident, a
#> mysterious and puzzling phenomenon,

# %% counting rtol="1e-2"
counts = Counter(y.tolist())
p = [(counts[n] + 1) / (len(y) + V) for n in y_new.tolist()]
print(f"{-sum(log(q) for q in p) / len(p):.1f}")
#> 5.3

# %% solution-context rtol="1e-2"
def fit(T):
    x, y = examples(ids, T)
    x_new, y_new = examples(ids_new, T)
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Embedding(V, 16),
        nn.Flatten(),
        nn.Linear(T * 16, 64),
        nn.ReLU(),
        nn.Linear(64, V),
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    losses_new = []
    for step in range(41):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        with torch.no_grad():
            loss_new = F.cross_entropy(model(x_new), y_new)
        losses_new.append(loss_new.item())
        loss.backward()
        optimizer.step()
    return loss.item(), min(losses_new)


for T in (1, 2, 4, 8):
    last, best_new = fit(T)
    print(T, f"{last:.1f} {best_new:.1f}")
#> 1 2.0 5.2
#> 2 0.4 5.3
#> 4 0.1 5.3
#> 8 0.0 5.2

# %% uniform
from math import exp

loss = 0.5
print(f"{log(50257):.4f} {exp(-loss):.4f}")
#> 10.8249 0.6065

# %% linear
layer = nn.Linear(768, 3072)
print(f"{layer.weight.numel():,} {layer.bias.numel():,}")
#> 2,359,296 3,072
print(f"{sum(p.numel() for p in layer.parameters()):,}")
#> 2,362,368
print(f"{768 + 3072:,}")
#> 3,840

# %% neuron
a, y, x = 0.9, 1, 2
print(f"{(a - y) * x:.1f} {(y - a) * x:.1f} {a - y:.1f}")
#> -0.2 0.2 -0.1
