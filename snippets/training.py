"""Training a GPT as it is done: start, steps, rate, checks, and stopping without losing a bit."""

# %% config
import io
import json
from math import cos, log, pi
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

torch.set_num_threads(1)  # (1)!
T = 32
cfg = {"vocab_size": 256, "context_length": T, "emb_dim": 64}
cfg |= {"n_heads": 4, "n_layers": 1, "drop_rate": 0.0}

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

# %% fresh
def fresh(std=0.1):
    torch.manual_seed(0)
    model = GPT(cfg)
    for p in model.parameters():
        if p.ndim == 2:
            nn.init.normal_(p, std=std)
    return model


print(f"{sum(p.numel() for p in fresh().parameters()):,}")
#> 68,544

# %% text
def tokens(text):
    return torch.tensor(list(text.encode("utf-8")))


data = Path(__file__).parent / "data"
text = (data / "verne-long.en.txt").read_text("utf-8")
text = text.partition("\n\n")[2]  # (1)!
ids = tokens(text)
n = int(0.9 * len(ids))
novel = ids[:n], ids[n:]  # (2)!
print(ids[:8].tolist(), [len(part) for part in novel])
#> [84, 104, 101, 32, 121, 101, 97, 114] [57629, 6404]

# %% windows
def batch(ids, B, draw):
    starts = torch.randint(  # (1)!
        len(ids) - T, (B, 1), generator=draw, device="cpu"
    )
    windows = ids[starts.to(ids.device) + torch.arange(T + 1)]
    return windows[:, :-1], windows[:, 1:]


x, y = batch(novel[0], 16, torch.Generator().manual_seed(1))
print(x.shape, y.shape, torch.equal(x[:, 1:], y[:, :-1]))
#> torch.Size([16, 32]) torch.Size([16, 32]) True

# %% first-loss
def loss_of(model, x, y):
    return F.cross_entropy(model(x).flatten(0, 1), y.flatten())


print(f"{log(256):.2f}")
#> 5.55
with torch.no_grad():
    for std in (0.02, 0.1, 1.0):
        model = fresh(std)
        loss, spread = loss_of(model, x, y), model(x).std()
        print(std, f"{loss.item():.1f} {spread.item():.2f}")
#> 0.02 5.5 0.16
#> 0.1 5.8 0.81
#> 1.0 22.8 7.95

# %% initial rtol="1e-2"
def descent(model):
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    draw, losses = torch.Generator().manual_seed(1), []
    for t in range(50):
        loss = loss_of(model, *batch(novel[0], 16, draw))
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


descents = [descent(fresh(std)) for std in (0.02, 0.1)]
print(*(f"{sum(losses[-10:]) / 10:.1f}" for losses in descents))
#> 3.1 2.7

# %% initial-figure
import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(4.2, 2.8))
for k, losses in enumerate(descents):
    axes.plot(losses, ("--", "-")[k], color=f"C{k}")
axes.axhline(log(256), color="C5", linewidth=0.8)
axes.set(xlabel="$t$", ylim=(2, 6))
axes.set_ylabel("$L$", rotation=0, labelpad=12)

# %% first-moves
g = torch.tensor([1000.0, 0.5, -0.001, 1e-9])
for make in (torch.optim.SGD, torch.optim.AdamW):
    w = torch.zeros(4, requires_grad=True)
    w.grad = g.clone()
    make([w], lr=0.1).step()
    print(make.__name__, [f"{move:.3g}" for move in w.tolist()])
#> SGD ['-100', '-0.05', '0.0001', '-1e-10']
#> AdamW ['-0.1', '-0.1', '0.1', '-0.00909']

# %% decay
for make in (torch.optim.Adam, torch.optim.AdamW):
    w = torch.tensor([1.0, 20.0], requires_grad=True)
    unused = torch.tensor([1.0, 20.0], requires_grad=True)
    w.grad = torch.zeros(2)  # (1)!
    make([w, unused], lr=0.1, weight_decay=0.1).step()
    print(make.__name__, w.detach(), unused.detach())
#> Adam tensor([ 0.9000, 19.9000]) tensor([ 1., 20.])
#> AdamW tensor([ 0.9900, 19.8000]) tensor([ 1., 20.])

