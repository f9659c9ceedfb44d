"""The book on one page: from a text to a model that writes, judged, then adapted."""

# %% config
from math import log
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load
from torch import nn

torch.set_num_threads(1)
cfg = {"vocab_size": 256, "context_length": 64, "emb_dim": 64}
cfg |= {"n_heads": 4, "n_layers": 2, "drop_rate": 0.0}

# %% text
data = Path(__file__).parent / "data"


def parts(language):
    text = (data / f"verne-long.{language}.txt").read_text("utf-8")
    text = text.partition("\n\n")[2]  # (1)!
    ids = torch.tensor(list(text.encode("utf-8")))  # (2)!
    n = int(0.9 * len(ids))
    return ids[:n], ids[n:]  # (3)!


english, new_english = parts("en")
french, new_french = parts("fr")
print(len(english), len(new_english), bytes(english[:25].tolist()))
#> 57629 6404 b'The year 1866 was signali'

# %% windows
def batch(ids, B, draws):
    starts = torch.randint(
        len(ids) - 64, (B, 1), generator=draws, device="cpu"
    )
    windows = ids[starts.to(ids.device) + torch.arange(65)]
    return windows[:, :-1], windows[:, 1:]  # (1)!


x, y = batch(english, 12, torch.Generator().manual_seed(0))
print(x.shape, torch.equal(x[:, 1:], y[:, :-1]))
#> torch.Size([12, 64]) True

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
def loss_of(model, x, y):
    return F.cross_entropy(model(x).flatten(0, 1), y.flatten())


torch.manual_seed(0)
model = GPT(cfg)
for p in model.parameters():
    if p.ndim == 2:
        nn.init.normal_(p, std=0.1)
print(sum(p.numel() for p in model.parameters()))
#> 120576
print(f"{loss_of(model, x, y).item():.1f} {log(256):.1f}")
#> 5.9 5.5

# %% counting
pairs = torch.bincount(256 * english[:-1] + english[1:], minlength=256**2)
pairs = pairs.view(256, 256) + 0.01
pairs = pairs / pairs.sum(dim=1, keepdim=True)
p = pairs[new_english[:-1], new_english[1:]]
print(f"{-p.log().mean().item():.2f}")
#> 2.43

# %% learn
def train(model, ids, steps, lr):
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=lr, weight_decay=0.1)
    draws = torch.Generator().manual_seed(1)
    for _ in range(steps):
        optimizer.zero_grad()
        loss_of(model, *batch(ids, 12, draws)).backward()
        nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()


@torch.no_grad()
def judge(model, ids):
    windows = ids.unfold(0, 65, 64)  # (1)!
    return loss_of(model, windows[:, :-1], windows[:, 1:]).item()


train(model, english, 40, 3e-3)
print(f"{judge(model, new_english):.1f}")
#> 2.7

# %% trained
state = load((data / "tiny.safetensors").read_bytes())
model.load_state_dict(state | {"head.weight": state["wte.weight"]})
model.eval()
loss = judge(model, new_english)
print(f"{loss:.4f} {loss / log(2):.4f}")  # (1)!
#> 1.7698 2.5532

# %% write
@torch.no_grad()
def write(model, prompt, n):
    ids = list(prompt.encode("utf-8"))
    for _ in range(n):
        ids.append(int(model(torch.tensor([ids[-64:]]))[0, -1].argmax()))
    return bytes(ids).decode("utf-8")


print(write(model, "Captain", 40))
#> Captain Farragut of the sailors of the same the

# %% foreign
print(f"{judge(model, new_french):.4f}")
#> 4.1432

# %% adapter
class LoRA(nn.Module):
    def __init__(self, layer, r, alpha):
        super().__init__()
        self.layer, self.scale = layer, alpha / r
        self.A = nn.Parameter(torch.randn(r, layer.in_features) / r)
        self.B = nn.Parameter(torch.zeros(layer.out_features, r))

    def forward(self, x):
        return self.layer(x) + self.scale * (x @ self.A.T @ self.B.T)


model.requires_grad_(False)
for block in model.blocks:
    block.attn.qkv = LoRA(block.attn.qkv, r=4, alpha=8)
    block.mlp.up = LoRA(block.mlp.up, r=4, alpha=8)
trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
print(trained, f"{judge(model, new_french):.4f}")
#> 4608 4.1432

# %% adapt
train(model, french, 40, 1e-2)
print(f"{judge(model, new_french):.1f} {judge(model, new_english):.1f}")
#> 2.6 2.6

# %% map
needs = {
    "pretraining": [],
    "tokens": ["pretraining"],
    "tensors": [],
    "autograd": ["tensors"],
    "backpropagation": ["pretraining", "autograd"],
    "learning": ["backpropagation"],
    "configuration": ["tokens", "learning"],
    "batches": ["learning"],
    "embeddings": ["configuration"],
    "bigrams": ["batches"],
    "attention": ["embeddings"],
    "heads": ["attention"],
    "block": ["heads"],
    "gpt": ["block"],
    "training": ["gpt", "batches"],
    "generation": ["training"],
    "weights": ["training"],
    "classification": ["training"],
    "lora": ["weights"],
    "instructions": ["generation"],
    "gpu": ["generation"],
}
number = {name: n for n, name in enumerate(needs, 1)}
depth = {}
for name, before in needs.items():
    depth[name] = 1 + max((depth[b] for b in before), default=0)
print(len(needs), max(depth.values()))
#> 21 13

# %% map-figure
import matplotlib.pyplot as plt

columns = {d: [n for n in needs if depth[n] == d] for d in range(1, 14)}
at = {}
for d, names in columns.items():
    for n, name in enumerate(names):
        at[name] = d, (len(names) - 1) / 2 - n
figure, axes = plt.subplots(figsize=(4.2, 2.2))
for name, before in needs.items():
    for other in before:
        bend = 0.1 * (depth[name] - depth[other] - 1)
        arrow = {"arrowstyle": "->", "shrinkA": 7, "shrinkB": 7}
        arrow["connectionstyle"] = f"arc3,rad={bend}"
        axes.annotate("", at[name], at[other], arrowprops=arrow)
part = {name: sum(number[name] > n for n in (6, 14, 17)) for name in needs}
for name, (x, y) in at.items():
    axes.plot(x, y, "o", ms=14, mfc="none", mew=1.5, color=f"C{part[name]}")
    axes.text(x, y, number[name], ha="center", va="center")
axes.set_ylim(-1.8, 1.8)
axes.axis("off")

# %% solution-zip
import bz2

old, new = (bytes(ids.tolist()) for ids in (english, new_english))
alone = len(bz2.compress(new))
after = len(bz2.compress(old + new)) - len(bz2.compress(old))
print(f"{8 * alone / len(new):.1f} {8 * after / len(new):.1f}")
#> 3.5 2.4

# %% solution-merge
adapted = judge(model, new_french)
with torch.no_grad():
    for block in model.blocks:
        for holder, name in ((block.attn, "qkv"), (block.mlp, "up")):
            lora = getattr(holder, name)
            lora.layer.weight.add_(lora.scale * lora.B @ lora.A)
            setattr(holder, name, lora.layer)
assert abs(judge(model, new_french) - adapted) < 1e-4
print(sum(p.numel() for p in model.parameters()))
#> 120576

# %% solution-path
def way_to(name):
    return {name}.union(*(way_to(other) for other in needs[name]))


print(sorted(number[name] for name in way_to("heads")))
#> [1, 2, 3, 4, 5, 6, 7, 9, 11, 12]
print(sorted(number[name] for name in set(needs) - way_to("lora")))
#> [10, 16, 18, 20, 21]
