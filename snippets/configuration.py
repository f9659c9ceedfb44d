"""GPT-2 small: its configuration, and where its parameters are."""

# %% config
import matplotlib.pyplot as plt
import torch
from torch import nn

GPT_CONFIG_124M = {
    "vocab_size": 50257,
    "context_length": 1024,
    "emb_dim": 768,
    "n_heads": 12,
    "n_layers": 12,
    "drop_rate": 0.1,
    "qkv_bias": False,
}

# %% token-embedding
torch.manual_seed(0)
embedding = nn.Embedding(6, 3)
tokens = torch.tensor([5, 0, 5])
print(embedding(tokens).shape)
#> torch.Size([3, 3])
print(torch.equal(embedding(tokens)[0], embedding(tokens)[2]))
#> True

# %% out-of-range
late = torch.tensor([5], device="cpu")
try:
    nn.Embedding(5, 2, device="cpu")(late)
except IndexError as error:
    print(error)
#> index out of range in self
print(nn.Embedding(6, 2, device="cpu")(late).shape)
#> torch.Size([1, 2])

# %% positions
cfg = GPT_CONFIG_124M
table = nn.Embedding(cfg["context_length"], 2, device="cpu")
positions = torch.arange(1025, device="cpu")
try:
    table(positions)
except IndexError as error:
    print(error)
#> index out of range in self
print(table(positions[: cfg["context_length"]]).shape)
#> torch.Size([1024, 2])

# %% heads
head_dim = cfg["emb_dim"] // cfg["n_heads"]
hidden_dim = 4 * cfg["emb_dim"]
print(head_dim, hidden_dim)
#> 64 3072

# %% dropout
torch.manual_seed(0)
dropout = nn.Dropout(0.5)
x = torch.ones(8)
print(dropout(x))
#> tensor([0., 0., 2., 0., 0., 0., 2., 2.])
dropout.eval()
print(dropout(x))
#> tensor([1., 1., 1., 1., 1., 1., 1., 1.])

# %% dropout-mean
torch.manual_seed(0)
dropout = nn.Dropout(0.1)
y = dropout(torch.ones(100_000))
print(y.max().item())
#> 1.1111111640930176
print(f"{(y == 0).float().mean().item():.2f} {y.mean().item():.2f}")
#> 0.10 1.00

# %% linear-count
def linear(n_in, n_out, bias=True):
    return n_in * n_out + (n_out if bias else 0)


layer = nn.Linear(768, 3072, device="meta")
print(linear(768, 3072), sum(p.numel() for p in layer.parameters()))
#> 2362368 2362368

# %% embeddings-count
wte = cfg["vocab_size"] * cfg["emb_dim"]
wpe = cfg["context_length"] * cfg["emb_dim"]
print(f"{wte:,} {wpe:,}")
#> 38,597,376 786,432

# %% block-count
def block_parts(cfg):
    d = cfg["emb_dim"]
    qkv = 3 * linear(d, d, cfg["qkv_bias"])
    return {
        "attn": qkv + linear(d, d),
        "mlp": linear(d, 4 * d) + linear(4 * d, d),
        "ln": 2 * 2 * d,
    }


parts = block_parts(cfg)
print(parts, f"{sum(parts.values()):,}")
#> {'attn': 2360064, 'mlp': 4722432, 'ln': 3072} 7,085,568

# %% block-figure
half = parts["ln"] // 2
print(f"{half:,}")
#> 1,536
steps = [("ln", half), ("attn", parts["attn"]), ("+", 0)]
steps += [("ln", half), ("mlp", parts["mlp"]), ("+", 0)]
figure, axis = plt.subplots(figsize=(3.4, 5.4))
for up, (name, size) in enumerate(steps):
    shape, colour = ("round", "C0") if size else ("circle", "C1")
    style = {"boxstyle": shape, "fc": "none", "ec": colour}
    label = f"{name}\n{size:,}" if size else name
    axis.text(0, up, label, ha="center", va="center", bbox=style)
    arrow = {"arrowstyle": "->", "ec": "C5"}
    axis.annotate("", (0, up - 0.3), (0, up - 0.7), arrowprops=arrow)
axis.annotate("", (0, 5.9), (0, 5.3), arrowprops=arrow)
for start in (-0.55, 2.5):
    end = round(start + 2.5)
    across, along = (0, 1, 1), (start, start, end)
    axis.plot(across, along, color="C1", linewidth=1)
    arrow = {"arrowstyle": "->", "ec": "C1"}
    axis.annotate("", (0.16, end), (1.02, end), arrowprops=arrow)
