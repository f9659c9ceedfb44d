"""LoRA: thin matrices beside frozen ones, trained, merged, and compared with full tuning."""

# %% config
import json
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load, save
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

# %% base
state = load((data / "tiny.safetensors").read_bytes())
state["head.weight"] = state["wte.weight"]


def base():
    model = GPT(cfg)
    model.load_state_dict(state)
    return model


model = base()
print(f"{sum(p.numel() for p in model.parameters()):,}")

# %% texts
def parts(language):
    text = (data / f"verne-long.{language}.txt").read_text("utf-8")
    ids = torch.tensor(list(text.partition("\n\n")[2].encode()))
    n = int(0.9 * len(ids))
    middle = (n + len(ids)) // 2
    return ids[:n], ids[n:middle], ids[middle:]  # (1)!


english, french = parts("en"), parts("fr")
print([len(part) for part in english], [len(part) for part in french])

# %% loss
def loss(model, windows):
    logits = model(windows[:, :-1]).flatten(0, 1)
    return F.cross_entropy(logits, windows[:, 1:].flatten())


@torch.no_grad()
def judge(model, ids):
    return loss(model, ids.unfold(0, 65, 64)).item()  # (1)!


print(f"{judge(model, english[2]):.2f} {judge(model, french[2]):.2f}")

# %% by-hand
W, x = torch.eye(2), torch.tensor([1.0, 1.0])
A, B = torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0], [0.0]])
print(B @ A, torch.linalg.matrix_rank(B @ A).item())
print(x @ (W + B @ A).T)
print(x @ W.T + (x @ A.T) @ B.T)

# %% counts
n_out, n_in = 768, 768
for r in (1, 8, 64, 384):
    numbers = r * (n_in + n_out)
    print(r, f"{numbers:,} {numbers / (n_in * n_out):.2%}")

# %% lora
class LoRA(nn.Module):
    def __init__(self, layer, r, alpha):
        super().__init__()
        self.layer, self.scale = layer.requires_grad_(False), alpha / r
        n_out, n_in = layer.weight.shape
        A = layer.weight.new_empty(r, n_in)  # (1)!
        self.A = nn.Parameter(A.normal_(std=n_in**-0.5))
        self.B = nn.Parameter(layer.weight.new_zeros(n_out, r))

    def forward(self, x):
        change = x @ self.A.T @ self.B.T  # (2)!
        return self.layer(x) + self.scale * change

# %% equal
torch.manual_seed(0)
layer, x = nn.Linear(768, 768), torch.randn(4, 768)
lora = LoRA(layer, r=8, alpha=16)
print(sum(p.numel() for p in lora.parameters() if p.requires_grad))
print(torch.equal(lora(x), layer(x)))

# %% first-gradients
lora(x).square().mean().backward()
print(lora.A.grad.any().item(), lora.B.grad.any().item())
print(layer.weight.grad)

# %% stuck
stuck = LoRA(nn.Linear(768, 768), r=8, alpha=16)
nn.init.zeros_(stuck.A)
optimizer = torch.optim.AdamW([stuck.A, stuck.B], lr=0.1)
for _ in range(5):
    stuck(x).square().mean().backward()
    optimizer.step()
print(stuck.A.abs().max().item(), stuck.B.abs().max().item())

# %% gradients
W = torch.eye(2).requires_grad_()
A, B = A.requires_grad_(), B.requires_grad_()
x = torch.tensor([1.0, 1.0])
(x @ (W + B @ A).T).sum().backward()
G = W.grad  # (1)!
print(G, A.grad, B.grad)
print(torch.equal(A.grad, B.T @ G), torch.equal(B.grad, G @ A.T))

# %% first-step
x = torch.randn(768)
for r in (8, 32, 128, 512):
    lora = LoRA(layer, r, alpha=16)
    optimizer = torch.optim.AdamW([lora.B], lr=1e-2)
    lora(x).square().mean().backward()
    optimizer.step()
    size = (lora(x) - layer(x)).abs().mean()
    print(r, f"{size / lora.scale:.3f} {size:.3f}")

