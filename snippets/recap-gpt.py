"""GPT without a class: from ids to scores in functions of a few lines."""

# %% sizes
import torch
import torch.nn.functional as F

V, T, d, h, L = 65, 16, 32, 4, 3
torch.manual_seed(0)


def draw(*shape, std=0.02):
    return std * torch.randn(shape)

# %% parameters
def new_block(d):
    small = 0.02 / (2 * L) ** 0.5
    return {
        "ln_1": (torch.ones(d), torch.zeros(d)),
        "qkv": (draw(3 * d, d), torch.zeros(3 * d)),
        "out": (draw(d, d, std=small), torch.zeros(d)),
        "ln_2": (torch.ones(d), torch.zeros(d)),
        "up": (draw(4 * d, d), torch.zeros(4 * d)),
        "down": (draw(d, 4 * d, std=small), torch.zeros(d)),
    }


wte, wpe = draw(V, d), draw(T, d)
blocks = [new_block(d) for _ in range(L)]
ln_f = torch.ones(d), torch.zeros(d)

# %% count
def numbers(block):
    return sum(t.numel() for pair in block.values() for t in pair)


total = V * d + T * d + sum(numbers(b) for b in blocks) + 2 * d
print(total, numbers(blocks[0]) == 12 * d * d + 13 * d)
#> 40768 True

# %% norm
def norm(x, weight, bias):
    mean = x.mean(dim=-1, keepdim=True)
    var = (x - mean).square().mean(dim=-1, keepdim=True)
    return weight * (x - mean) / (var + 1e-5).sqrt() + bias

