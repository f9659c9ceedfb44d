"""Heads: several means at once, then packed texts, cost and cache."""

# %% one-mean
from math import inf, sqrt

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import nn

differing = torch.tensor([[1.0, 3.0], [3.0, 1.0]])
alike = torch.tensor([[2.0, 2.0], [2.0, 2.0]])
half = torch.tensor([0.5, 0.5])
print(half @ differing, half @ alike)
#> tensor([2., 2.]) tensor([2., 2.])

# %% two-means
choices = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
for values in (differing, alike):
    print((choices @ values).flatten())
#> tensor([1., 3., 3., 1.])
#> tensor([2., 2., 2., 2.])

# %% split
x = torch.arange(12).reshape(1, 3, 4)
print(x[0])
#> tensor([[ 0,  1,  2,  3],
#>         [ 4,  5,  6,  7],
#>         [ 8,  9, 10, 11]])
heads = x.view(1, 3, 2, 2).transpose(1, 2)
print(heads.shape)
#> torch.Size([1, 2, 3, 2])
print(heads[0, 0], heads[0, 1], sep="\n")
#> tensor([[0, 1],
#>         [4, 5],
#>         [8, 9]])
#> tensor([[ 2,  3],
#>         [ 6,  7],
#>         [10, 11]])

# %% view-alone
wrong = x.view(1, 2, 3, 2)
print(wrong.shape == heads.shape)
#> True
print(wrong[0, 0])
#> tensor([[0, 1],
#>         [2, 3],
#>         [4, 5]])

# %% join
y = heads.contiguous()  # (1)!
try:
    y.transpose(1, 2).view(1, 3, 4)
except RuntimeError as error:
    print(str(error).partition(" (")[0])
#> view size is not compatible with input tensor's size and stride
print(torch.equal(y.transpose(1, 2).reshape(1, 3, 4), x))
#> True
print(torch.equal(y.reshape(1, 3, 4), x))
#> False

# %% multi-head
class MultiHead(nn.Module):
    def __init__(self, d, n_heads):
        super().__init__()
        self.n_heads = n_heads
        self.qkv = nn.Linear(d, 3 * d)  # (1)!
        self.out = nn.Linear(d, d)  # (2)!

    def split(self, x):
        B, T, d = x.shape
        return x.view(B, T, self.n_heads, -1).transpose(1, 2)

    def join(self, y):
        B, h, T, c = y.shape
        return y.transpose(1, 2).reshape(B, T, h * c)

    def forward(self, x):
        q, k, v = (self.split(t) for t in self.qkv(x).chunk(3, dim=-1))
        scores = q @ k.mT / sqrt(q.shape[-1])
        seen = torch.ones_like(scores, dtype=torch.bool).tril()
        scores = scores.masked_fill(~seen, -inf)
        return self.out(self.join(torch.softmax(scores, dim=-1) @ v))

# %% count
torch.manual_seed(0)
layer = MultiHead(12, 3)
x = torch.randn(2, 5, 12)
print(layer(x).shape)
#> torch.Size([2, 5, 12])
for n_heads in (1, 3, 12):
    layer_h = MultiHead(12, n_heads)
    print(n_heads, sum(p.numel() for p in layer_h.parameters()))
#> 1 624
#> 3 624
#> 12 624

# %% one-by-one
def one_head(i):
    part = slice(4 * i, 4 * i + 4)
    q, k, v = (t[..., part] for t in layer.qkv(x).chunk(3, dim=-1))
    return F.scaled_dot_product_attention(q, k, v, is_causal=True)


y = torch.cat([one_head(i) for i in range(3)], dim=-1)
print(one_head(0).shape, y.shape)
#> torch.Size([2, 5, 4]) torch.Size([2, 5, 12])
torch.testing.assert_close(layer.out(y), layer(x))

# %% damaged
def moves(attention, x, t):
    other = x.clone()
    other[:, t] = torch.randn(x.shape[0], x.shape[2])
    change = (attention(other) - attention(x)).abs().amax(dim=(0, 2))
    return [c > 0 for c in change.tolist()]