# %% adapt
def adapt(model, r, alpha=16, names=("qkv", "out", "up", "down")):
    model.requires_grad_(False)  # (1)!
    for block in model.blocks:
        for part in (block.attn, block.mlp):
            for name, layer in [*part.named_children()]:
                if name in names:
                    setattr(part, name, LoRA(layer, r, alpha))
    return model

# %% adapted
torch.manual_seed(0)
model = adapt(base(), r=4)
movable = [p for p in model.parameters() if p.requires_grad]
print(len(movable), sum(p.numel() for p in movable))
window = french[0][:64].view(1, -1)
print(torch.equal(model(window), base()(window)))

# %% too-late
late = adapt(base(), r=4).requires_grad_(False)
print(sum(p.requires_grad for p in late.parameters()))
early = base()
optimizer = torch.optim.AdamW(early.parameters())
chosen = {p for p in optimizer.param_groups[0]["params"]}
print(sum(p in chosen for p in adapt(early, r=4).parameters()))
print(sum(p in chosen for p in early.parameters() if p.requires_grad))

# %% batch
def batch(ids, draw):
    n = len(ids) - 64
    starts = torch.randint(n, (8, 1), generator=draw, device="cpu")
    return ids[starts.to(ids.device) + torch.arange(65)]

# %% train
def train(model, ids, rate, steps, seed=0):
    movable = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(movable, weight_decay=0.0)
    draw = torch.Generator().manual_seed(seed)
    for t in range(steps):
        slope = min((t + 1) / 10, 1 - t / steps)  # (1)!
        optimizer.param_groups[0]["lr"] = rate * slope
        optimizer.zero_grad()
        loss(model, batch(ids, draw)).backward()
        optimizer.step()

# %% trained rtol="1e-2"
train(model, french[0], 1e-2, steps=40)
print(f"{judge(model, french[2]):.2f} {judge(model, english[2]):.2f}")

# %% merge
@torch.no_grad()
def merged(lora):
    lora.layer.weight += lora.scale * lora.B @ lora.A
    return lora.layer


lora, x = model.blocks[0].attn.qkv, torch.randn(5, 64)
before, after = lora.layer(x), lora(x)
layer = merged(lora)
torch.testing.assert_close(layer(x), after)
rank = torch.linalg.matrix_rank(lora.B @ lora.A)
print(type(layer).__name__, rank.item())
print(f"{(lora(x) - before).norm() / (after - before).norm():.2f}")

# %% record
from statistics import mean


def spread(values):
    return f"{mean(values):.2f} [{min(values):.2f} {max(values):.2f}]"


record = json.loads((data / "lora.json").read_text("utf-8"))
print(record["steps"], len(record["seeds"]), record["base"])
for run in record["runs"]:
    print(f"{run['name']:11}{run['numbers']:8,} {run['rate']:g}",
          spread(run["fr"]), spread(run["en"]))

# %% svd
M = torch.tensor([[3.0, 0.0], [4.0, 5.0]])
U, s, Vt = torch.linalg.svd(M)
print(s, s.square())
print((U[:, :1] * s[:1]) @ Vt[:1])
torch.testing.assert_close(U * s @ Vt, M)

# %% spectra
print(record["cuts"]["r"])
for name, row in record["spectra"].items():
    energies = [f"{row['change'][i]:.2f}" for i in (0, 2, 3, 4)]
    print(f"{name:11}", {*row["rank"]}, *energies, row["most"])

# %% spectra-figure
import matplotlib.pyplot as plt

ranks = record["cuts"]["r"]
figure, axes = plt.subplots(figsize=(4.2, 2.8))
for row in record["spectra"].values():
    axes.plot(ranks, row["change"], color="C0")
    axes.plot(ranks, row["weight"], "--", color="C1")
s = torch.linalg.svdvals(torch.randn(64, 64)).square()
chance = (s.cumsum(0) / s.sum()).tolist()
axes.plot(ranks, [chance[r - 1] for r in ranks], ":", color="C3")
axes.set_xscale("log", base=2)

# %% cuts
runs = {run["name"]: run["fr"] for run in record["runs"]}
cut = dict(zip(ranks, record["cuts"]["fr"]))
thin = {r: runs[f"r = {r}"] for r in (1, 2, 4, 8, 16)}
for r in thin:
    print(r, spread(thin[r]), spread(cut[r]))
print(64, spread(runs["W"]), spread(cut[64]))