# %% groups
def new_optimizer(model):
    matrices = [p for p in model.parameters() if p.ndim == 2]
    vectors = [p for p in model.parameters() if p.ndim == 1]
    groups = [{"params": matrices, "weight_decay": 0.1}]
    groups += [{"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, betas=(0.9, 0.95))  # (1)!


for group in new_optimizer(fresh()).param_groups:
    sizes = [p.numel() for p in group["params"]]
    print(group["weight_decay"], len(sizes), f"{sum(sizes):,}")
#> 0.1 6 67,584
#> 0.0 10 960

# %% schedule
def rate(t, peak=1e-2, W=15, N=150, floor=0.1):
    if t < W:
        return peak * (t + 1) / W
    down = (1 + cos(pi * (t - W) / (N - W))) / 2
    return peak * (floor + (1 - floor) * down)


for t in (0, 4, 14, 15, 105, 150):
    print(t, f"{rate(t):.6f}")
#> 0 0.000667
#> 4 0.003333
#> 14 0.010000
#> 15 0.010000
#> 105 0.003250
#> 150 0.001000

# %% schedule-figure
figure, axes = plt.subplots(figsize=(4.2, 2.4))
axes.plot([rate(t) for t in range(151)], color="C0")
axes.axvline(15, color="C1", linestyle=":")
axes.axhline(rate(150), color="C1", linestyle="--")
axes.set(xlabel="$t$", ylim=(0, None))
axes.set_ylabel(r"$\eta$", rotation=0, labelpad=12)

# %% clip
a = torch.zeros(2, requires_grad=True)
b = torch.zeros(1, requires_grad=True)
a.grad, b.grad = torch.tensor([3.0, 0.0]), torch.tensor([4.0])
print(nn.utils.clip_grad_norm_([a, b], 1.0))
#> tensor(5.)
print(a.grad, b.grad)
#> tensor([0.6000, 0.0000]) tensor([0.8000])

# %% accumulate
def gradient(parts, scale):
    model.zero_grad()
    for x, y in parts:
        (scale * loss_of(model, x, y)).backward()
    return torch.cat([p.grad.flatten() for p in model.parameters()])


model = fresh()
halves = [(x[:8], y[:8]), (x[8:], y[8:])]
at_once, added = gradient([(x, y)], 1.0), gradient(halves, 0.5)
torch.testing.assert_close(added, at_once)
print(torch.equal(added, at_once))
#> False
ratio = gradient(halves, 1.0).norm() / at_once.norm()
print(f"{ratio.item():.2f}")
#> 2.00

# %% unequal
logits = torch.zeros(2, 3, 5)
logits[..., 0] = 2.0
targets = torch.tensor([[0, 0, 1], [0, -100, -100]])
parts = [*zip(logits, targets)]
means = torch.stack([F.cross_entropy(*part) for part in parts])
print(means, means.mean())
#> tensor([1.0993, 0.4327]) tensor(0.7660)
print(F.cross_entropy(logits.flatten(0, 1), targets.flatten()))
#> tensor(0.9327)
sums = [F.cross_entropy(*part, reduction="sum") for part in parts]
print(sum(sums) / (targets != -100).sum())
#> tensor(0.9327)

# %% loop
def train(model, optimizer, draw, ids, steps):
    for t in steps:
        for group in optimizer.param_groups:
            group["lr"] = rate(t)  # (1)!
        x, y = batch(ids, 16, draw)
        optimizer.zero_grad()
        loss_of(model, x, y).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)  # (2)!
        optimizer.step()

# %% judge
@torch.no_grad()
def judge(model, ids):
    windows = ids[:6401].unfold(0, T + 1, T)  # (1)!
    was_training = model.training
    model.eval()
    loss = loss_of(model, windows[:, :-1], windows[:, 1:])
    model.train(was_training)
    return loss.item()

# %% runs rtol="1e-2"
def start():
    model, draw = fresh(), torch.Generator().manual_seed(1)
    return model, new_optimizer(model), draw


first, second, third = text.split("\n\n")[:3]
paragraph = tokens(first), tokens(second + third)
curves = []
for known, new in (paragraph, novel):
    run, curve = start(), []
    for t in range(0, 151, 15):
        curve.append((judge(run[0], known), judge(run[0], new)))
        train(*run, known, range(t, min(t + 15, 150)))
    curves.append(curve)

# %% losses rtol="1e-2"
print([len(part) for part in paragraph])
#> [520, 1262]
for t in (0, 30, 45, 75, 120, 150):
    row = [loss for curve in curves for loss in curve[t // 15]]
    print(t, *(f"{loss:.1f}" for loss in row))
#> 0 5.7 5.7 5.7 5.8
#> 30 2.3 2.9 2.8 2.9
#> 45 2.1 3.1 2.7 2.8
#> 75 1.4 3.4 2.6 2.6
#> 120 0.7 4.2 2.5 2.5
#> 150 0.5 4.4 2.5 2.5

# %% curves-figure
figure, axes = plt.subplots(figsize=(4.2, 3))
for k, curve in enumerate(curves):
    for losses, line in zip(zip(*curve), ("-", "--")):
        axes.plot(range(0, 151, 15), losses, line, color=f"C{k}")
axes.axhline(log(256), color="C5", linewidth=0.8)
axes.set(xlabel="$t$", ylim=(0, None))
axes.set_ylabel("$L$", rotation=0, labelpad=12)

# %% counts
known, new = novel
single = torch.bincount(known, minlength=256) + 0.01
single = single / single.sum()
pairs = torch.bincount(256 * known[:-1] + known[1:], minlength=256**2)
pairs = pairs.view(256, 256) + 0.01  # (1)!
pairs = pairs / pairs.sum(dim=1, keepdim=True)
print(f"{-single[new].log().mean().item():.2f}")
#> 3.11
print(f"{-pairs[new[:-1], new[1:]].log().mean().item():.2f}")
#> 2.43

# %% save
run = start()
train(*run, novel[0], range(4))
model, optimizer, draw = run
state = {"model": model.state_dict(), "t": 4}
state["optimizer"] = optimizer.state_dict()
state["draw"] = draw.get_state()
file = io.BytesIO()  # (1)!
torch.save(state, file)
print(f"{len(file.getvalue()) / (4 * 68_544):.1f}")
#> 3.1

# %% resume
def resumed(left_out=None):
    file.seek(0)
    state = torch.load(file)
    model, optimizer, draw = start()
    model.load_state_dict(state["model"])
    if left_out != "optimizer":
        optimizer.load_state_dict(state["optimizer"])
    if left_out != "draw":
        draw.set_state(state["draw"])
    t = 0 if left_out == "t" else state["t"]
    train(model, optimizer, draw, novel[0], range(t, t + 4))
    return model

# %% bit-for-bit
train(*run, novel[0], range(4, 8))
for left_out in (None, "optimizer", "draw", "t"):
    other = resumed(left_out).parameters()
    print(left_out, all(map(torch.equal, other, model.parameters())))
#> None True
#> optimizer False
#> draw False
#> t False

# %% shared
file.seek(0)
state = torch.load(file)
model, optimizer, draw = start()
optimizer.load_state_dict(state["optimizer"])
print(state["optimizer"]["state"][0]["step"])
#> tensor(4.)
train(model, optimizer, draw, novel[0], range(4, 6))
print(state["optimizer"]["state"][0]["step"])
#> tensor(6.)

# %% mismatch
for change in ({"n_layers": 2}, {"emb_dim": 32}):
    try:
        GPT(cfg | change).load_state_dict(state["model"])
    except RuntimeError as error:
        print(str(error).splitlines()[1].strip()[:78])
#> Missing key(s) in state_dict: "blocks.1.ln_1.weight", "blocks.1.ln_1.bias", "b
#> size mismatch for wte.weight: copying a param with shape torch.Size([256, 64])

# %% stranger
from pickle import UnpicklingError


class Stranger:
    def __reduce__(self):  # (1)!
        return print, ("code ran",)


file = io.BytesIO()
torch.save({"wte.weight": Stranger()}, file)
file.seek(0)
torch.load(file, weights_only=False)
#> code ran
file.seek(0)
try:
    torch.load(file)
except UnpicklingError as error:
    print(str(error)[:25])
#> Weights only load failed.

# %% safetensors
raw = (data / "tiny.safetensors").read_bytes()
length = int.from_bytes(raw[:8], "little")
header = json.loads(raw[8 : 8 + length])
print(len(header), header["ln_f.weight"])
#> 28 {'dtype': 'F32', 'shape': [64], 'data_offsets': [400128, 400384]}

# %% autocast
model = fresh().to("cpu")
inputs, targets = x.to("cpu"), y.to("cpu")
with torch.autocast("cpu", dtype=torch.bfloat16):
    logits = model(inputs)
    loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten())
loss.backward()
print(logits.dtype, loss.dtype, model.wte.weight.grad.dtype)
#> torch.bfloat16 torch.float32 torch.float32
print(f"{loss.item():.2f} {loss_of(model, inputs, targets).item():.2f}")
#> 5.77 5.77

# %% solution-spread
for tables, layers in ((0.02, 0.1), (0.1, 0.02)):
    model = fresh(layers)
    for table in (model.wte, model.wpe):
        nn.init.normal_(table.weight, std=tables)
    print(tables, layers, f"{model(x).std().item():.2f}")
#> 0.02 0.1 0.16
#> 0.1 0.02 0.81
print(f"{0.02 * (768 / 64) ** 0.5:.3f}")
#> 0.069

# %% solution-undivided
for make in (torch.optim.SGD, torch.optim.AdamW):
    for factor in (1, 4):
        w = torch.zeros(2, requires_grad=True)
        optimizer = make([w], lr=0.1)
        for g in ([1.0, -3.0], [2.0, 1.0]):
            w.grad = factor * torch.tensor(g)
            optimizer.step()
        print(make.__name__, factor, w.detach())
#> SGD 1 tensor([-0.3000,  0.2000])
#> SGD 4 tensor([-1.2000,  0.8000])
#> AdamW 1 tensor([-0.1964,  0.1399])
#> AdamW 4 tensor([-0.1964,  0.1399])