class Jumbled(MultiHead):
    def split(self, x):
        B, T, d = x.shape
        return x.reshape(B, self.n_heads, T, -1)


print(moves(layer, x, 3))
#> [False, False, False, True, True]
print(moves(Jumbled(12, 3), x, 3))
#> [True, True, True, True, True]

# %% weights-figure
def weights(layer, x):
    q, k, _ = (layer.split(t) for t in layer.qkv(x).chunk(3, dim=-1))
    seen = torch.ones(5, 5, dtype=torch.bool).tril()
    scores = (q @ k.mT / sqrt(q.shape[-1])).masked_fill(~seen, -inf)
    return torch.softmax(scores, dim=-1)


def shade(axes, rows, colour):
    for i, row in enumerate(rows):
        for j, w in enumerate(row):
            at = (j - 0.45, i - 0.45)
            box = plt.Rectangle(at, 0.9, 0.9, fc=colour, alpha=float(w))
            axes.add_patch(box)
    axes.set(xlim=(-0.5, j + 0.5), ylim=(i + 0.5, -0.5), aspect="equal")
    axes.set(xticks=[], yticks=[])


A = weights(layer, 2 * x)[0]
figure, panels = plt.subplots(2, 2, figsize=(3.6, 3.6))
for axes, rows in zip(panels.flat, A.tolist()):
    shade(axes, rows, "C0")
shade(panels[1, 1], A.mean(dim=0).tolist(), "C1")

# %% mha
mha = nn.MultiheadAttention(12, 3, batch_first=True)
with torch.no_grad():
    mha.in_proj_weight.copy_(layer.qkv.weight)
    mha.in_proj_bias.copy_(layer.qkv.bias)
mha.out_proj = layer.out
future = torch.ones(5, 5, dtype=torch.bool).triu(1)
y, A = mha(x, x, x, attn_mask=future)
torch.testing.assert_close(y, layer(x))
torch.testing.assert_close(A, weights(layer, x).mean(dim=1))
print(y.shape, A.shape)
#> torch.Size([2, 5, 12]) torch.Size([2, 5, 5])

# %% mask-meanings
same, unit = torch.zeros(3, 3), torch.eye(3)
future = torch.ones(3, 3, dtype=torch.bool).triu(1)
for mask in (future, ~future):
    print(F.scaled_dot_product_attention(same, same, unit, mask))
#> tensor([[0.0000, 0.5000, 0.5000],
#>         [0.0000, 0.0000, 1.0000],
#>         [0.0000, 0.0000, 0.0000]])
#> tensor([[1.0000, 0.0000, 0.0000],
#>         [0.5000, 0.5000, 0.0000],
#>         [0.3333, 0.3333, 0.3333]])

# %% batch-first
mha = nn.MultiheadAttention(12, 3)
y, A = mha(x, x, x)
print(y.shape, A.shape)
#> torch.Size([2, 5, 12]) torch.Size([5, 2, 2])

# %% messages
try:
    nn.MultiheadAttention(10, 3)
except AssertionError as error:
    print(error)
#> embed_dim must be divisible by num_heads
try:
    MultiHead(10, 3)(torch.zeros(2, 5, 10))
except RuntimeError as error:
    print(error)
#> shape '[2, 5, 3, -1]' is invalid for input of size 100
try:
    mha(x, x, x, is_causal=True)
except RuntimeError as error:
    print(str(error).partition(". ")[0])
#> Need attn_mask if specifying the is_causal hint

# %% dropout
A = torch.ones(3, 3).tril() / torch.tensor([[1.0], [2.0], [3.0]])
torch.manual_seed(0)
print(F.dropout(A, 0.5))
#> tensor([[0.0000, 0.0000, 0.0000],
#>         [0.0000, 0.0000, 0.0000],
#>         [0.6667, 0.6667, 0.0000]])
sums = torch.stack([F.dropout(A, 0.5).sum(dim=1) for _ in range(2000)])
print([f"{s:.1f}" for s in sums.mean(dim=0).tolist()])
#> ['1.0', '1.0', '1.0']

# %% always-dropping
from torch.nn.attention import SDPBackend, sdpa_kernel