# %% cuts-figure
figure, axes = plt.subplots(figsize=(4.2, 2.8))
for k, rows in enumerate((thin, cut)):
    means = [mean(losses) for losses in rows.values()]
    axes.plot([*rows], means, color=f"C{k}")
    for r, losses in rows.items():
        axes.plot([r] * len(losses), losses, "os"[k], color=f"C{k}")
axes.axhline(mean(runs["W"]), color="C2", linestyle="--")
axes.set_xscale("log", base=2)

# %% forgetting-figure
figure, axes = plt.subplots(figsize=(4.2, 2.8))
for run in record["runs"]:
    k = 1 if run["name"] in ("θ", "W") else 0
    axes.plot(run["fr"], run["en"], "os"[k], color=f"C{k}")
axes.plot(record["base"]["fr"], record["base"]["en"], "D", color="C3")

# %% gpt2
d, L, r = 768, 12, 8
ours = {"q, v": L * r * 2 * (d + d)}
ours["4 × L"] = L * r * (4 * d + 2 * d + 5 * d + 5 * d)
for name, n in (ours | {"all": 124_439_808}).items():
    print(f"{name:6} {n:,} {n / 124_439_808:.2%} {8 * n / 2**20:.2f}")

# %% operations
from torch.utils.flop_counter import FlopCounterMode


def operations(prepare):
    with torch.device("meta"):
        model = prepare(GPT(cfg))
        windows = torch.zeros(1, 65, dtype=torch.int64)
    with FlopCounterMode(display=False) as counter:
        loss(model, windows).backward()
    return counter.get_total_flops()


whole = operations(lambda model: model)
print(f"{operations(lambda model: adapt(model, r=4)) / whole:.2f}")

# %% kept
def kept(model):
    sizes, held = {}, {storage_of(p) for p in model.parameters()}

    def pack(t):  # (1)!
        if storage_of(t) not in held:
            sizes[storage_of(t)] = t.untyped_storage().nbytes()
        return t

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        loss(model, french[0][:65].cpu().view(1, -1))
    return sum(sizes.values())


def storage_of(t):
    return t.untyped_storage()._cdata


with torch.device("cpu"):
    print(f"{kept(adapt(base(), r=4)) / kept(base()):.2f}")

# %% solution-swapped
swapped = LoRA(nn.Linear(768, 768), r=8, alpha=16)
nn.init.zeros_(swapped.A)
nn.init.normal_(swapped.B)
x = torch.randn(4, 768)
print(torch.equal(swapped(x), swapped.layer(x)))
swapped(x).square().mean().backward()
print(swapped.A.grad.any().item(), swapped.B.grad.any().item())

# %% solution-sum
def thin_matrix(r):
    left = torch.randn(64, r, dtype=torch.float64)
    return left @ torch.randn(r, 64, dtype=torch.float64)


first, second = thin_matrix(3), thin_matrix(5)
for both in (first + second, first + first, first - first):
    print(torch.linalg.matrix_rank(both).item())

# %% solution-file
from hashlib import sha256

adapter = {name: p.detach().bfloat16().cpu()
           for name, p in model.named_parameters() if p.requires_grad}
digest = sha256((data / "tiny.safetensors").read_bytes()).hexdigest()
raw = save(adapter, {"base": digest, "alpha": "16", "r": "4"})
numbers = sum(t.numel() for t in adapter.values())
print(len(adapter), 2 * numbers, len(raw))

# %% solution-few-bits rtol="1e-2"
@torch.no_grad()
def rounded(layer, bits):
    w = layer.weight
    s = w.abs().amax(-1, keepdim=True) / (2 ** (bits - 1) - 1)
    w.copy_(s * (w / s).round())


for bits in (4, 2):
    torch.manual_seed(0)
    model = adapt(base(), r=4)
    wrapped = [m for m in model.modules() if isinstance(m, LoRA)]
    for lora in wrapped:
        rounded(lora.layer, bits)
    train(model, french[0], 1e-2, steps=40)
    apart = judge(model, french[2])
    for lora in wrapped:
        rounded(merged(lora), bits)
        nn.init.zeros_(lora.B)
    print(bits, f"{apart:.2f} {judge(model, french[2]):.2f}")
