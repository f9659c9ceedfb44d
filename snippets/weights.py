"""Weights of others: read by hand, renamed, loaded, checked, and written with fewer bits."""

# %% config
import json
from math import pi, prod
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

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

# %% file
raw = (data / "tiny.safetensors").read_bytes()
n = int.from_bytes(raw[:8], "little")
header = json.loads(raw[8 : 8 + n])
print(len(raw), n, len(header))
#> 484648 2336 28
for name in ("wte.weight", "blocks.0.attn.qkv.weight", "ln_f.bias"):
    print(name, *header[name].values())
#> wte.weight F32 [256, 64] [416768, 482304]
#> blocks.0.attn.qkv.weight F32 [192, 64] [17408, 66560]
#> ln_f.bias F32 [64] [399872, 400128]

# %% map-figure
import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(4.2, 1.6))
for name, entry in header.items():
    begin, end = entry["data_offsets"]
    color = "C2" if name[0] == "w" else f"C{'blocks.1' in name:d}"
    axes.barh(0, end - begin, left=8 + n + begin, color=color,
              edgecolor="white", linewidth=0.5)
axes.barh(0, 8 + n, color="C3")
axes.set_yticks([])

# %% write
kinds = {"F32": torch.float32, "F16": torch.float16}
kinds |= {"BF16": torch.bfloat16, "I64": torch.int64}
names = {dtype: name for name, dtype in kinds.items()}


def write(tensors):
    header, numbers = {}, b""
    for name, t in tensors.items():
        flat = t.detach().cpu().contiguous().view(torch.uint8)
        place = [len(numbers), len(numbers) + flat.numel()]
        numbers += flat.numpy().tobytes()
        header[name] = {"dtype": names[t.dtype], "shape": [*t.shape]}
        header[name]["data_offsets"] = place
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # (1)!
    return len(text).to_bytes(8, "little") + text + numbers

# %% two-tensors
w, k = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([7])
small = write({"w": w, "n": k})
print(len(small), small[:8])
#> 160 b'\x80\x00\x00\x00\x00\x00\x00\x00'
print(small[8:72])
#> b'{"w": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}'
print(small[72:136])
#> b', "n": {"dtype": "I64", "shape": [1], "data_offsets": [16, 24]}}'
print(small[136:144], small[-8:])
#> b'\x00\x00\x80?\x00\x00\x00@' b'\x07\x00\x00\x00\x00\x00\x00\x00'

# %% read
def read(raw):
    n = int.from_bytes(raw[:8], "little")
    header, tensors = json.loads(raw[8 : 8 + n]), {}
    header.pop("__metadata__", None)  # (1)!
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        part = bytearray(raw[8 + n + begin : 8 + n + end])  # (2)!
        t = torch.frombuffer(part, dtype=kinds[entry["dtype"]])
        tensors[name] = t.reshape(entry["shape"])
    return tensors

# %% read-check
import safetensors.torch as library
from safetensors import SafetensorError

print(read(small))
#> {'w': tensor([[1., 2.],
#>         [3., 4.]]), 'n': tensor([7])}
tensors, other = read(raw), library.load(raw)
print(tensors.keys() == other.keys())
#> True
print(all(torch.equal(tensors[name], other[name]) for name in other))
#> True

# %% trust
try:
    read(raw[:-1])
except ValueError as error:
    print(error)
#> buffer length (65535 bytes) after offset (0 bytes) must be a multiple of element size (4)
liar = (2**40).to_bytes(8, "little") + b"{}"
print(read(liar))
#> {}
try:
    library.load(liar)
except SafetensorError as error:
    print(error)
#> Error while deserializing: header too large

# %% tied
model = GPT(cfg)
try:
    model.load_state_dict(tensors)
except RuntimeError as error:
    print(str(error).splitlines()[1].strip())
#> Missing key(s) in state_dict: "head.weight".
tensors["head.weight"] = tensors["wte.weight"]
print(model.load_state_dict(tensors))
#> <All keys matched successfully>
print(model.head.weight is model.wte.weight)
#> True

