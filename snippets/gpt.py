"""The whole of GPT-2: assembled, counted, initialised, checked; what it computes and keeps."""

# %% config
from math import log, sqrt

import torch
import torch.nn.functional as F
from torch import nn

cfg = {
    "vocab_size": 50257,
    "context_length": 1024,
    "emb_dim": 768,
    "n_heads": 12,
    "n_layers": 12,
    "drop_rate": 0.0,  # (1)!
}
tiny = cfg | {"vocab_size": 65, "context_length": 16}
tiny |= {"emb_dim": 32, "n_heads": 4, "n_layers": 4}

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

# %% shapes
torch.manual_seed(0)
model = GPT(tiny)
ids = torch.randint(65, (2, 5))
print(ids.shape, model(ids).shape)
#> torch.Size([2, 5]) torch.Size([2, 5, 65])

# %% too-long
small_cpu = GPT(tiny).to("cpu")
try:
    small_cpu(torch.zeros(1, 17, dtype=torch.int64, device="cpu"))
except IndexError as error:
    print(error)
#> index out of range in self

# %% count
with torch.device("meta"):
    gpt2 = GPT(cfg)
N = sum(p.numel() for p in gpt2.parameters())
print(f"{N:,}")
#> 124,439,808

# %% count-by-hand
V, T, d, L = 50257, 1024, 768, 12
block = (4 * d * d + 4 * d) + (8 * d * d + 5 * d) + 4 * d  # (1)!
print(f"{block:,} {block == 12 * d * d + 13 * d}")
#> 7,087,872 True
print(f"{V * d + T * d + L * block + 2 * d:,}")
#> 124,439,808

# %% other-counts
print(f"{N + V * d:,}")  # (1)!
#> 163,037,184
print(f"{N - V * d - T * d:,}")  # (2)!
#> 85,056,000
print(len(list(gpt2.parameters())), len(gpt2.state_dict()))
#> 148 149

# %% default-loss
def first_loss(model, V, T=128):
    torch.manual_seed(1)
    ids = torch.randint(V, (1, T + 1))
    with torch.no_grad():
        logits = model(ids[:, :-1])
    return F.cross_entropy(logits[0], ids[0, 1:]).item()


torch.manual_seed(0)
wide = GPT(cfg | {"n_layers": 2})  # (1)!
print(f"{first_loss(wide, V):.0f} {log(V):.2f}")
#> 532 10.82

# %% own-score
def scores(model):
    ids = torch.arange(100)
    with torch.no_grad():
        logits = model(ids.reshape(1, 100))[0]
    own = logits[ids, ids]
    return f"{own.mean().item():.0f} {logits.std().item():.1f}"


print(scores(wide))
#> 528 27.8

# %% initialise
def initialise(model, std=0.02):
    n_sums = 2 * len(model.blocks)  # (1)!
    for name, p in model.named_parameters():
        if name.endswith(("out.weight", "down.weight")):
            nn.init.normal_(p, std=std / sqrt(n_sums))
        elif p.ndim == 2:
            nn.init.normal_(p, std=std)
        elif name.endswith("bias"):
            nn.init.zeros_(p)

# %% first-loss
initialise(wide)
print(f"{first_loss(wide, V):.1f} {log(V):.2f}")
#> 11.0 10.82
print(scores(wide))
#> 1 0.6

# %% stream
def stream(scaled, depth=24):
    torch.manual_seed(0)
    model = GPT(tiny | {"emb_dim": 64, "n_layers": depth})
    initialise(model)
    if not scaled:
        for block in model.blocks:
            for layer in (block.attn.out, block.mlp.down):
                nn.init.normal_(layer.weight, std=0.02)
    x = model.wte(torch.randint(65, (8, 16)))
    sizes = [x.std().item()]
    for block in model.blocks:
        x = block(x)
        sizes.append(x.std().item())
    return sizes

# %% stream-sizes
plain, scaled = stream(False), stream(True)
for n in (0, 1, 6, 12, 24):
    print(n, f"{plain[n]:.2f} {scaled[n]:.2f}")
#> 0 0.02 0.02
#> 1 0.03 0.02
#> 6 0.08 0.02
#> 12 0.11 0.02
#> 24 0.16 0.03

# %% stream-figure
import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(4.2, 2.8))
axes.plot(plain, color="C1")
axes.plot(scaled, color="C0")
axes.set_ylim(0)

# %% check-causal
torch.manual_seed(0)
model = GPT(tiny)
initialise(model)
ids = torch.randint(65, (1, 8))
other = ids.clone()
other[0, 5] = (other[0, 5] + 1) % 65
change = (model(ids) - model(other)).abs().amax(dim=(0, 2))
print([c > 0 for c in change.tolist()])
#> [False, False, False, False, False, True, True, True]

# %% check-gradient
x, y = torch.randint(65, (4, 16)), torch.randint(65, (4, 16))


