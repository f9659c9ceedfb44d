"""The sampling explorer's rules: its first state, its orders, its ties."""

# %% rule
import matplotlib.pyplot as plt
import torch

z = torch.tensor([3, 2, 1, 0.5, 0, -1, -2], dtype=torch.float64)


def top_p(z, p):
    ranked = z.sort(descending=True, stable=True).indices
    sums = torch.softmax(z, 0)[ranked].cumsum(0)
    before = torch.cat([sums.new_zeros(1), sums[:-1]])
    return z.masked_fill(before[ranked.argsort()] >= p, -torch.inf)

# %% first
p = torch.softmax(z, 0)
q = torch.softmax(top_p(z, 0.9), 0)
for values in (p, p.cumsum(0), q):
    print(*(f"{value:.4f}" for value in values))
#> 0.6024 0.2216 0.0815 0.0494 0.0300 0.0110 0.0041
#> 0.6024 0.8240 0.9055 0.9549 0.9849 0.9959 1.0000
#> 0.6652 0.2447 0.0900 0.0000 0.0000 0.0000 0.0000

# %% figure
figure, axes = plt.subplots(figsize=(4.2, 2), layout="constrained")
places = range(7)
pale, full, sums = (t.tolist() for t in (p, q, p.cumsum(0)))
axes.bar(places, pale, -0.4, align="edge", color="C0", alpha=0.4)
axes.bar(places, full, 0.4, align="edge", color="C0")
axes.step(places, sums, where="mid", color="C1")
axes.axhline(0.9, color="C2", linestyle="--")
axes.set_xticks(places, list("abcdefg"))

# %% draw
uniform = torch.Generator().manual_seed(0)
u = torch.rand(1, generator=uniform, device="cpu").item()
for number in (u, 0.95):
    sums = (each.cumsum(0) for each in (p, q))
    found = (torch.searchsorted(s, number, right=True) for s in sums)
    print(f"{number:.4f}", *(token.item() for token in found))
#> 0.4963 0 0
#> 0.9500 3 2

# %% order
for kept in (top_p(z / 2, 0.9), top_p(z, 0.9) / 2):
    print((kept > -torch.inf).sum().item())
#> 5
#> 3

# %% repetition
def discouraged(z, penalty, written):
    part = z[written]
    changed = torch.where(part > 0, part / penalty, part * penalty)
    return z.index_copy(0, written, changed)


for shift in (0, 10):
    changed = discouraged(z + shift, 1.3, torch.tensor([0, 5]))
    print(*(f"{each:.4f}" for each in torch.softmax(changed, 0)))
#> 0.4330 0.3183 0.1171 0.0710 0.0431 0.0117 0.0058
#> 0.0717 0.5302 0.1950 0.1183 0.0717 0.0033 0.0097

# %% purpose
equal = torch.zeros(20, dtype=torch.float64)
sure = torch.tensor([10.0] + [0.0] * 19, dtype=torch.float64)
for scores in (equal, sure):
    p = torch.softmax(scores, 0)
    sizes = [scores.topk(5).indices, top_p(scores, 0.9).exp().nonzero()]
    sizes.append((p >= 0.1 * p.max()).nonzero())
    print(f"{p[0]:.4f}", *(len(kept) for kept in sizes))
#> 0.0500 5 18 20
#> 0.9991 5 1 1

# %% ties
tied = torch.tensor([2.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, -1.0])
kept = tied.sort(descending=True, stable=True).indices[:3]
print(kept.tolist())
#> [0, 1, 2]
print((tied >= tied.topk(3).values[-1]).sum().item())
#> 5

# %% exact
for count in (8, 20):
    scores = torch.zeros(count, dtype=torch.float64)
    sums = torch.softmax(scores, 0).cumsum(0)
    kept = top_p(scores, 0.5).exp().count_nonzero().item()
    print(f"{sums[count // 2 - 1]:.17f}", kept)
#> 0.50000000000000000 4
#> 0.49999999999999994 11
