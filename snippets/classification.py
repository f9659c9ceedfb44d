"""A GPT fine-tuned to tell two languages apart, and its baselines."""

# %% config
import json
from math import log
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load
from torch import nn

torch.set_num_threads(1)
data = Path(__file__).parent / "data"
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

# %% pieces
def pieces(language):
    path = data / f"verne-long.{language}.txt"
    text = path.read_text("utf-8").partition("\n\n")[2]
    ids = torch.tensor(list(text.encode("utf-8")))
    n = int(0.9 * len(ids))
    parts = ids[:n], ids[n:]  # (1)!
    return [part.unfold(0, 16, 16) for part in parts]


texts = [pieces("en"), pieces("fr")]
for known, new in texts:
    print(len(known), len(new), bytes(new[1].tolist()))
#> 3601 400 b'the animal, and '
#> 3705 411 b'ifique.\n\nLe comm'

# %% examples
def draw(n_en, n_fr, seed=0):
    source, chosen = torch.Generator().manual_seed(seed), []  # (1)!
    for (known, _), n in zip(texts, (n_en, n_fr)):
        i = torch.randperm(len(known), generator=source, device="cpu")
        chosen.append(known[i[:n].to(known.device)])
    return torch.cat(chosen), torch.tensor([0] * n_en + [1] * n_fr)


x, y = draw(512, 512)
x_new = torch.cat([new[:400] for _, new in texts])
y_new = torch.tensor([0] * 400 + [1] * 400)
print(x.shape, y.shape, x_new.shape, y_new.shape)
#> torch.Size([1024, 16]) torch.Size([1024]) torch.Size([800, 16]) torch.Size([800])

# %% base
def base():
    file = data / "tiny.safetensors"
    tensors = load(file.read_bytes())
    tensors["head.weight"] = tensors["wte.weight"]  # (1)!
    model = GPT(cfg)
    model.load_state_dict(tensors)
    return model

# %% head
def new_head():
    head = nn.Linear(64, 2)
    nn.init.zeros_(head.weight)  # (1)!
    nn.init.zeros_(head.bias)
    return head


def classifier(model):
    model.head = new_head()
    return model

# %% first-loss
model = classifier(base())
with torch.no_grad():
    z = model(x_new)
print(z.shape, f"{F.cross_entropy(z[:, -1], y_new).item():.4f}")  # (1)!
#> torch.Size([800, 16, 2]) 0.6931
for part in (model.head, model):
    print(f"{sum(p.numel() for p in part.parameters()):,}")
#> 130
#> 120,706

# %% features
body = base()
body.head = nn.Identity()  # (1)!
with torch.no_grad():
    h, h_new = body(x), body(x_new)
print(h.shape, h_new.shape)
#> torch.Size([1024, 16, 64]) torch.Size([800, 16, 64])

# %% fit
def fit(h, y, weight=None):
    head = new_head()
    optimizer = torch.optim.AdamW(head.parameters(), lr=1e-2)
    for _ in range(100):
        loss = F.cross_entropy(head(h), y, weight=weight)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return head.requires_grad_(False)


def accuracy(z, y):
    return (z.argmax(dim=-1) == y).float().mean().item()

# %% which rtol="2e-2"
views = {"h[:, 0]": (h[:, 0], h_new[:, 0])}
views["h[:, -1]"] = h[:, -1], h_new[:, -1]
views["h.mean(1)"] = h.mean(1), h_new.mean(1)
reached = []
for name, (known, new) in views.items():
    head = fit(known, y)
    a, b = accuracy(head(known), y), accuracy(head(new), y_new)
    print(f"{name:9} {a:.2f} {b:.2f}")
    reached.append(b)
#> h[:, 0]   0.60 0.58
#> h[:, -1]  0.72 0.68
#> h.mean(1) 0.86 0.87

# %% bytes-figure rtol="2e-2"
import matplotlib.pyplot as plt

sizes = (1, 2, 4, 8, 16)
first, last_one, mean_of_all = reached
last_one, mean_of_all = [first, last_one], [first, mean_of_all]
for n in sizes[1:-1]:
    head = fit(h[:, n - 1], y)
    last_one.insert(-1, accuracy(head(h_new[:, n - 1]), y_new))
    head = fit(h[:, :n].mean(1), y)
    b = accuracy(head(h_new[:, :n].mean(1)), y_new)
    mean_of_all.insert(-1, b)
