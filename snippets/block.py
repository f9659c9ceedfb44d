"""The block of GPT-2: what attention needs around it to be stacked."""

# %% residual
import torch
import torch.nn.functional as F
from torch import nn

x = torch.tensor([1.0, 2.0], requires_grad=True)
W = torch.tensor([[0.0, 0.0], [0.0, 0.5]])
(W @ x).sum().backward()
print(x.grad)
#> tensor([0.0000, 0.5000])
x.grad = None
(x + W @ x).sum().backward()
print(x.grad)
#> tensor([1.0000, 1.5000])

# %% depth
def at_the_input(depth, step):
    torch.manual_seed(0)
    x = first = torch.randn(16, 64, requires_grad=True)
    for _ in range(depth):
        x = step(x, nn.Linear(64, 64))
    x.sum().backward()
    return f"{first.grad.abs().mean().item():.1e}"


def norm(x):
    return F.layer_norm(x, (64,))

# %% three-stacks rtol="1e-2"
for step in (
    lambda x, f: F.gelu(f(x)),
    lambda x, f: x + F.gelu(f(x)),
    lambda x, f: x + F.gelu(f(norm(x))),
):
    print(*(at_the_input(depth, step) for depth in (1, 10, 50)))
#> 3.5e-01 6.3e-06 8.7e-28
#> 9.5e-01 7.3e+00 6.6e+04
#> 1.0e+00 1.2e+00 2.1e+00

# %% layer-norm
x = torch.tensor([1.0, 2.0, 3.0, 4.0])
mean, var = x.mean(), x.var(correction=0)  # (1)!
print(mean.item(), var.item())
#> 2.5 1.25
print((x - mean) / (var + 1e-5).sqrt())
#> tensor([-1.3416, -0.4472,  0.4472,  1.3416])
print(F.layer_norm(x, (4,)))
#> tensor([-1.3416, -0.4472,  0.4472,  1.3416])

# %% layer-norm-std
print(f"{x.var().item():.4f}")
#> 1.6667
print((x - mean) / x.std())
#> tensor([-1.1619, -0.3873,  0.3873,  1.1619])

# %% layer-norm-scale
print(F.layer_norm(10 * x + 7, (4,)))
#> tensor([-1.3416, -0.4472,  0.4472,  1.3416])
print(F.layer_norm(torch.full((4,), 5.0), (4,)))
#> tensor([0., 0., 0., 0.])
for name, p in nn.LayerNorm(4).named_parameters():
    print(name, p.tolist())
#> weight [1.0, 1.0, 1.0, 1.0]
#> bias [0.0, 0.0, 0.0, 0.0]

# %% rms-norm
rms = x.square().mean().sqrt()
print(f"{rms.item():.4f}")
#> 2.7386
print(x / rms)
#> tensor([0.3651, 0.7303, 1.0954, 1.4606])
print(F.rms_norm(x, (4,)))
#> tensor([0.3651, 0.7303, 1.0954, 1.4606])
print(F.rms_norm(x + 7, (4,)))
#> tensor([0.8363, 0.9409, 1.0454, 1.1500])
print([name for name, p in nn.RMSNorm(4).named_parameters()])
#> ['weight']

# %% which-axis
torch.manual_seed(0)
x = torch.randn(1, 4, 8)
changed = x.clone()
changed[:, 3] += 1.0
for shape in ((8,), (4, 8)):
    before, after = F.layer_norm(x, shape), F.layer_norm(changed, shape)
    print(shape, torch.equal(before[:, :3], after[:, :3]))
#> (8,) True
#> (4, 8) False

# %% wrong-size
try:
    nn.LayerNorm(4)(torch.zeros(2, 3))
except RuntimeError as error:
    print(str(error).partition(", but")[0])
#> Given normalized_shape=[4], expected input with shape [*, 4]

# %% gelu
from math import erf, pi, sqrt, tanh


def gelu(x):
    return x * (1 + erf(x / sqrt(2))) / 2


def gelu_tanh(x):
    return x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) / 2


for x in (-2.0, -1.0, 0.0, 1.0, 2.0):
    print(x, f"{gelu(x):.4f} {gelu_tanh(x):.4f}")