def loss_of(model):
    return F.cross_entropy(model(x).flatten(0, 1), y.flatten())


loss = loss_of(model)
loss.backward()
print(f"{loss.item():.2f} {log(65):.2f}")
#> 4.19 4.17
print(all(p.grad.abs().sum() > 0 for p in model.parameters()))
#> True

# %% check-overfit rtol="1e-2"
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
for step in range(101):
    optimizer.zero_grad()
    loss = loss_of(model)
    loss.backward()
    optimizer.step()
    if step in (0, 20):
        print(step, f"{loss.item():.1f}")
#> 0 4.2
#> 20 2.4
print(loss.item() < 0.1)
#> True

# %% flops
from torch.utils.flop_counter import FlopCounterMode


def flops(T, backward=False):
    with torch.device("meta"):
        model = GPT(cfg | {"context_length": T})
        ids = torch.zeros(1, T, dtype=torch.int64)
    with FlopCounterMode(display=False) as counter:
        logits = model(ids)
        if backward:
            F.cross_entropy(logits[0], ids[0]).backward()
    return counter.get_total_flops()


forward = flops(T)
print(f"{forward:,}")
#> 291,648,307,200

# %% flops-by-hand
weights = 12 * L * d * d + V * d
linear, attention = 2 * weights * T, 4 * L * T * T * d
print(f"{linear:,} {attention:,}")
#> 252,993,601,536 38,654,705,664
print(linear + attention == forward)
#> True

# %% flops-training
both = flops(T, backward=True)
print(f"{both / forward:.3f} {both / T / N:.2f}")
#> 3.000 6.87

# %% flops-context
def per_token(T):
    return 6 * weights + 12 * L * T * d


for n in (128, 1024, 8192):
    share = 12 * L * n * d / per_token(n)
    print(n, f"{per_token(n) / N:.2f} {share:.2f}")
#> 128 6.07 0.02
#> 1024 6.87 0.13
#> 8192 13.24 0.55

# %% flops-figure
lengths = [2**n for n in range(6, 17)]
shares = [12 * L * n * d / per_token(n) for n in lengths]
figure, axes = plt.subplots(figsize=(4.2, 2.8))
axes.plot(lengths, shares, color="C0", marker="o")
axes.axhline(0.5, color="C1", linestyle="--")
axes.set_xscale("log", base=2)
axes.set_ylim(0, 1)

# %% saved
def saved_bytes(model, ids):
    held = {p.untyped_storage()._cdata for p in model.parameters()}
    kept = {}

    def pack(t):  # (1)!
        storage = t.untyped_storage()
        if storage._cdata not in held:
            kept[storage._cdata] = storage.nbytes()
        return t

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        logits = model(ids)
    return sum(kept.values())

# %% saved-context
for n in (256, 512, 1024):
    with torch.device("meta"):
        ids = torch.zeros(1, n, dtype=torch.int64)
    size = saved_bytes(gpt2, ids)
    print(n, f"{size / 2**20:.0f} {size / n:,.0f}")
#> 256 200 817,368
#> 512 471 964,824
#> 1024 1230 1,259,736

# %% solution-untied
print(f"{124_439_808 + 50_257 * 768:,}")
#> 163,037,184

# %% bug-leaky
class Leaky(GPT):
    def forward(self, ids):
        places = torch.arange(ids.shape[1], device=ids.device)
        x = self.wte(ids) + self.wpe(places)
        x = self.ln_f(x + x.mean(dim=1, keepdim=True))  # (1)!
        for block in self.blocks:
            x = block(x)
        return self.head(self.ln_f(x))


torch.manual_seed(0)
leaky = Leaky(tiny)
initialise(leaky)
print(f"{loss_of(leaky).item():.2f} {log(65):.2f}")
#> 4.19 4.17

# %% solution-leaky
ids = torch.randint(65, (1, 8))
other = ids.clone()
other[0, 5] = (other[0, 5] + 1) % 65
change = (leaky(ids) - leaky(other)).abs().amax(dim=(0, 2))
print([c > 0 for c in change.tolist()])
#> [True, True, True, True, True, True, True, True]

# %% solution-shared
names = [name for name, _ in gpt2.named_parameters()]
print([name for name in gpt2.state_dict() if name not in names])
#> ['head.weight']

# %% solution-half
print(f"{6 * d + V * d / (2 * L * d):.0f} {per_token(6702) / N:.2f}")
#> 6702 11.91

# %% solution-hours
total = 6.87 * N * 1e10
print(f"{total:.2g} {total / 1e14 / 3600:.0f}")
#> 8.5e+18 24

# %% solution-memory
training = 16 * N / 2**30
text = (1230 + 2 * T * V * 4 / 2**20) / 1024  # (1)!
print(f"{training:.2f} {text:.2f} {(24 - training) / text:.2f}")
#> 1.85 1.58 13.98