# %% held-out
text = (data / "verne-long.en.txt").read_text(encoding="utf-8")
ids = torch.tensor(list(text.partition("\n\n")[2].encode()))
windows = ids[int(0.9 * len(ids)) :].unfold(0, 65, 64)  # (1)!


@torch.no_grad()
def loss_of(model):
    logits = model(windows[:, :-1]).flatten(0, 1)
    return F.cross_entropy(logits, windows[:, 1:].flatten()).item()


print(windows.shape, f"{loss_of(model):.4f}")
#> torch.Size([100, 65]) 1.7698

# %% layout
def layout(V=256, T=64, d=48, L=2):
    block = {"ln_1": [d], "attn.c_attn": [d, 3 * d]}  # (1)!
    block |= {"attn.c_proj": [d, d], "ln_2": [d]}
    block |= {"mlp.c_fc": [d, 4 * d], "mlp.c_proj": [4 * d, d]}
    shapes = {"wte.weight": [V, d], "wpe.weight": [T, d]}
    for i in range(L):
        for part, shape in block.items():
            shapes[f"h.{i}.{part}.weight"] = shape
            shapes[f"h.{i}.{part}.bias"] = shape[-1:]
    return shapes | {"ln_f.weight": [d], "ln_f.bias": [d]}


real = layout(50257, 1024, 768, 12)
print(len(real), f"{sum(prod(shape) for shape in real.values()):,}")
#> 148 124,439,808

# %% checkpoint
def checkpoint(std):
    torch.manual_seed(0)
    theirs = {}
    for name, shape in layout().items():
        center = 1.0 if "ln_" in name and "weight" in name else 0.0
        t = center + std * torch.randn(shape)
        theirs["transformer." + name] = t
    for i in range(2):
        mask = torch.ones(1, 1, 64, 64).tril()
        theirs[f"transformer.h.{i}.attn.bias"] = mask  # (1)!
    return theirs


theirs = checkpoint(0.2)
for name in ("attn.c_attn.weight", "attn.c_attn.bias", "attn.bias"):
    print(name, theirs["transformer.h.0." + name].shape)
#> attn.c_attn.weight torch.Size([48, 144])
#> attn.c_attn.bias torch.Size([144])
#> attn.bias torch.Size([1, 1, 64, 64])

# %% loose
width = cfg | {"emb_dim": 48}
model = GPT(width)
before = model.blocks[0].attn.qkv.weight.clone()
result = model.load_state_dict(theirs, strict=False)
print(len(result.missing_keys), len(result.unexpected_keys))
#> 29 30
print(torch.equal(before, model.blocks[0].attn.qkv.weight))
#> True

# %% convert
renamed = {"attn.c_attn": "attn.qkv", "attn.c_proj": "attn.out"}
renamed |= {"mlp.c_fc": "mlp.up", "mlp.c_proj": "mlp.down"}
skipped = (".attn.bias", ".masked_bias", "lm_head.weight")  # (1)!


def convert(theirs):
    ours = {}
    for name, t in theirs.items():
        name = name.removeprefix("transformer.")
        if name.endswith(skipped):
            continue
        for part, own in renamed.items():
            t = t.T if part + ".weight" in name else t
            name = name.replace(part, own)
        ours[name.replace("h.", "blocks.", 1)] = t
    return ours | {"head.weight": ours["wte.weight"]}

# %% load
print(model.load_state_dict(convert(theirs)))
#> <All keys matched successfully>
unturned = {name: t.T if name.startswith("b") and t.ndim == 2 else t
            for name, t in convert(theirs).items()}  # (1)!
try:
    model.load_state_dict(unturned)
except RuntimeError as error:
    for line in str(error).splitlines()[1:4]:
        print(line.strip().split(":")[0])
#> size mismatch for blocks.0.attn.qkv.weight
#> size mismatch for blocks.0.mlp.up.weight
#> size mismatch for blocks.0.mlp.down.weight

# %% second-parts
def norm(x, p, name):
    centred = x - x.mean(-1, keepdim=True)
    variance = (centred**2).mean(-1, keepdim=True)
    scaled = centred / (variance + 1e-5) ** 0.5
    return scaled * p[name + ".weight"] + p[name + ".bias"]