for n, a, b in zip(sizes, last_one, mean_of_all):
    print(n, f"{a:.2f} {b:.2f}")
#> 1 0.58 0.58
#> 2 0.62 0.63
#> 4 0.62 0.70
#> 8 0.66 0.78
#> 16 0.68 0.87
figure, axes = plt.subplots(figsize=(4.2, 2.8))
axes.plot(sizes, last_one, "s--", color="C1")
axes.plot(sizes, mean_of_all, "o-", color="C0")
axes.set_xscale("log", base=2)
axes.set_xticks(sizes, sizes)
axes.set(xlabel="$n$", ylim=(0.5, 1))

# %% padding
short = x_new[:1, :5]
padded = F.pad(short, (0, 11))  # (1)!
with torch.no_grad():
    alone, filled = body(short), body(padded)
print(torch.allclose(filled[:, :5], alone, atol=1e-5))
#> True
print(torch.allclose(filled[:, -1], alone[:, -1], atol=1e-5))
#> False

# %% last-real rtol="5e-2"
def shortened(x, width):
    lengths = 4 + torch.arange(len(x)) % 13
    real = torch.arange(16) < lengths[:, None]
    with torch.no_grad():
        h = body(F.pad(x * real, (0, width - 16)))  # (1)!
    return h[:, -1], h[torch.arange(len(x)), lengths - 1]


views = shortened(x, 16), shortened(x_new, 16), shortened(x_new, 32)
for known, new, wider in zip(*views):
    head = fit(known, y)
    changed = head(new).argmax(1) != head(wider).argmax(1)
    share = changed.float().mean().item()
    print(f"{accuracy(head(new), y_new):.2f} {share:.2f}")
#> 0.69 0.14
#> 0.63 0.00

# %% trainable
def trained(model):
    return [p for p in model.parameters() if p.requires_grad]


def free(model, *parts):
    model.requires_grad_(False)
    for part in parts:
        part.requires_grad_(True)
    return f"{sum(p.numel() for p in trained(model)):,}"


print(free(model, model.head))
#> 130
print(free(model, model.head, model.ln_f, model.blocks[-1]))
#> 50,242
print(free(model, model))
#> 120,706

# %% frozen
def moved(clear, late):
    model = classifier(base())
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    for t in range(6):
        if t == 3 * late:  # (1)!
            free(model, model.head)
            before = model.wte.weight.clone()
        clear(model, optimizer)
        F.cross_entropy(model(x[::32])[:, -1], y[::32]).backward()
        optimizer.step()
    return not torch.equal(model.wte.weight, before)

# %% frozen-late
def to_none(model, optimizer):
    optimizer.zero_grad()


def to_zero(model, optimizer):
    optimizer.zero_grad(set_to_none=False)


def head_only(model, optimizer):
    model.head.zero_grad()


for clear in (to_none, to_zero, head_only):
    print(clear.__name__, moved(clear, False), moved(clear, True))
#> to_none False False
#> to_zero False True
#> head_only False True

# %% nothing-trains
model.requires_grad_(False)
try:
    torch.optim.AdamW(trained(model))
except ValueError as error:
    print(error)
#> optimizer got an empty parameter list
try:
    F.cross_entropy(model(x[:4])[:, -1], y[:4]).backward()
except RuntimeError as error:
    print(error)
#> element 0 of tensors does not require grad and does not have a grad_fn

# %% tune
def tune(model, read, x, y, steps, lr, seed=0):
    order = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(trained(model), lr=lr)
    for t in range(steps):
        i = torch.randint(len(x), (32,), generator=order, device="cpu")
        i = i.to(x.device)
        loss = F.cross_entropy(read(model(x[i])), y[i])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield t + 1  # (1)!

# %% run rtol="2e-2"
def last(z):
    return z[:, -1]


@torch.no_grad()
def judge(x, y):
    z = last(model(x))
    return F.cross_entropy(z, y).item(), accuracy(z, y)


model, curve = classifier(base()), []
for t in tune(model, last, x, y, 150, lr=1e-3):
    if t % 30 == 0:
        curve.append((*judge(x[::2], y[::2]), *judge(x_new, y_new)))
        print(t, *(f"{number:.2f}" for number in curve[-1]))