class Dropping(nn.Module):
    def forward(self, x, p):
        return F.scaled_dot_product_attention(x, x, x, dropout_p=p)


dropping = Dropping().eval()
with sdpa_kernel(SDPBackend.MATH):  # (1)!
    print(torch.equal(dropping(x, 0.5), dropping(x, 0.5)))
    p = 0.5 if dropping.training else 0.0
    print(torch.equal(dropping(x, p), dropping(x, p)))
#> False
#> True

# %% documents
document = torch.tensor([0, 0, 0, 1, 1, 2, 2, 2])
same_document = document.unsqueeze(1) == document
seen = torch.ones(8, 8, dtype=torch.bool).tril()
allowed = same_document & seen
print(seen.sum().item(), allowed.sum().item())
#> 36 15

# %% packed
def attend(x, mask):
    return F.scaled_dot_product_attention(x, x, x, attn_mask=mask)


z = torch.randn(8, 4)
alone = attend(z[3:5], seen[:2, :2])
torch.testing.assert_close(attend(z, allowed)[3:5], alone)
other = z.clone()
other[1] += 1
for mask in (seen, allowed):
    change = (attend(other, mask) - attend(z, mask)).abs().amax(dim=1)
    print([c > 0 for c in change.tolist()])
#> [False, True, True, True, True, True, True, True]
#> [False, True, True, False, False, False, False, False]

# %% documents-figure
figure, panels = plt.subplots(1, 2, figsize=(4.2, 2.1))
shade(panels[0], seen.tolist(), "C0")
shade(panels[1], allowed.tolist(), "C1")

# %% cost
d = 768
for n in (1024, 4096, 16384):
    linear, table = 8 * n * d**2, 4 * n**2 * d
    memory = 12 * n**2 * torch.float32.itemsize / 2**20
    print(n, f"{table / linear:.2f} {memory:,.0f} MiB")
#> 1024 0.67 48 MiB
#> 4096 2.67 768 MiB
#> 16384 10.67 12,288 MiB

# %% cost-measured
from torch.utils.flop_counter import FlopCounterMode

d = 64
with torch.device("meta"):
    small = MultiHead(d, 4)
    for n in (32, 128, 512):
        text = torch.empty(1, n, d)
        with FlopCounterMode(display=False) as counter:
            small(text)
        print(n, counter.get_total_flops(), 8 * n * d**2 + 4 * n**2 * d)
#> 32 1310720 1310720
#> 128 8388608 8388608
#> 512 83886080 83886080

# %% cost-figure
n = [64 * i for i in range(1, 49)]
figure, axes = plt.subplots(figsize=(4, 3))
axes.plot(n, [8 * i * 768**2 / 1e9 for i in n], color="C0")
axes.plot(n, [4 * i**2 * 768 / 1e9 for i in n], "--", color="C1")
axes.axvline(2 * 768, color="C3", ls=":")
axes.set_xlabel("$n$")
axes.set_ylabel("$10^9$")

# %% saved
def saved(attention, n):
    inputs = torch.zeros(1, 1, n, 16, device="cpu", requires_grad=True)
    sizes = {}

    def pack(t):
        storage = t.untyped_storage()
        sizes[storage.data_ptr()] = storage.nbytes()
        return t

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        result = attention(inputs)  # (1)!
    return sum(sizes.values()) // 4


def table(q):
    return torch.softmax(q @ q.mT / 4, dim=-1) @ q


def fused(q):
    return F.scaled_dot_product_attention(q, q, q)


for size in (128, 256, 512):
    print(size, saved(table, size), saved(fused, size))
#> 128 18432 4224
#> 256 69632 8448
#> 512 270336 16896

# %% cache
keys, values, outputs = [], [], []
for t in range(5):
    qkv = layer.qkv(x[:, t : t + 1])
    q, k, v = (layer.split(part) for part in qkv.chunk(3, dim=-1))
    keys.append(k)
    values.append(v)
    K, V = torch.cat(keys, dim=2), torch.cat(values, dim=2)
    y = F.scaled_dot_product_attention(q, K, V)
    outputs.append(layer.out(layer.join(y)))