# %% attend
def attend(x, qkv, out):
    B, T, d = x.shape
    parts = F.linear(x, *qkv).view(B, T, 3, h, d // h)
    q, k, v = parts.permute(2, 0, 3, 1, 4)  # (1)!
    scores = q @ k.transpose(-2, -1) / (d // h) ** 0.5  # (2)!
    future = torch.ones(T, T, dtype=torch.bool).triu(1)
    scores = scores.masked_fill(future, float("-inf"))  # (3)!
    y = scores.softmax(dim=-1) @ v  # (4)!
    return F.linear(y.transpose(1, 2).reshape(B, T, d), *out)

# %% think
def think(x, up, down):
    return F.linear(F.gelu(F.linear(x, *up), approximate="tanh"), *down)

# %% gpt
def gpt(ids, attend=attend):
    x = wte[ids] + wpe[: ids.shape[1]]  # (1)!
    for p in blocks:
        x = x + attend(norm(x, *p["ln_1"]), p["qkv"], p["out"])  # (2)!
        x = x + think(norm(x, *p["ln_2"]), p["up"], p["down"])  # (3)!
    return norm(x, *ln_f) @ wte.T  # (4)!

# %% first-loss
from math import log

ids = torch.randint(V, (4, T + 1))
x, y = ids[:, :-1], ids[:, 1:]  # (1)!
logits = gpt(x)
print(x.shape, logits.shape)
#> torch.Size([4, 16]) torch.Size([4, 16, 65])
loss = F.cross_entropy(logits.flatten(0, 1), y.flatten())
print(f"{loss.item():.2f} {log(V):.2f}")
#> 4.18 4.17

# %% picture
import matplotlib.pyplot as plt

with torch.no_grad():
    stream = [wte[x[0]] + wpe]
    for p in blocks:
        z = stream[-1]
        z = z + attend(norm(z, *p["ln_1"])[None], p["qkv"], p["out"])[0]
        z = z + think(norm(z, *p["ln_2"]), p["up"], p["down"])
        stream.append(z)
    last = norm(stream[-1], *ln_f)
    steps = [*stream, last, last @ wte.T]
widths = [t.shape[1] for t in steps]
figure, axes = plt.subplots(
    len(steps), 1, figsize=(4.2, 5.4),
)
for axis, step in zip(axes, steps):
    axis.imshow(step.tolist(), cmap="RdBu", aspect="auto")
    axis.set_axis_off()

# %% peer
from torch import nn

layer = nn.TransformerEncoderLayer(
    d, h, 4 * d, dropout=0.0, batch_first=True, norm_first=True,
    activation=lambda t: F.gelu(t, approximate="tanh"),
)  # (1)!
names = ("self_attn.in_proj_", "self_attn.out_proj.", "linear1.")
names = ("norm1.", *names[:2], "norm2.", names[2], "linear2.")
state = {}
for name, pair in zip(names, blocks[0].values()):
    state[name + "weight"], state[name + "bias"] = pair
print(layer.load_state_dict(state))
#> <All keys matched successfully>

# %% peer-agrees
z = torch.randn(2, T, d)
p = blocks[0]
ours = z + attend(norm(z, *p["ln_1"]), p["qkv"], p["out"])
ours = ours + think(norm(ours, *p["ln_2"]), p["up"], p["down"])
future = torch.ones(T, T, dtype=torch.bool).triu(1)
torch.testing.assert_close(layer(z, src_mask=future), ours)

# %% causality
def moves(f, t):
    other = x.clone()
    other[:, t] = (other[:, t] + 1) % V
    change = (f(other) - f(x)).abs().amax(dim=(0, 2))
    return [int(c > 0) for c in change.tolist()]


print(moves(gpt, 12))
#> [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1]

# %% gradient
pairs = [pair for block in blocks for pair in block.values()]
leaves = [wte, wpe, *ln_f, *(t for pair in pairs for t in pair)]
for leaf in leaves:
    leaf.requires_grad_()
loss = F.cross_entropy(gpt(x).flatten(0, 1), y.flatten())
loss.backward()
print(len(leaves), all(leaf.grad.abs().sum() > 0 for leaf in leaves))
#> 40 True

# %% memorise rtol="1e-2"
optimizer = torch.optim.AdamW(leaves, lr=3e-3)
for step in range(101):
    loss = F.cross_entropy(gpt(x).flatten(0, 1), y.flatten())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step in (0, 20):
        print(step, f"{loss.item():.1f}")
#> 0 4.2
#> 20 2.4
print(loss.item() < 0.1)
#> True

# %% solution-order
def without_positions(ids, n_blocks):
    x = wte[ids]
    for p in blocks[:n_blocks]:
        x = x + attend(norm(x, *p["ln_1"]), p["qkv"], p["out"])
        x = x + think(norm(x, *p["ln_2"]), p["up"], p["down"])
    return (norm(x, *ln_f) @ wte.T)[:, -1]


swapped = x.clone()
swapped[:, :2] = x[:, [1, 0]]
for n in (1, 2, 3):
    a, b = without_positions(x, n), without_positions(swapped, n)
    print(n, torch.allclose(a, b, atol=1e-4))
#> 1 True
#> 2 False
#> 3 False

# %% solution-gpt2
V2, T2, d2, L2 = 50257, 1024, 768, 12
with torch.device("meta"):
    block = new_block(d2)
print(f"{V2 * d2 + T2 * d2 + L2 * numbers(block) + 2 * d2:,}")
#> 124,439,808

# %% solution-scores
positions = 16 * 1024
print(f"{positions * V2 * 4 / 2**30:.2f} {positions * d2 * 4 / 2**20:.0f}")
#> 3.07 48

# %% bug-attend
def kind(x, qkv, out):
    B, T, d = x.shape
    q, k, v = F.linear(x, *qkv).chunk(3, dim=-1)
    scores = q @ k.transpose(-2, -1) / d**0.5
    weights = scores.softmax(dim=-1).tril()
    return F.linear(weights @ v, *out)


print(gpt(x, attend=kind).shape)
#> torch.Size([4, 16, 65])

# %% solution-attend
print(moves(lambda ids: gpt(ids, attend=kind), 12))
#> [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]