def layer(x, p, name):
    return x @ p[name + ".weight"] + p[name + ".bias"]


def gelu(x):
    inner = (2 / pi) ** 0.5 * (x + 0.044715 * x**3)
    return 0.5 * x * (1 + torch.tanh(inner))

# %% second-attention
def attention(x, p, name, heads=4):
    q, k, v = layer(x, p, name + ".c_attn").chunk(3, dim=-1)
    T, d = x.shape[-2:]
    hidden = torch.ones(T, T, dtype=torch.bool).triu(1)
    results = []
    for part in torch.arange(d).chunk(heads):
        scores = q[..., part] @ k[..., part].mT / (d / heads) ** 0.5
        scores = scores.masked_fill(hidden, float("-inf"))
        results.append(scores.softmax(-1) @ v[..., part])
    return layer(torch.cat(results, dim=-1), p, name + ".c_proj")

# %% second
def second(ids, theirs):
    p = {n.removeprefix("transformer."): t for n, t in theirs.items()}
    x = p["wte.weight"][ids] + p["wpe.weight"][: ids.shape[1]]
    for i in range(2):
        x = x + attention(norm(x, p, f"h.{i}.ln_1"), p, f"h.{i}.attn")
        y = layer(norm(x, p, f"h.{i}.ln_2"), p, f"h.{i}.mlp.c_fc")
        x = x + layer(gelu(y), p, f"h.{i}.mlp.c_proj")
    return norm(x, p, "ln_f") @ p["wte.weight"].T

# %% compare
model.load_state_dict(convert(theirs))
ids = torch.randint(256, (2, 20))
with torch.no_grad():
    mine, other = model(ids), second(ids, theirs)
torch.testing.assert_close(mine, other)
print(mine.shape, f"{mine.std():.2f}")
#> torch.Size([2, 20, 256]) 1.47

# %% slips
def exchange(t):
    q, k, v = t.chunk(3)
    return torch.cat([q, v, k])


def deal(t):  # (1)!
    return t.unflatten(0, (3, 12, 4)).transpose(1, 2).flatten(0, 2)


slips = {
    "c_proj": ("attn.out.weight", lambda t: t.T),
    "q, v, k": ("attn.qkv", exchange),
    "d/h, h": ("attn.qkv", deal),
    "wpe + 1": ("wpe", lambda t: t.roll(-1, 0)),
}

# %% spoil
def spoil(model, mistake):
    for block in model.blocks:
        if mistake == "gelu":
            mlp = block.mlp
            block.mlp = nn.Sequential(mlp.up, nn.GELU(), mlp.down)
        if mistake == "h = 2":
            block.attn.n_heads = 2
    for part in model.modules():
        if mistake == "eps" and isinstance(part, nn.LayerNorm):
            part.eps = 1e-6
    if mistake == "ln_f":
        model.ln_f = nn.Identity()

# %% judge
@torch.no_grad()
def judge(mistake, std):
    theirs, model = checkpoint(std), GPT(width)
    where, change = slips.get(mistake, ("nowhere", None))
    ours = {name: change(t) if where in name else t
            for name, t in convert(theirs).items()}
    model.load_state_dict(ours)
    spoil(model, mistake)
    mine, other = model(ids), second(ids, theirs)
    tolerance = 1e-5 + 1.3e-6 * other.abs()  # (1)!
    return ((mine - other).abs() / tolerance).max().item()

# %% mutants
mistakes = ["none", *slips, "gelu", "h = 2", "eps", "ln_f"]
small = [judge(mistake, 0.02) for mistake in mistakes]
large = [judge(mistake, 0.1) for mistake in mistakes]
for mistake, a, b in zip(mistakes, small, large):
    print(f"{mistake:8}", a > 1, b > 1)
#> none     False False
#> c_proj   True True
#> q, v, k  True True
#> d/h, h   True True
#> wpe + 1  True True
#> gelu     False True
#> h = 2    True True
#> eps      True True
#> ln_f     True True
figure, axes = plt.subplots(figsize=(4.2, 2.8))
axes.plot(small, mistakes, "o", color="C1")
axes.plot(large, mistakes, "s", color="C0")
axes.axvline(1, color="C3", linestyle="--")
axes.set_xscale("log")
axes.invert_yaxis()

