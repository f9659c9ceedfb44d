"""Attention: from a mean of the past to a masked, causal choice."""

# %% average
from math import inf, sqrt

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import nn

X = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
for t in range(3):
    print(t, X[: t + 1].mean(dim=0))
#> 0 tensor([1., 0.])
#> 1 tensor([0.5000, 0.5000])
#> 2 tensor([0.6667, 0.6667])

# %% average-matrix
A = torch.tril(torch.ones(3, 3))
A = A / A.sum(dim=1, keepdim=True)
print(A)
#> tensor([[1.0000, 0.0000, 0.0000],
#>         [0.5000, 0.5000, 0.0000],
#>         [0.3333, 0.3333, 0.3333]])
print(A @ X)
#> tensor([[1.0000, 0.0000],
#>         [0.5000, 0.5000],
#>         [0.6667, 0.6667]])

# %% average-softmax
seen = torch.tril(torch.ones(3, 3, dtype=torch.bool))
scores = torch.zeros(3, 3).masked_fill(~seen, -inf)
print(scores)
#> tensor([[0., -inf, -inf],
#>         [0., 0., -inf],
#>         [0., 0., 0.]])
print(torch.softmax(scores, dim=1))
#> tensor([[1.0000, 0.0000, 0.0000],
#>         [0.5000, 0.5000, 0.0000],
#>         [0.3333, 0.3333, 0.3333]])

# %% scores
scores = X @ X.T
print(scores)
#> tensor([[1., 0., 1.],
#>         [0., 1., 1.],
#>         [1., 1., 2.]])
A = torch.softmax(scores, dim=1)
print(A)
#> tensor([[0.4223, 0.1554, 0.4223],
#>         [0.1554, 0.4223, 0.4223],
#>         [0.2119, 0.2119, 0.5761]])
print(A @ X)
#> tensor([[0.8446, 0.5777],
#>         [0.5777, 0.8446],
#>         [0.7881, 0.7881]])

# %% by-hand
e = torch.tensor([1.0, 0.0, 1.0]).exp()
print(e, e.sum())
#> tensor([2.7183, 1.0000, 2.7183]) tensor(6.4366)
print(e / e.sum())
#> tensor([0.4223, 0.1554, 0.4223])

# %% which-axis
print(A.sum(dim=1))
#> tensor([1., 1., 1.])
wrong = torch.softmax(scores, dim=0)
print(wrong.sum(dim=1))
#> tensor([0.7896, 0.7896, 1.4208])

# %% scale
torch.manual_seed(0)
for d in (4, 64, 1024):
    q, k = torch.randn(10_000, d), torch.randn(10_000, d)
    dots = (q * k).sum(dim=1)
    std = [(dots / n).std().item() for n in (1, sqrt(d), d)]
    print(d, *(f"{s:.2f}" for s in std))
#> 4 1.99 1.00 0.50
#> 64 8.01 1.00 0.13
#> 1024 32.11 1.00 0.03

# %% scale-figure
sizes = [n * n for n in range(2, 33, 3)]
std = []
for d in sizes:
    dots = (torch.randn(2000, d) * torch.randn(2000, d)).sum(dim=1)
    std.append(dots.std().item())
figure, axes = plt.subplots(figsize=(4, 3))
axes.plot(sizes, [sqrt(d) for d in sizes], "--", color="C3")
axes.plot(sizes, std, "o", color="C0")
scaled = [s / sqrt(d) for s, d in zip(std, sizes)]
axes.plot(sizes, scaled, "s", color="C1")
axes.set_xlabel("$d$")

# %% saturation
torch.manual_seed(0)
q, k = torch.randn(256, 64), torch.randn(256, 64)
for divisor in (1, 8, 64):
    w = torch.softmax(q @ k.T / divisor, dim=1)
    largest = w.max(dim=1).values.mean().item()
    slope = (w * (1 - w)).sum(dim=1).mean().item()
    print(divisor, f"{largest:.3f} {slope:.2f}")
