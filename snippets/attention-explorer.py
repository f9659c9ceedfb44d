"""The attention of the explorer: its first state, its mistakes, its rotations."""

# %% first
from math import inf, sqrt

import matplotlib.pyplot as plt
import torch

X = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
Q = X @ torch.tensor([[2.0, 0.0], [0.0, 1.0]])
K = X @ torch.tensor([[0.0, 1.0], [1.0, 0.0]])
V = X @ torch.tensor([[1.0, 0.0], [0.0, 10.0]])
S = Q @ K.T / sqrt(2)
print(S)
#> tensor([[0.0000, 1.4142, 1.4142],
#>         [0.7071, 0.0000, 0.7071],
#>         [0.7071, 1.4142, 2.1213]])

# %% attend
past = torch.ones(3, 3, dtype=torch.bool).tril()
A = torch.softmax(S.masked_fill(~past, -inf), dim=1)
print(A)
#> tensor([[1.0000, 0.0000, 0.0000],
#>         [0.6698, 0.3302, 0.0000],
#>         [0.1400, 0.2840, 0.5760]])
print(A @ V)
#> tensor([[1.0000, 0.0000],
#>         [0.6698, 3.3024],
#>         [0.7160, 8.5997]])

# %% figure
shape = {"figsize": (4.2, 1.6), "layout": "constrained"}
figure, panels = plt.subplots(1, 3, **shape)
titles = ["$S$", "$A$", "$Y = AV$"]
for axes, title, matrix in zip(panels, titles, (S, A, A @ V)):
    top, left = matrix.max().item(), (3 - matrix.shape[1]) / 2
    for i, row in enumerate(matrix.tolist()):
        for j, n in enumerate(row):
            at, shade = (left + j, i), n / top / 2
            for look in ({"alpha": shade}, {"fc": "none", "ec": "C0"}):
                axes.add_patch(plt.Rectangle(at, 1, 1, lw=0.5, **look))
            place = {"ha": "center", "va": "center", "size": 9}
            axes.text(left + j + 0.5, i + 0.5, f"{n:.3g}", **place)
    axes.set(xlim=(0, 3), ylim=(3, 0), aspect="equal", title=title)
    axes.axis("off")

# %% rotation
def turned(row, angle):
    c, s = torch.tensor(angle).cos(), torch.tensor(angle).sin()
    x, y = row
    return torch.stack([x * c - y * s, x * s + y * c])


for start in (0.0, 100.0):
    q, k = turned(Q[2], start + 2), turned(K[0], start)
    print(f"{q @ k:.4f}")
#> 1.4024
#> 1.4024

# %% temperature
for tau in (0.1, 1, 10):
    hidden = (S / tau).masked_fill(~past, -inf)
    print(tau, *(f"{w:.3f}" for w in torch.softmax(hidden, 1)[2]))
#> 0.1 0.000 0.001 0.999
#> 1 0.140 0.284 0.576
#> 10 0.310 0.333 0.357

# %% wrong-masks
times = S + (~past).float() * -inf
strict = S.masked_fill(~past.tril(-1), -inf)
ahead = S.masked_fill(~torch.ones_like(past).tril(1), -inf)
for wrong in (times, strict, ahead):
    print(torch.softmax(wrong, dim=1)[0])
#> tensor([nan, nan, nan])
#> tensor([nan, nan, nan])
#> tensor([0.1956, 0.8044, 0.0000])

# %% wrong-sums
late = torch.softmax(S, dim=1) * past
print(late.sum(dim=1))
#> tensor([0.1084, 0.5989, 1.0000])
columns = torch.softmax(S.masked_fill(~past, -inf), dim=0)
print(columns.sum(dim=1))
#> tensor([0.1978, 0.5967, 2.2055])

# %% nobody
attend = torch.nn.functional.scaled_dot_product_attention
print(attend(Q, K, V, attn_mask=past.tril(-1))[0])
#> tensor([0., 0.])