#> 30 0.40 0.82 0.41 0.82
#> 60 0.23 0.92 0.32 0.87
#> 90 0.15 0.95 0.28 0.88
#> 120 0.08 0.97 0.29 0.91
#> 150 0.06 0.99 0.31 0.90

# %% run-figure
figure, axes = plt.subplots(figsize=(4.2, 2.8))
for k, line in ((0, "-"), (2, "--")):
    losses, shares = ([row[k + i] for row in curve] for i in (0, 1))
    axes.plot(range(30, 151, 30), losses, line, color="C0")
    axes.plot(range(30, 151, 30), shares, line, color="C1")
axes.set(xlabel="$t$", ylim=(0, 1))

# %% sure
for p in ([0.6, 0.6, 0.6, 0.4], [0.99, 0.99, 0.99, 0.001]):
    p = torch.tensor(p)
    right, loss = (p > 0.5).float().mean(), -p.log().mean()
    print(f"{right.item():.2f} {loss.item():.4f}")
#> 0.75 0.6122
#> 0.75 1.7345

# %% counts
def counts(x, y):
    parts = [x[y == k].flatten() for k in (0, 1)]
    N = [torch.bincount(part, minlength=256) + 1 for part in parts]
    N = torch.stack(N)
    return (N / N.sum(dim=1, keepdim=True)).log()


log_p = counts(x, y)
z = log_p[:, x_new].sum(dim=-1).T  # (1)!
print(log_p[:, x_new].shape, f"{accuracy(z, y_new):.2f}")
#> torch.Size([2, 800, 16]) 0.88

# %% error-bar
for n in (100, 800, 10_000):
    print(n, f"{(0.88 * 0.12 / n) ** 0.5:.4f}")
#> 100 0.0325
#> 800 0.0115
#> 10000 0.0032

# %% seeds
record = json.loads((data / "classification.json").read_text("utf-8"))
for name, run in record["runs"].items():
    right, loss = run["accuracies"], run["losses"]
    row = sum(right) / 5, min(right), max(right), sum(loss) / 5
    row = " ".join(f"{number:.3f}" for number in row)
    print(f"{name:9} {run['trained']:>7,} {row}")
#> h[:, 0]       130 0.574 0.565 0.584 0.647
#> h[:, -1]      130 0.689 0.677 0.706 0.590
#> h.mean(1)     130 0.865 0.861 0.871 0.312
#> blocks[1]  50,242 0.921 0.907 0.935 0.207
#> z[:, -1]  120,706 0.895 0.869 0.910 0.305
#> z.mean(1) 120,706 0.918 0.904 0.931 0.224
#> GPT(cfg)  120,706 0.850 0.839 0.860 0.363
#> counts        512 0.886 0.880 0.891 0.256
#> pairs     131,072 0.961 0.956 0.965 0.084

# %% seeds-figure
figure, axes = plt.subplots(figsize=(4.2, 3))
for k, (name, run) in enumerate(record["runs"].items()):
    right = run["accuracies"]
    p = sum(right) / 5
    bar = 2 * (p * (1 - p) / 800) ** 0.5
    axes.plot([p - bar, p + bar], [name, name], color="C1")
    axes.plot(right, [name] * 5, "o", color="C0", markersize=4)
axes.invert_yaxis()

# %% rare
x_few, y_few = draw(960, 64)
with torch.no_grad():
    h_few = body(x_few).mean(1)
print(torch.bincount(y_few) / 1024)
#> tensor([0.9375, 0.0625])

# %% confusion rtol="5e-2"
def confusion(z, y):
    boxes = torch.bincount(2 * y + z.argmax(1), minlength=4)  # (1)!
    return boxes.view(2, 2)


plain = fit(h_few, y_few)
table = confusion(plain(h_new.mean(1)), y_new)
print(table)
#> tensor([[400,   0],
#>         [324,  76]])
precision = table[1, 1] / table[:, 1].sum()
recall = table[1, 1] / table[1].sum()
print(f"{precision.item():.2f} {recall.item():.2f}")
#> 1.00 0.19

# %% weighted-mean
scores = torch.tensor([[0.0, 0.0], [2.0, 0.0]])
targets, weight = torch.tensor([0, 1]), torch.tensor([1.0, 3.0])
a, b = F.cross_entropy(scores, targets, reduction="none")
print(a, b)
#> tensor(0.6931) tensor(2.1269)
print(F.cross_entropy(scores, targets, weight=weight), (a + 3 * b) / 4)
#> tensor(1.7685) tensor(1.7685)