# %% bits
def loss_with(change):
    model = GPT(cfg)
    model.load_state_dict({name: change(t) if t.ndim == 2 else t
                           for name, t in tensors.items()})
    return loss_of(model)


for dtype in (torch.float32, torch.bfloat16, torch.float16):
    print(dtype, f"{loss_with(lambda t: t.to(dtype)):.4f}")
#> torch.float32 1.7698
#> torch.bfloat16 1.7698
#> torch.float16 1.7698

# %% rounded
def rounded(w, bits, dim=-1):
    s = w.abs().amax(dim, keepdim=True) / (2 ** (bits - 1) - 1)
    q = (w / s).round()  # (1)!
    return q, s * q


row = torch.tensor([[1.0, -0.3, 0.02]])
for bits in (8, 4):
    q, near = rounded(row, bits)
    print(q.tolist(), near)
#> [[127.0, -38.0, 3.0]] tensor([[ 1.0000, -0.2992,  0.0236]])
#> [[7.0, -2.0, 0.0]] tensor([[ 1.0000, -0.2857,  0.0000]])

# %% fewer-bits
numbers = range(8, 1, -1)
rows = [loss_with(lambda t: rounded(t, n)[1]) for n in numbers]
whole = [loss_with(lambda t: rounded(t, n, (0, 1))[1]) for n in numbers]
for n, a, b in zip(numbers, rows, whole):
    print(n, f"{a:.4f} {b:.4f}")
#> 8 1.7698 1.7712
#> 7 1.7735 1.7743
#> 6 1.7737 1.7960
#> 5 1.7856 1.8617
#> 4 1.8421 2.2464
#> 3 2.2737 3.7231
#> 2 4.1968 6.1265
figure, axes = plt.subplots(figsize=(4.2, 2.8))
axes.plot(numbers, whole, "s--", color="C1")
axes.plot(numbers, rows, "o-", color="C0")
axes.set_ylim(1.5, 4)
axes.invert_xaxis()

# %% solution-fault
def fault(raw):
    n, end = int.from_bytes(raw[:8], "little"), 0
    if len(raw) < 8 + n:
        return "header"
    entries = json.loads(raw[8 : 8 + n])
    entries.pop("__metadata__", None)
    for e in sorted(entries.values(), key=lambda e: e["data_offsets"]):
        size = prod(e["shape"]) * kinds[e["dtype"]].itemsize
        if e["data_offsets"] != [end, end + size]:
            return "offsets"
        end += size
    return None if len(raw) == 8 + n + end else "length"


bent = raw.replace(b"[192,64]", b"[192,65]")
print([fault(file) for file in (raw, liar, bent, raw[:-1])])
#> [None, 'header', 'offsets', 'length']

# %% solution-prefix
bare = {n.removeprefix("transformer."): t for n, t in theirs.items()}
result = GPT(width).load_state_dict(bare, strict=False)
print([name for name in bare if name not in result.unexpected_keys])
#> ['wte.weight', 'wpe.weight', 'ln_f.weight', 'ln_f.bias']

# %% solution-back
def back(ours):
    theirs = {}
    for name, t in ours.items():
        for part, own in renamed.items():
            t = t.T if own + ".weight" in name else t
            name = name.replace(own, part)
        theirs["transformer." + name.replace("blocks.", "h.")] = t
    del theirs["transformer.head.weight"]
    return theirs


again = back(convert(theirs))
same = [torch.equal(t, theirs[name]) for name, t in again.items()]
print(len(same), all(same))
#> 28 True

# %% solution-tables
def only(chosen):
    tables = tensors["wte.weight"], tensors["wpe.weight"]

    def change(t):
        is_table = any(t is table for table in tables)
        return rounded(t, 3)[1] if is_table == chosen else t

    return f"{loss_with(change):.2f}"


print(only(True), only(False))
#> 2.04 2.01