print(q.shape, K.shape)
#> torch.Size([2, 3, 1, 4]) torch.Size([2, 3, 5, 4])
torch.testing.assert_close(torch.cat(outputs, dim=1), layer(x))

# %% cache-causal
wrong = F.scaled_dot_product_attention(q, K, V, is_causal=True)
print(torch.allclose(wrong, y))
#> False
print(torch.allclose(wrong, V[:, :, :1]))
#> True

# %% cache-block
qkv = layer.qkv(x[:, 3:])
q, _, _ = (layer.split(part) for part in qkv.chunk(3, dim=-1))
mask = torch.ones(2, 5, dtype=torch.bool).tril(3)
print(mask.int())
#> tensor([[1, 1, 1, 1, 0],
#>         [1, 1, 1, 1, 1]], dtype=torch.int32)
y = F.scaled_dot_product_attention(q, K, V, attn_mask=mask)
torch.testing.assert_close(layer.out(layer.join(y)), layer(x)[:, 3:])

# %% cache-cost
d = 64
kept = sum(8 * d**2 + 4 * n * d for n in range(1, 33))
again = sum(8 * n * d**2 + 4 * n**2 * d for n in range(1, 33))
print(f"{kept:,} {again:,} {again / kept:.1f}")
#> 1,183,744 20,230,144 17.1

# %% grouped
torch.manual_seed(0)
q = torch.randn(1, 8, 5, 4)
k, v = torch.randn(1, 2, 5, 4), torch.randn(1, 2, 5, 4)
y = F.scaled_dot_product_attention(q, k, v, enable_gqa=True)
each = [t.repeat_interleave(4, dim=1) for t in (k, v)]
torch.testing.assert_close(y, F.scaled_dot_product_attention(q, *each))
wrong = [t.repeat(1, 4, 1, 1) for t in (k, v)]
z = F.scaled_dot_product_attention(q, *wrong)
print(y.shape, torch.allclose(y, z))
#> torch.Size([1, 8, 5, 4]) False

# %% whose
group = torch.tensor([0, 1])
print(group.repeat_interleave(4), group.repeat(4))
#> tensor([0, 0, 0, 0, 1, 1, 1, 1]) tensor([0, 1, 0, 1, 0, 1, 0, 1])
try:
    F.scaled_dot_product_attention(q, k, v)
except RuntimeError as error:
    print(error)
#> The size of tensor a (8) must match the size of tensor b (2) at non-singleton dimension 1

# %% solution-grouped
def count(d, n_heads, n_groups):
    c = d // n_heads
    return 2 * d * d + 2 * d * n_groups * c


print(count(64, 8, 8), count(64, 8, 2), count(64, 8, 1))
#> 16384 10240 9216

# %% solution-padding
layer = MultiHead(8, 2)
text, pad = torch.randn(1, 4, 8), torch.zeros(1, 2, 8)
right = layer(torch.cat((text, pad), dim=1))[:, :4]
torch.testing.assert_close(right, layer(text))
left = layer(torch.cat((pad, text), dim=1))[:, 2:]
print(torch.allclose(left, layer(text)))
#> False

# %% solution-block
d = 768
n = 6 * d
print(n, 24 * n * d**2 == 4 * n**2 * d)
#> 4608 True

# %% bug-heads
class Twice(Jumbled):
    def join(self, y):
        B, h, T, c = y.shape
        return y.reshape(B, T, h * c)


twice = Twice(8, 2)
x = torch.randn(1, 4, 8)
print(twice(x).shape)
#> torch.Size([1, 4, 8])
print(moves(twice, x, 3))
#> [False, False, False, True]

# %% solution-heads
print(moves(twice, x, 0))
#> [True, True, False, False]
print(moves(MultiHead(8, 2), x, 0))
#> [True, True, True, True]

# %% solution-bias
y = layer(text)
with torch.no_grad():
    layer.qkv.bias[8:16] += 1
print(torch.allclose(layer(text), y, atol=1e-4))
#> True
with torch.no_grad():
    layer.qkv.bias[:8] += 1
print(torch.allclose(layer(text), y, atol=1e-4))
#> False