#> 1 0.747 0.35
#> 8 0.044 0.99
#> 64 0.006 1.00

# %% projections
W_q = torch.tensor([[2.0, 0.0], [0.0, 1.0]])
W_k = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
W_v = torch.tensor([[1.0, 0.0], [0.0, 10.0]])
Q, K, V = X @ W_q, X @ W_k, X @ W_v
print(Q.tolist(), K.tolist(), V.tolist(), sep="\n")
#> [[2.0, 0.0], [0.0, 1.0], [2.0, 1.0]]
#> [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
#> [[1.0, 0.0], [0.0, 10.0], [1.0, 10.0]]
print(Q @ K.T)
#> tensor([[0., 2., 2.],
#>         [1., 0., 1.],
#>         [1., 2., 3.]])

# %% causal
scores = Q @ K.T / sqrt(2)
A = torch.softmax(scores.masked_fill(~seen, -inf), dim=1)
print(A)
#> tensor([[1.0000, 0.0000, 0.0000],
#>         [0.6698, 0.3302, 0.0000],
#>         [0.1400, 0.2840, 0.5760]])
print(A @ V)
#> tensor([[1.0000, 0.0000],
#>         [0.6698, 3.3024],
#>         [0.7160, 8.5997]])

# %% sdpa
Y = F.scaled_dot_product_attention(Q, K, V, is_causal=True)
print(Y)
#> tensor([[1.0000, 0.0000],
#>         [0.6698, 3.3024],
#>         [0.7160, 8.5997]])
torch.testing.assert_close(Y, A @ V)  # (1)!

# %% flow-figure
def draw(axes, title, matrix):
    rows = matrix.tolist()
    left = (3 - len(rows[0])) / 2
    top = max(n for row in rows for n in row)
    for i, row in enumerate(rows):
        for j, n in enumerate(row):
            at, alpha = (left + j, i), max(n, 0) / top / 2
            for style in ({"fc": "none", "ec": "C0"}, {"alpha": alpha}):
                axes.add_patch(plt.Rectangle(at, 1, 1, lw=0.5, **style))
            text = f"{n:.2f}".rstrip("0").rstrip(".")
            text = text.replace("-inf", r"$-\infty$")
            place = {"ha": "center", "va": "center", "size": 9}
            axes.text(left + j + 0.5, i + 0.5, text, **place)
    axes.set(xlim=(0, 3), ylim=(3, 0), aspect="equal", title=title)
    axes.axis("off")


masked = scores.masked_fill(~seen, -inf)
figure, grid = plt.subplots(3, 3, figsize=(4.2, 4.8))
figure.subplots_adjust(hspace=0.5)
steps = [("$X$", X), ("$Q$", Q), ("$K$", K)]
steps += [("$S$", scores), ("$S + M$", masked), ("$A$", A)]
steps += [("$V$", V), ("$Y$", Y)]
for axes, step in zip(grid.flat, steps):
    draw(axes, *step)
grid[2, 2].axis("off")

# %% nan-mask
mask = torch.triu(torch.ones(3, 3), diagonal=1)
print(mask)
#> tensor([[0., 1., 1.],
#>         [0., 0., 1.],
#>         [0., 0., 0.]])
print(mask * -inf)
#> tensor([[nan, -inf, -inf],
#>         [nan, nan, -inf],
#>         [nan, nan, nan]])
print(torch.softmax(scores + mask * -inf, dim=1)[0])
#> tensor([nan, nan, nan])

# %% late-mask
late = torch.softmax(scores, dim=1).masked_fill(~seen, 0.0)
print(late.sum(dim=1))
#> tensor([0.1084, 0.5989, 1.0000])
row = torch.tensor([0.0, 200.0])
late = torch.softmax(row, dim=0) * torch.tensor([1.0, 0.0])
print(late / late.sum())
#> tensor([nan, nan])
early = row + torch.tensor([0.0, -inf])
print(torch.softmax(early, dim=0))
#> tensor([1., 0.])