#> -2.0 -0.0455 -0.0454
#> -1.0 -0.1587 -0.1588
#> 0.0 0.0000 0.0000
#> 1.0 0.8413 0.8412
#> 2.0 1.9545 1.9546

# %% gelu-torch
x = torch.linspace(-5, 5, 10_001, dtype=torch.float64)
exact, approximate = F.gelu(x), F.gelu(x, approximate="tanh")
print(f"{(exact - approximate).abs().max().item():.1e}")
#> 4.7e-04
print(f"{exact.min().item():.2f} {x[exact.argmin()].item():.2f}")
#> -0.17 -0.75

# %% gelu-figure
import matplotlib.pyplot as plt

x = torch.linspace(-4, 4, 201)
figure, axes = plt.subplots(figsize=(4.2, 2.8))
axes.plot(x.tolist(), F.relu(x).tolist(), color="C1", linestyle="--")
axes.plot(x.tolist(), F.gelu(x).tolist(), color="C0")
axes.set_xlabel("$x$")

# %% mlp
class MLP(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.up, self.down = nn.Linear(d, 4 * d), nn.Linear(4 * d, d)

    def forward(self, x):
        return self.down(F.gelu(self.up(x), approximate="tanh"))


torch.manual_seed(0)
mlp, x = MLP(32), torch.randn(2, 5, 32)
print(torch.allclose(mlp(x)[0, 2], mlp(x[0, 2])))
#> True

# %% attention
class Attention(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.qkv, self.out = nn.Linear(d, 3 * d), nn.Linear(d, d)

    def forward(self, x):
        q, k, v = (
            part.unflatten(-1, (self.heads, -1)).transpose(-3, -2)
            for part in self.qkv(x).chunk(3, dim=-1)
        )
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out(y.transpose(-3, -2).flatten(-2))

# %% block
class Block(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.ln_1, self.attn = nn.LayerNorm(d), Attention(d, heads)
        self.ln_2, self.mlp = nn.LayerNorm(d), MLP(d)

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


print(Block(32, 4)(x).shape)
#> torch.Size([2, 5, 32])

# %% block-figure
figure, axes = plt.subplots(figsize=(4.2, 1.7))
axes.plot([0, 10], [0, 0], color="C0", linewidth=3)
branch = ([0, 0, 0.4], [0, 2, 2]), ([1.5, 1.9], [2, 2])
branch += (([3, 3.4, 3.4], [2, 2, 0]),)
for left, names in ((0.8, ("ln_1", "attn")), (5.4, ("ln_2", "mlp"))):
    for across, up in branch:
        axes.plot([left + step for step in across], up, "C1")
    for k, name in enumerate(names):
        middle = {"ha": "center", "va": "center", "color": "C1"}
        axes.text(left + 0.95 + 1.5 * k, 2, name, **middle)
    axes.plot(left + 3.4, 0, "C1P", markersize=9)
axes.text(-0.4, 0, "$x$", va="center")
axes.set(xlim=(-0.6, 10.2), ylim=(-0.7, 2.6))
axes.axis("off")

# %% block-count
with torch.device("meta"):
    block = Block(768, 12)
for name, part in block.named_children():
    print(name, f"{sum(p.numel() for p in part.parameters()):,}")
#> ln_1 1,536
#> attn 2,362,368
#> ln_2 1,536
#> mlp 4,722,432
print(f"{sum(p.numel() for p in block.parameters()):,}")
#> 7,087,872
print(f"{12 * 768**2 + 13 * 768:,}")
#> 7,087,872

# %% in-place
class InPlace(Block):
    def forward(self, x):
        x += self.attn(self.ln_1(x))
        x += self.mlp(self.ln_2(x))
        return x


try:
    InPlace(32, 4)(x.clone()).sum().backward()
except RuntimeError as error:
    print(str(error).partition(":")[0])
#> one of the variables needed for gradient computation has been modified by an inplace operation

# %% stream-sum
blocks = nn.Sequential(*(Block(32, 4) for _ in range(6)))
stream, added = x, []
for block in blocks:
    for part in (
        lambda x: block.attn(block.ln_1(x)),
        lambda x: block.mlp(block.ln_2(x)),
    ):
        added.append(part(stream))
        stream = stream + added[-1]
print(torch.allclose(stream, blocks(x), atol=1e-6))
#> True
print(torch.allclose(stream, x + sum(added), atol=1e-6))
#> True

# %% small
def small(model):
    for layer in model.modules():
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, std=0.02)
            nn.init.zeros_(layer.bias)
    return model

# %% stream-size
torch.manual_seed(0)
stream = 0.02 * torch.randn(8, 16, 64)
for n in range(25):
    block = small(Block(64, 4))
    if n in (0, 1, 6, 12, 24):
        read = block.ln_1(stream)
        print(n, f"{stream.std().item():.3f} {read.std().item():.2f}")
    stream = block(stream)
#> 0 0.020 0.99
#> 1 0.035 1.00
#> 6 0.078 1.00
#> 12 0.117 1.00
#> 24 0.169 1.00

# %% post-norm
class PostBlock(Block):
    def forward(self, x):
        x = self.ln_1(x + self.attn(x))
        return self.ln_2(x + self.mlp(x))

# %% last-gradient
def last_gradient(make, depth):
    torch.manual_seed(0)
    blocks = nn.Sequential(*(make(64, 4) for _ in range(depth)))
    for p in blocks.parameters():
        if p.dim() == 2:
            nn.init.xavier_uniform_(p)  # (1)!
    head, x = nn.Linear(64, 65), torch.randn(8, 16, 64)
    y = torch.randint(65, (8, 16))
    logits = head(norm(blocks(x)))
    F.cross_entropy(logits.flatten(0, 1), y.flatten()).backward()
    return blocks[-1].mlp.down.weight.grad.norm().item()

# %% pre-and-post rtol="2e-2"
depths = (3, 6, 12, 24)
norms = {
    make: [last_gradient(make, depth) for depth in depths]
    for make in (Block, PostBlock)
}
for make, row in norms.items():
    print(make.__name__, *(f"{value:.2f}" for value in row))
#> Block 0.23 0.17 0.12 0.09
#> PostBlock 0.29 0.28 0.29 0.30

# %% pre-and-post-figure
figure, axes = plt.subplots(figsize=(4.2, 2.8))
for k, row in enumerate(norms.values()):
    axes.loglog(depths, row, ["o-", "s--"][k], color=f"C{k}")
axes.set_xticks(depths, depths)
axes.set_yticks([0.1, 0.2, 0.4], ["0.1", "0.2", "0.4"])
axes.minorticks_off()
axes.set_xlabel("$L$")

# %% solution-norm
print(F.layer_norm(torch.tensor([0.0, 0.0, 3.0]), (3,)))
#> tensor([-0.7071, -0.7071,  1.4142])

# %% solution-symmetry
for x in (0.5, 1.0, 3.0):
    print(x, f"{gelu(x) - gelu(-x):.4f}")
#> 0.5 0.5000
#> 1.0 1.0000
#> 3.0 3.0000

# %% solution-llama
d = 768
print(f"{12 * d**2 + 4 * d:,}")
#> 7,080,960
print(f"{4 * d**2 + 3 * d * 2048 + 2 * d:,}")
#> 7,079,424

# %% bug-norm
class Normed(Block):
    def forward(self, x):
        x = self.ln_1(x)
        x = x + self.attn(x)
        x = self.ln_2(x)
        return x + self.mlp(x)

# %% solution-offset
for make in (Block, Normed):
    torch.manual_seed(0)
    block, x = make(32, 4), torch.randn(2, 5, 32)
    moved = block(x + 7) - block(x)
    print(make.__name__, f"{moved.mean().item():.2f}")
#> Block 7.00
#> Normed 0.00

# %% solution-zero
torch.manual_seed(0)
block, x = Block(32, 4), torch.randn(2, 5, 32)
for layer in (block.attn.out, block.mlp.down):
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
print(torch.equal(block(x), x))
#> True
block(x).square().sum().backward()
for layer in (block.mlp.up, block.mlp.down):
    print(layer.weight.grad.any().item())
#> False
#> True
