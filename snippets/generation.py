"""Writing with a trained GPT: rules of the draw, beams, scores, and a cache that is counted."""

# %% config
import json
from collections import Counter
from fractions import Fraction
from math import exp, log
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

cfg = {"vocab_size": 256, "context_length": 64, "emb_dim": 64}
cfg |= {"n_heads": 4, "n_layers": 2, "drop_rate": 0.0}

# %% attention
class Attention(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        d = cfg["emb_dim"]
        self.n_heads, self.drop_rate = cfg["n_heads"], cfg["drop_rate"]
        self.qkv, self.out = nn.Linear(d, 3 * d), nn.Linear(d, d)

    def forward(self, x):  # (1)!
        B, T, d = x.shape
        heads = self.qkv(x).view(B, T, 3, self.n_heads, -1)
        q, k, v = heads.permute(2, 0, 3, 1, 4)
        p = self.drop_rate if self.training else 0.0
        y = F.scaled_dot_product_attention(
            q, k, v, dropout_p=p, is_causal=True
        )
        return self.out(y.transpose(1, 2).reshape(B, T, d))

# %% block
class MLP(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        d = cfg["emb_dim"]
        self.up, self.down = nn.Linear(d, 4 * d), nn.Linear(4 * d, d)

    def forward(self, x):
        return self.down(F.gelu(self.up(x), approximate="tanh"))


class Block(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        d = cfg["emb_dim"]
        self.ln_1, self.attn = nn.LayerNorm(d), Attention(cfg)
        self.ln_2, self.mlp = nn.LayerNorm(d), MLP(cfg)
        self.drop = nn.Dropout(cfg["drop_rate"])

    def forward(self, x):
        x = x + self.drop(self.attn(self.ln_1(x)))
        return x + self.drop(self.mlp(self.ln_2(x)))

# %% model
class GPT(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        V, d = cfg["vocab_size"], cfg["emb_dim"]
        self.wte = nn.Embedding(V, d)
        self.wpe = nn.Embedding(cfg["context_length"], d)
        self.drop = nn.Dropout(cfg["drop_rate"])
        blocks = [Block(cfg) for _ in range(cfg["n_layers"])]
        self.blocks = nn.ModuleList(blocks)
        self.ln_f = nn.LayerNorm(d)
        self.head = nn.Linear(d, V, bias=False)
        self.head.weight = self.wte.weight  # (1)!

    def forward(self, ids):
        places = torch.arange(ids.shape[1], device=ids.device)
        x = self.drop(self.wte(ids) + self.wpe(places))
        for block in self.blocks:
            x = block(x)
        return self.head(self.ln_f(x))

# %% load
data = Path(__file__).parent / "data"
raw = (data / "tiny.safetensors").read_bytes()
start = 8 + int.from_bytes(raw[:8], "little")
state = {}
for name, entry in json.loads(raw[8:start]).items():
    a, b = (start + place for place in entry["data_offsets"])
    numbers = torch.frombuffer(bytearray(raw[a:b]), dtype=torch.float32)
    state[name] = numbers.view(entry["shape"])
state["head.weight"] = state["wte.weight"]  # (1)!
model = GPT(cfg).eval()
print(model.load_state_dict(state))
#> <All keys matched successfully>

# %% scores
@torch.no_grad()
def scores(ids):
    return model(torch.tensor([ids[-64:]]))[0, -1]  # (1)!


z = scores(list(b"The captai"))
p, best = z.softmax(dim=-1).topk(3)
print(z.shape, bytes(best.tolist()), p)
#> torch.Size([256]) b'nel' tensor([0.9753, 0.0034, 0.0031])

# %% greedy
def write(prompt, n, choose):
    ids = list(prompt.encode("utf-8"))
    for _ in range(n):
        ids.append(int(choose(scores(ids))))
    return bytes(ids).decode("utf-8", errors="replace")


def surest(z):
    first, second = z.softmax(dim=-1).topk(2).values
    assert first - second > 1e-3  # (1)!
    return z.argmax()


print(write("It was ", 60, surest))
#> It was the struck a the sea struck and the struck and the struck th

# %% draw
def draw(z, draws):
    u = torch.rand(1, generator=draws, device="cpu")  # (1)!
    sums = z.softmax(dim=-1).cumsum(dim=-1)
    u = u.to(z.device) * sums[-1]  # (2)!
    return torch.searchsorted(sums, u, right=True)

# %% draws
z = torch.tensor([3.0, 2.0, 1.0, 0.5, 0.0, -1.0, -2.0])
print(z.softmax(dim=-1))
#> tensor([0.6024, 0.2216, 0.0815, 0.0494, 0.0300, 0.0110, 0.0041])
print(z.softmax(dim=-1).cumsum(dim=-1))
#> tensor([0.6024, 0.8240, 0.9055, 0.9549, 0.9849, 0.9959, 1.0000])
draws = torch.Generator().manual_seed(0)
print(torch.rand(5, generator=draws, device="cpu"))
#> tensor([0.4963, 0.7682, 0.0885, 0.1320, 0.3074])
draws.manual_seed(0)
print([int(draw(z, draws)) for _ in range(5)])
#> [0, 1, 0, 0, 0]

# %% temperature
for T in (0.5, 1.0, 2.0, 10.0):
    p = (z / T).softmax(dim=-1)
    H = -(p * p.log()).sum()
    print(T, p[:2], f"{H.exp().item():.2f}")
#> 0.5 tensor([0.8597, 0.1163]) 1.63
#> 1.0 tensor([0.6024, 0.2216]) 3.22
#> 2.0 tensor([0.3702, 0.2245]) 5.34
#> 10.0 tensor([0.1812, 0.1639]) 6.91
print((z / 0.0).softmax(dim=-1)[:2])
#> tensor([nan, nan])

# %% temperature-figure
import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(4.2, 2.6))
for k, T in enumerate((0.5, 1.0, 2.0)):
    p = (z / T).softmax(dim=-1).tolist()
    places = [n + 0.27 * (k - 1) for n in range(7)]
    axes.bar(places, p, width=0.25, color=f"C{k}")
axes.set(xlabel="$i$", ylim=(0, 1))
axes.set_ylabel("$p_i$", rotation=0, labelpad=12)

# %% top-k
def top_k(z, k):
    best = z.topk(k)
    none = torch.full_like(z, float("-inf"))
    return none.scatter(-1, best.indices, best.values)


for k in (2, 3):
    print(top_k(z, k).softmax(dim=-1))
#> tensor([0.7311, 0.2689, 0.0000, 0.0000, 0.0000, 0.0000, 0.0000])
#> tensor([0.6652, 0.2447, 0.0900, 0.0000, 0.0000, 0.0000, 0.0000])

# %% top-p
def top_p(z, p):
    down, order = z.sort(descending=True)
    q = down.softmax(dim=-1)
    drop = q.cumsum(dim=-1) - q >= p  # (1)!
    drop = torch.zeros_like(drop).scatter(-1, order, drop)  # (2)!
    return z.masked_fill(drop, float("-inf"))


def kept(z):
    return z.isfinite().sum(dim=-1)


print([int(kept(top_p(z, p))) for p in (0.5, 0.7, 0.9, 0.95, 1.0)])
#> [1, 2, 3, 4, 7]
print(top_p(z, 0.95).softmax(dim=-1))
#> tensor([0.6308, 0.2321, 0.0854, 0.0518, 0.0000, 0.0000, 0.0000])

# %% min-p
def min_p(z, m):
    p = z.softmax(dim=-1)
    least = m * p.max(dim=-1, keepdim=True).values
    return z.masked_fill(p < least, float("-inf"))


print([int(kept(min_p(z, m))) for m in (0.5, 0.2, 0.1, 0.05)])
#> [1, 2, 3, 4]
print(f"{3 + log(0.1):.3f}")
#> 0.697

# %% flat
flat, sharp = torch.zeros(999), torch.zeros(999)
sharp[0] = 10.0
for y in (flat, sharp):
    chosen = top_k(y, 50), top_p(y, 0.9), min_p(y, 0.1)
    sizes = [int(kept(rule)) for rule in chosen]
    print(f"{y.softmax(dim=-1).max().item():.3f}", sizes)
#> 0.001 [50, 900, 999]
#> 0.957 [50, 1, 1]
print(int((flat >= flat.topk(50).values[-1]).sum()))  # (1)!
#> 999

# %% order
print(int(kept(top_p(z / 2, 0.9))))
#> 5
print(int(kept(top_p(z, 0.9) / 2)))
#> 3
print((top_p(z, 0.9) / 2).softmax(dim=-1))
#> tensor([0.5065, 0.3072, 0.1863, 0.0000, 0.0000, 0.0000, 0.0000])

# %% held-out
text = (data / "verne-long.en.txt").read_text("utf-8")
ids = torch.tensor(list(text.partition("\n\n")[2].encode("utf-8")))
windows = ids[int(0.9 * len(ids)) :].unfold(0, 65, 64)  # (1)!
inputs, targets = windows[:, :-1], windows[:, 1:]
with torch.no_grad():
    logits = model(inputs)
for y in (top_k(logits, 7), top_p(logits, 0.9), min_p(logits, 0.06)):
    lost = y.gather(-1, targets[..., None]).isinf().float().mean()
    print(f"{kept(y).float().mean().item():.1f} {lost.item():.2f}")
#> 7.0 0.14
#> 6.6 0.11
#> 6.7 0.11

# %% texts
rules = {
    "T=1": lambda z: z,
    "T=0.5": lambda z: z / 0.5,
    "T=2": lambda z: z / 2,
    "k=5": lambda z: top_k(z, 5),
    "p=0.9": lambda z: top_p(z, 0.9),
    "m=0.1": lambda z: min_p(z, 0.1),
}
for name, rule in rules.items():
    draws = torch.Generator().manual_seed(2)
    text = write("It was ", 50, lambda z: draw(rule(z), draws))
    print(name, repr(text))
#> T=1 'It was of prom rapintion fuaram half a profen ficorn. Lis'
#> T=0.5 'It was of the Shand which was the frigate of the steam th'
#> T=2 'It was nimense, 27: this dw!" seqrade Ekplbm: E7 opiroon;'
#> k=5 'It was of the Abraham Lincoln well a captain of all the s'
#> p=0.9 'It was not so an on ushe hull the day could for a repriou'
#> m=0.1 'It was of the Mear.\n\nOn have it the darkned happened the '

# %% penalty
def penalise(z, seen, r):
    s = z[seen]
    return z.scatter(-1, seen, torch.where(s > 0, s / r, s * r))


seen = torch.tensor([0, 5])
print(penalise(z, seen, 1.3))
#> tensor([ 2.3077,  2.0000,  1.0000,  0.5000,  0.0000, -1.3000, -2.0000])
for y in (z, z + 10):
    print(penalise(y, seen, 1.3).softmax(dim=-1))
#> tensor([0.4330, 0.3183, 0.1171, 0.0710, 0.0431, 0.0117, 0.0058])
#> tensor([0.0717, 0.5302, 0.1950, 0.1183, 0.0717, 0.0033, 0.0097])

# %% beam
def beams(table, text, n, width):
    found = [(Fraction(1), text)]
    for _ in range(n):
        longer = []
        for p, text in found:
            counts = table[text[-1]]
            for t, count in counts.items():
                q = p * Fraction(count, sum(counts.values()))
                longer.append((q, text + t))
        found = sorted(longer, key=lambda pair: (-pair[0], pair[1]))
        found = found[:width]  # (1)!
    return found

# %% tune
tune = "CDECCDECEFGEFGGAGFECGAGFECCgCCgC"
after = {note: Counter() for note in tune}
for note, following in zip(tune, tune[1:]):
    after[note][following] += 1
for n in (3, 8):
    for width in (1, 2, 3, 10_000):
        p, text = beams(after, "C", n, width)[0]
        print(n, width, text, p, f"{log(p):.2f}")
#> 3 1 CCCC 1/27 -3.30
#> 3 2 CDEC 4/27 -1.91
#> 3 3 CDEC 4/27 -1.91
#> 3 10000 CDEC 4/27 -1.91
#> 8 1 CCCCCCCCC 1/6561 -8.79
#> 8 2 CDEFECCCC 2/2187 -7.00
#> 8 3 CDEFEFECC 1/729 -6.59
#> 8 10000 CDECDECDE 32/6561 -5.32

# %% crowd
crowd = {
    "S": {"A": 13, "B": 12},  # (1)!
    "A": {"c": 4, "d": 3, "e": 3},
    "B": {"f": 1, "g": 1},
}
crowd |= {token: {"x": 1} for token in "cde"}
crowd |= {token: {"x": 1, "y": 1, "z": 1} for token in "fg"}
for width in (1, 2, 3):
    p, text = beams(crowd, "S", 3, width)[0]
    print(width, text, p, f"{float(p):.3f}")
#> 1 SAcx 26/125 0.208
#> 2 SBfx 2/25 0.080
#> 3 SAcx 26/125 0.208

# %% crowd-figure
leaves = sorted(text for _, text in beams(crowd, "S", 3, 99))


def height(text):
    rows = [n for n, leaf in enumerate(leaves) if leaf.startswith(text)]
    return -sum(rows) / len(rows)


figure, axes = plt.subplots(figsize=(4.2, 3))
for n in (1, 2, 3):
    for p, text in beams(crowd, "S", n, 99):
        y = height(text[:-1]), height(text)
        color = {"A": "C1", "B": "C0"}[text[1]]
        axes.plot((n - 1, n), y, color, linewidth=16 * float(p))
axes.set(xlabel="$n$", xticks=range(4), yticks=[])

# %% stop
def write_until(prompt, stop, limit, choose):
    ids = list(prompt.encode("utf-8"))
    for _ in range(limit):
        ids.append(int(choose(scores(ids))))
        if bytes(ids).endswith(stop.encode("utf-8")):  # (1)!
            break
    return bytes(ids).decode("utf-8", errors="replace")


for stop in (". ", "\n\n"):
    draws = torch.Generator().manual_seed(1)
    text = write_until(
        "It was ", stop, 50, lambda z: draw(top_p(z, 0.9), draws)
    )
    print(repr(text))
#> 'It was ship the greent of the days and, a existle. '
#> 'It was ship the greent of the days and, a existle. His in'

# %% score
@torch.no_grad()
def log_probabilities(text):
    ids = torch.tensor(list(text.encode("utf-8")))
    logs = model(ids[None, :-1])[0].log_softmax(dim=-1)
    return logs.gather(-1, ids[1:, None])[:, 0]  # (1)!


for word in ("captain", "captian", "capitaine"):
    logs = log_probabilities(f"It was the {word}.")
    mean = logs.mean().item()
    print(word, f"{logs.sum().item():.2f} {mean:.2f} {exp(-mean):.1f}")
#> captain -16.63 -0.92 2.5
#> captian -25.17 -1.40 4.0
#> capitaine -33.95 -1.70 5.5
loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten()).item()
print(f"{loss:.2f} {exp(loss):.2f} {loss / log(2):.2f}")
#> 1.77 5.87 2.55

# %% attend
def attend(attn, x, cache, n):
    B, T, d = x.shape
    heads = attn.qkv(x).view(B, T, 3, attn.n_heads, -1)
    q, k, v = heads.permute(2, 0, 3, 1, 4)
    if n in cache:
        k = torch.cat([cache[n][0], k], dim=2)
        v = torch.cat([cache[n][1], v], dim=2)
    cache[n] = k, v
    y = F.scaled_dot_product_attention(q, k, v, is_causal=T > 1)  # (1)!
    return attn.out(y.transpose(1, 2).reshape(B, T, d))

# %% step
def step(model, ids, cache, start):
    places = torch.arange(start, start + ids.shape[1])
    x = model.wte(ids) + model.wpe(places.to(ids.device))
    for n, block in enumerate(model.blocks):
        x = x + attend(block.attn, block.ln_1(x), cache, n)
        x = x + block.mlp(block.ln_2(x))
    return model.head(model.ln_f(x))

# %% cache
ids, cache = inputs[:1], {}
with torch.no_grad():
    parts = [step(model, ids[:, :4], cache, 0)]
    for t in range(4, 64):
        parts.append(step(model, ids[:, t : t + 1], cache, t))
    parts, whole = torch.cat(parts, dim=1), model(ids)
torch.testing.assert_close(parts, whole, rtol=0, atol=1e-4)
print(cache[0][0].shape, len(cache))
#> torch.Size([1, 4, 64, 16]) 2
print(torch.equal(parts.argmax(dim=-1), whole.argmax(dim=-1)))
#> True

# %% forgotten
ids, cache = torch.tensor([list(b"The captai")]), {}
with torch.no_grad():
    step(model, ids[:, :-1], cache, 0)
    for start in (9, 0):
        z = step(model, ids[:, -1:], dict(cache), start)[0, -1]
        p, best = z.softmax(dim=-1).max(dim=-1)
        print(start, bytes([best]), f"{p.item():.2f}")
#> 9 b'n' 0.98
#> 0 b'n' 0.34

# %% operations
from torch.utils.flop_counter import FlopCounterMode


def counted(old, new):
    with torch.device("meta"):
        copy, ids = GPT(cfg), torch.zeros(1, 64, dtype=torch.int64)
    cache = {}
    if old:
        step(copy, ids[:, :old], cache, 0)
    with FlopCounterMode(display=False) as counter:
        step(copy, ids[:, old : old + new], cache, old)
    return counter.get_total_flops()


print(f"{counted(0, 64):,} {counted(63, 1):,}")
#> 16,777,216 262,144

# %% by-hand
L, d, V = 2, 64, 256
weights = 12 * L * d**2 + V * d


def pass_of(old, new):
    return 2 * new * weights + 4 * L * d * new * (old + new)


print(f"{pass_of(0, 64):,} {pass_of(63, 1):,}")
#> 16,777,216 262,144

# %% saved
def total(n, keep):
    later = range(5, 4 + n)  # (1)!
    sizes = [(t - 1, 1) if keep else (0, t) for t in later]
    return pass_of(0, 4) + sum(pass_of(*size) for size in sizes)


for n in (1, 10, 30, 60):
    again, once = total(n, False), total(n, True)
    print(n, f"{again:,} {once:,} {again / once:.1f}")
#> 1 925,696 925,696 1.0
#> 10 19,909,120 3,031,552 6.6
#> 30 133,711,360 7,859,712 17.0
#> 60 504,734,720 15,485,952 32.6

# %% saved-figure
counts = range(1, 61)
figure, axes = plt.subplots(figsize=(4.2, 2.6))
for k, keep in enumerate((True, False)):
    axes.plot(counts, [total(n, keep) for n in counts], f"C{k}")
axes.set(xlabel="$n$", ylim=(0, None))

# %% solution-savings
for n in (16, 17):
    print(n, f"{total(n, False) / total(n, True):.2f}")
#> 16 9.75
#> 17 10.27

# %% solution-write
@torch.no_grad()
def write_cached(prompt, n, choose):
    ids, cache = list(prompt.encode("utf-8")), {}
    z = step(model, torch.tensor([ids]), cache, 0)[0, -1]
    for _ in range(n):
        ids.append(int(choose(z)))
        last = torch.tensor([ids[-1:]])
        z = step(model, last, cache, len(ids) - 1)[0, -1]
    return bytes(ids).decode("utf-8", errors="replace")


texts = [f("It was ", 57, surest) for f in (write, write_cached)]
print(texts[0] == texts[1])
#> True