# %% off-by-one
for diagonal in (0, 1, 2):
    future = torch.ones(3, 3, dtype=torch.bool).triu(diagonal)
    w = torch.softmax(scores.masked_fill(future, -inf), dim=1)
    print(diagonal, w[0])
#> 0 tensor([nan, nan, nan])
#> 1 tensor([1., 0., 0.])
#> 2 tensor([0.1956, 0.8044, 0.0000])

# %% empty-row
nobody = torch.zeros(3, 3, dtype=torch.bool)
print(torch.softmax(scores.masked_fill(~nobody, -inf), dim=1)[0])
#> tensor([nan, nan, nan])
print(F.scaled_dot_product_attention(Q, K, V, attn_mask=nobody)[0])
#> tensor([0., 0.])

# %% big-negative
half = torch.zeros(2, dtype=torch.float16, device="cpu")
future = torch.tensor([False, True], device="cpu")
try:
    half.masked_fill(future, -1e9)
except RuntimeError as error:
    print(error)
#> value cannot be converted to type c10::Half without overflow
print(half.masked_fill(future, -inf))
#> tensor([0., -inf], dtype=torch.float16)
for dtype in (torch.float16, torch.float32):
    print(dtype, torch.finfo(dtype).min)
#> torch.float16 -65504.0
#> torch.float32 -3.4028234663852886e+38

# %% layer
class CausalAttention(nn.Module):
    def __init__(self, d_in, d, context):
        super().__init__()
        self.query = nn.Linear(d_in, d, bias=False)
        self.key = nn.Linear(d_in, d, bias=False)
        self.value = nn.Linear(d_in, d, bias=False)
        seen = torch.ones(context, context, dtype=torch.bool).tril()
        self.register_buffer("seen", seen)  # (1)!

    def forward(self, x):
        T = x.shape[-2]  # (2)!
        q, k, v = self.query(x), self.key(x), self.value(x)
        scores = q @ k.mT / sqrt(q.shape[-1])
        scores = scores.masked_fill(~self.seen[:T, :T], -inf)
        return torch.softmax(scores, dim=-1) @ v

# %% layer-check
torch.manual_seed(0)
layer = CausalAttention(8, 8, context=16)
x = torch.randn(2, 5, 8)
q, k, v = layer.query(x), layer.key(x), layer.value(x)
fused = F.scaled_dot_product_attention(q, k, v, is_causal=True)
torch.testing.assert_close(layer(x), fused)
print(layer(x).shape)
#> torch.Size([2, 5, 8])
print(sum(p.numel() for p in layer.parameters()))
#> 192
print([name for name, _ in layer.named_buffers()])
#> ['seen']

# %% causality
def moves(attention, x, t):
    other = x.clone()
    other[:, t] = torch.randn(x.shape[0], x.shape[2])
    change = (attention(other) - attention(x)).abs().amax(dim=(0, 2))
    return [c > 0 for c in change.tolist()]


print(moves(layer, x, 3))
#> [False, False, False, True, True]

# %% leak
leaky = CausalAttention(8, 8, context=16)
leaky.seen = torch.ones(16, 16, dtype=torch.bool).tril(1)
print(moves(leaky, x, 3))
#> [False, False, True, True, True]

# %% influence-figure
figure, panels = plt.subplots(1, 2, figsize=(4.2, 2.2))
for axes, attention in zip(panels, (layer, leaky)):
    for t in range(5):
        for i, moved in enumerate(moves(attention, x, t)):
            colour = "C1" if i < t else "C0"
            if moved:
                at = (t - 0.45, i - 0.45)
                axes.add_patch(plt.Rectangle(at, 0.9, 0.9, fc=colour))
    axes.set(xlim=(-0.5, 4.5), ylim=(4.5, -0.5), aspect="equal")
    axes.set(xticks=range(5), yticks=range(5), xlabel="$t$")
panels[0].set_ylabel("$i$")