# %% weights rtol="5e-2"
weight = 1024 / (2 * torch.bincount(y_few))
print(weight)
#> tensor([0.5333, 8.0000])
weighted = fit(h_few, y_few, weight)
other = confusion(weighted(h_new.mean(1)), y_new)
print(other)
#> tensor([[361,  39],
#>         [ 82, 318]])

# %% confusion-figure
figure, axes = plt.subplots(1, 2, figsize=(4.2, 2.1))
for ax, boxes in zip(axes, (table, other)):
    for i in range(2):
        for j in range(2):
            size = boxes[i, j].item()
            color = "C0" if i == j else "C1"
            ax.plot(j, i, "o", markersize=2 * size**0.5, color=color)
    ax.set(xlim=(-0.6, 1.6), ylim=(1.6, -0.6))
    ax.set_xticks([0, 1])
    ax.set_yticks([0, 1])

# %% leaks
def distinct(x):
    return {bytes(row) for row in x.tolist()}


seen, unseen = distinct(x), distinct(x_new)
print(len(seen), len(unseen), len(seen & unseen))
#> 1023 800 0
marked = (x_new >= 128).any(dim=1)
shares = [marked[y_new == k].float().mean().item() for k in (0, 1)]
print(*(f"{share:.3f}" for share in shares))
#> 0.005 0.420
print(f"{(marked == (y_new == 1)).float().mean().item():.2f}")
#> 0.71

# %% solution-one-score
z = torch.tensor([1.5, -0.5, 0.3], requires_grad=True)
target = torch.tensor([1, 0, 1])
two = torch.stack([torch.zeros(3), z], dim=1)
F.cross_entropy(two, target).backward()
print(z.grad)
#> tensor([-0.0608,  0.1258, -0.1419])
z.grad = None
F.binary_cross_entropy_with_logits(z, target.float()).backward()
print(z.grad)
#> tensor([-0.0608,  0.1258, -0.1419])

# %% solution-pairs
def pair_counts(x, y):
    N = torch.ones(2, 256, 256)
    for k in (0, 1):
        part = x[y == k]
        pairs = (256 * part[:, :-1] + part[:, 1:]).flatten()
        N[k] += torch.bincount(pairs, minlength=256**2).view(256, 256)
    return (N / N.sum(dim=2, keepdim=True)).log()


def pair_scores(log_q, x):
    return log_q[:, x[:, :-1], x[:, 1:]].sum(dim=-1).T


log_q = pair_counts(x, y)
print(f"{accuracy(pair_scores(log_q, x_new), y_new):.2f}")
#> 0.96
print(len(x) * 15, 2 * 256**2)
#> 15360 131072

# %% solution-threshold rtol="5e-2"
scores = plain(h_new.mean(1))
difference = scores[:, 1] - scores[:, 0]
for shift in (0.0, 1.0, 2.0, log(15), 4.0):
    found = difference + shift > 0
    right = (found & (y_new == 1)).sum().item()
    precision, recall = right / found.sum().item(), right / 400
    print(f"{shift:.1f} {precision:.2f} {recall:.2f}")
#> 0.0 1.00 0.19
#> 1.0 0.98 0.35
#> 2.0 0.90 0.61
#> 2.7 0.76 0.80
#> 4.0 0.56 0.99

# %% solution-score
@torch.no_grad()
def surprise(x):
    logits = base()(x[:, :-1]).transpose(1, 2)  # (1)!
    losses = F.cross_entropy(logits, x[:, 1:], reduction="none")
    return losses.mean(dim=1)


L, L_new = surprise(x), surprise(x_new)
for values, labels in ((L, y), (L_new, y_new)):
    print(*(f"{values[labels == k].mean().item():.2f}" for k in (0, 1)))
#> 1.62 4.07
#> 1.83 4.14
limits = [1 + n / 10 for n in range(50)]
best = max(limits, key=lambda limit: (L.gt(limit) == y).sum().item())
right = (L.gt(best) == y).float(), (L_new.gt(best) == y_new).float()
print(f"{best:.1f}", *(f"{r.mean().item():.2f}" for r in right))
#> 2.3 0.95 0.90