axis.set(xlim=(-0.9, 1.3), ylim=(-0.9, 6))
axis.axis("off")

# %% total-count
def count(cfg, tied=True):
    d = cfg["emb_dim"]
    total = (cfg["vocab_size"] + cfg["context_length"]) * d
    total += cfg["n_layers"] * sum(block_parts(cfg).values())
    total += 2 * d  # (1)!
    return total if tied else total + cfg["vocab_size"] * d


print(f"{count(cfg):,}")
#> 124,412,160
print(f"{count(cfg, tied=False):,}")
#> 163,009,536
print(f"{count({**cfg, 'qkv_bias': True}):,}")
#> 124,439,808

# %% skeleton
class Block(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        d = cfg["emb_dim"]
        self.ln_1, self.ln_2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.query = nn.Linear(d, d, bias=cfg["qkv_bias"])
        self.key = nn.Linear(d, d, bias=cfg["qkv_bias"])
        self.value = nn.Linear(d, d, bias=cfg["qkv_bias"])
        self.out = nn.Linear(d, d)
        wide, narrow = nn.Linear(d, 4 * d), nn.Linear(4 * d, d)
        self.mlp = nn.Sequential(wide, nn.GELU(), narrow)


class Skeleton(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        d = cfg["emb_dim"]
        self.wte = nn.Embedding(cfg["vocab_size"], d)
        self.wpe = nn.Embedding(cfg["context_length"], d)
        self.blocks = nn.Sequential(
            *[Block(cfg) for _ in range(cfg["n_layers"])]
        )
        self.ln_f = nn.LayerNorm(d)
        self.head = nn.Linear(d, cfg["vocab_size"], bias=False)

# %% confirmed
with torch.device("meta"):  # (1)!
    model = Skeleton(cfg)
print(f"{sum(p.numel() for p in model.parameters()):,}")
#> 163,009,536
model.head.weight = model.wte.weight  # (2)!
print(f"{sum(p.numel() for p in model.parameters()):,}")
#> 124,412,160

# %% tied
tiny = Skeleton({**cfg, "vocab_size": 10, "emb_dim": 12, "n_layers": 1})
tiny.head.weight = tiny.wte.weight
copied = tiny.wte.weight.detach().clone()
print(tiny.head.weight.data_ptr() == tiny.wte.weight.data_ptr())
#> True
print(copied.data_ptr() == tiny.wte.weight.data_ptr())
#> False
with torch.no_grad():
    tiny.wte.weight[0, 0] = 9.0
print(tiny.head.weight[0, 0].item(), copied[0, 0].item() == 9.0)
#> 9.0 False

# %% where-figure
names = ["wte", "wpe", "12 × attn", "12 × mlp", "ln"]
sizes = [wte, wpe, 12 * parts["attn"], 12 * parts["mlp"]]
sizes.append(12 * parts["ln"] + 2 * cfg["emb_dim"])
assert sum(sizes) == count(cfg)
print(*(f"{size:,}" for size in sizes))
#> 38,597,376 786,432 28,320,768 56,669,184 38,400
figure, axes = plt.subplots()
bars = axes.barh(names, [n / 1e6 for n in sizes], color="C0")
axes.bar_label(bars, [f"{n:,}" for n in sizes], padding=4)
axes.set_xlim(0, 95)
axes.set_xlabel("$10^6$")
axes.invert_yaxis()

# %% gpt3
gpt3 = {**cfg, "context_length": 2048, "emb_dim": 12288}
gpt3 |= {"n_heads": 96, "n_layers": 96, "qkv_bias": True}
print(gpt3["emb_dim"] // gpt3["n_heads"])
#> 128
print(f"{count(gpt3):,}")
#> 174,604,259,328

# %% compute
from torch.utils.flop_counter import FlopCounterMode

with torch.device("meta"):
    mlp = Block(cfg).mlp
    x = torch.empty(10, cfg["emb_dim"], requires_grad=True)
with FlopCounterMode(display=False) as forward:
    y = mlp(x).sum()
with FlopCounterMode(display=False) as backward:
    y.backward()
weights = sum(p.numel() for p in mlp.parameters() if p.ndim == 2)
for passed in (forward, backward):
    print(passed.get_total_flops() / 10 / weights)
#> 2.0
#> 4.0

# %% compute-gpt3
print(f"{6 * count(gpt3) * 300e9:.2e}")
#> 3.14e+23

# %% memory
n = count(cfg)
for dtype in (torch.float32, torch.bfloat16):
    print(dtype, f"{n * dtype.itemsize / 2**20:.0f} MiB")
#> torch.float32 475 MiB
#> torch.bfloat16 237 MiB
print(f"{count(cfg, tied=False) * 4 / 2**20:.0f} MiB")
#> 622 MiB

# %% kv-cache
def cache(cfg, dtype):
    numbers = 2 * cfg["n_layers"] * cfg["context_length"] * cfg["emb_dim"]
    return numbers * dtype.itemsize


for dtype in (torch.float32, torch.bfloat16):
    print(dtype, f"{cache(cfg, dtype) / 2**20:.0f} MiB")
#> torch.float32 72 MiB
#> torch.bfloat16 36 MiB
print(f"{cache(gpt3, torch.bfloat16) / 2**30:.0f} GiB")
#> 9 GiB

# %% training-memory
states = {"weight": 4, "grad": 4, "m": 4, "v": 4}
per_parameter = sum(states.values())
print(per_parameter, f"{n * per_parameter / 2**30:.2f} GiB")
#> 16 1.85 GiB

# %% adam-state
w = nn.Parameter(torch.zeros(3))
optimizer = torch.optim.Adam([w])
w.grad = torch.ones(3)
optimizer.step()
print(sorted(optimizer.state[w]))
#> ['exp_avg', 'exp_avg_sq', 'step']
print([optimizer.state[w][k].dtype for k in ("exp_avg", "exp_avg_sq")])
#> [torch.float32, torch.float32]

# %% activations
kept = []


def pack(tensor):
    kept.append(tuple(tensor.shape))
    return tensor


with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
    mlp(x)
tokens = [shape for shape in kept if shape[0] == 10]
print(tokens)
#> [(10, 768), (10, 3072), (10, 3072)]
a_token = sum(width for _, width in tokens)
print(a_token, a_token // cfg["emb_dim"])
#> 6912 9
text = a_token * cfg["n_layers"] * cfg["context_length"] * 4
print(f"{text / 2**20:.0f} MiB")
#> 324 MiB

# %% mixed
mixed = {"weight": 2, "grad": 2, "copy": 4, "m": 4, "v": 4}
print(sum(mixed.values()))
#> 16

# %% solution-head
for d, heads in [(768, 12), (1024, 16), (1280, 20), (1600, 25)]:
    print(d // heads, d % heads)
#> 64 0
#> 64 0
#> 64 0
#> 64 0

# %% solution-sizes
sizes = {"medium": (1024, 24), "large": (1280, 36), "xl": (1600, 48)}
for name, (d, layers) in sizes.items():
    c = {**cfg, "emb_dim": d, "n_layers": layers, "qkv_bias": True}
    print(name, f"{count(c):,}")
#> medium 354,823,168
#> large 774,030,080
#> xl 1,557,611,200

# %% solution-memory
xl = {**cfg, "emb_dim": 1600, "n_layers": 48, "qkv_bias": True}
print(f"{16 * count(xl) / 2**30:.1f} GiB")
#> 23.2 GiB

# %% bug-list
class Stack(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.blocks = [Block(cfg) for _ in range(cfg["n_layers"])]


with torch.device("meta"):
    stack = Stack(cfg)
print(sum(p.numel() for p in stack.parameters()))
#> 0

# %% solution-bug
stack.blocks = nn.ModuleList(stack.blocks)
print(f"{sum(p.numel() for p in stack.parameters()):,}")
#> 85,026,816
print(f"{12 * sum(parts.values()):,}")
#> 85,026,816

# %% solution-cache
head = 4096 // 32
for kept_heads in (32, 8):
    numbers = 2 * 32 * 8192 * kept_heads * head
    print(kept_heads, f"{2 * numbers / 2**30:.0f} GiB")
#> 32 4 GiB
#> 8 1 GiB

# %% solution-share
share = wte / count(cfg)
print(f"{share:.1%}")
#> 31.0%
xl_wte = xl["vocab_size"] * xl["emb_dim"]
print(f"{xl_wte / count(xl):.1%}")
#> 5.2%