# %% gradient
x_ = x.clone().requires_grad_()
layer(x_)[0, 2].sum().backward()
reached = x_.grad[0].abs().sum(dim=1)
print([g > 0 for g in reached.tolist()])
#> [True, True, True, False, False]

# %% prefix
whole = layer(x)
for T in range(1, 6):
    torch.testing.assert_close(layer(x[:, :T]), whole[:, :T])
print(layer(x[:, :3]).shape)
#> torch.Size([2, 3, 8])

# %% permutation
def attend(x, causal):
    return F.scaled_dot_product_attention(x, x, x, is_causal=causal)


z = torch.randn(4, 8)
order = torch.tensor([2, 0, 3, 1])
y = attend(z, causal=False)
torch.testing.assert_close(attend(z[order], causal=False), y[order])
y = attend(z, causal=True)
print(torch.allclose(attend(z[order], causal=True), y[order]))
#> False

# %% last-token
order = torch.tensor([2, 0, 1, 3])
torch.testing.assert_close(attend(z[order], causal=True)[3], y[3])
wpe = torch.randn(4, 8)
y = attend(z + wpe, causal=True)
print(torch.allclose(attend(z[order] + wpe, causal=True)[3], y[3]))
#> False

# %% solution-row
e = torch.tensor([1.0, 1.0, 2.0]).div(sqrt(2)).exp()
print(e, e.sum())
#> tensor([2.0281, 2.0281, 4.1133]) tensor(8.1695)
print(e / e.sum())
#> tensor([0.2483, 0.2483, 0.5035])

# %% solution-temperature
for tau in (0.1, 1, 10):
    hidden = (scores / tau).masked_fill(~seen, -inf)
    last = torch.softmax(hidden, dim=1)[2].tolist()
    print(tau, *(f"{w:.3f}" for w in last))
#> 0.1 0.000 0.001 0.999
#> 1 0.140 0.284 0.576
#> 10 0.310 0.333 0.357

# %% solution-window
window = CausalAttention(8, 8, context=16)
seen = torch.ones(16, 16, dtype=torch.bool).tril()
window.seen = seen & ~torch.ones(16, 16, dtype=torch.bool).tril(-2)
print(window.seen[:5, :5].int())
#> tensor([[1, 0, 0, 0, 0],
#>         [1, 1, 0, 0, 0],
#>         [0, 1, 1, 0, 0],
#>         [0, 0, 1, 1, 0],
#>         [0, 0, 0, 1, 1]], dtype=torch.int32)
print(moves(window, x, 1))
#> [False, True, True, False, False]

# %% bug-infinite
broken = V.clone()
broken[2] = inf
print(A[0])
#> tensor([1., 0., 0.])
print((A @ broken)[0])
#> tensor([nan, nan])

# %% bug-axis
class Batched(CausalAttention):
    def forward(self, x):
        T = x.shape[-2]
        q, k, v = self.query(x), self.key(x), self.value(x)
        scores = q @ k.mT / sqrt(q.shape[-1])
        scores = scores.masked_fill(~self.seen[:T, :T], -inf)
        return torch.softmax(scores, dim=1) @ v


print(Batched(8, 8, context=16)(x).shape)
#> torch.Size([2, 5, 8])

# %% solution-axis
print(moves(Batched(8, 8, context=16), x, 3))
#> [True, True, True, True, True]

# %% solution-counting
tune = (
    "C D E C C D E C E F G E F G "
    "G A G F E C G A G F E C C g C C g C"
).split()
notes = sorted(set(tune))
ids = torch.tensor([notes.index(note) for note in tune])
one_hot = F.one_hot(ids, len(notes)).float()
query, key, value = one_hot[-1:], one_hot[:-1], one_hot[1:]
scores = query @ key.T
print(scores.sum())
#> tensor(9.)
A = torch.softmax(20 * scores, dim=1)
print(notes)
#> ['A', 'C', 'D', 'E', 'F', 'G', 'g']
print((A @ value).round(decimals=4))
#> tensor([[0.0000, 0.3333, 0.2222, 0.1111, 0.0000, 0.1111, 0.2222]])
