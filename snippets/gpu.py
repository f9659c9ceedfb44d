"""What a GPU changes: launches, formats, memory, intensity, fused kernels, last digits."""

# %% config
import json
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

data = Path(__file__).parent / "data"
record = json.loads((data / "gpu.json").read_text(encoding="utf-8"))
cfg = {"vocab_size": 256, "context_length": 64, "emb_dim": 64}
cfg |= {"n_heads": 4, "n_layers": 2, "drop_rate": 0.0}

# %% record
made, machine = record["recorded"], record["machine"]
print(machine["device"], f"{machine['memory_bytes']:,}")
#> NVIDIA H100 80GB HBM3 85,017,493,504
print("driver", machine["driver"], "CUDA", machine["cuda"])
#> driver 580.159.04 CUDA 13.0
print("torch", machine["torch"], "Python", machine["python"])
#> torch 2.11.0+cu130 Python 3.12.3
print(made["date"], made["program"], made["commit"])
#> 2026-11-27 prototypes/gpu/measure.py None
print(f"{sum(record['seconds'].values()):.0f} s")
#> 79 s

# %% queue
from concurrent.futures import ThreadPoolExecutor

card = ThreadPoolExecutor(max_workers=1)
result = card.submit(lambda: [10, 20, 30][5])  # (1)!
print("launched")
#> launched
try:
    print(result.result())  # (2)!
except IndexError as error:
    print(error)
#> list index out of range

# %% launch
def times(row):
    low, middle, high = row["min_ms"], row["median_ms"], row["max_ms"]
    return f"{low:8.3f} {middle:9.3f} {high:8.3f} {row['n']:3}"


head = "  min_ms median_ms   max_ms   n"
print(" " * 9, head, " rate")
#>             min_ms median_ms   max_ms   n  rate
for name in ("launched", "finished"):
    time = record["launch"][name]
    rate = record["formats"]["operations"] / time["median_ms"] / 1e9
    print(f"{name:9}", times(time), f"{rate:5.0f}")
#> launched     0.182     0.382    1.135  20   360
#> finished     2.851     3.013    3.772  20    46

# %% tf32
def tf32(t):
    bits = t.view(torch.int32) + 0x1000  # (1)!
    return (bits & ~0x1FFF).view(torch.float32)


third = torch.tensor([1 / 3])
for t in (third, tf32(third), third.half(), third.bfloat16()):
    print(f"{t.item():.8f}")
#> 0.33333334
#> 0.33325195
#> 0.33325195
#> 0.33398438

# %% format-errors rtol="0.3"
torch.manual_seed(0)
a, b = torch.randn(256, 256), torch.randn(256, 256)
exact = a.double() @ b.double()
products = {"float32": a @ b, "tf32": tf32(a) @ tf32(b)}
for dtype in (torch.float16, torch.bfloat16):
    products[str(dtype)[6:]] = a.to(dtype) @ b.to(dtype)
for name, product in products.items():
    apart = (product.double() - exact).abs().max()
    error = (apart / exact.abs().max()).item()
    print(f"{name:8} {max(error, 1e-6):.0e}")  # (1)!
#> float32  1e-06
#> tf32     3e-04
#> float16  5e-04
#> bfloat16 4e-03

# %% card-formats
rows = record["formats"]["rows"]
print(" " * 8, head, "error")
#>            min_ms median_ms   max_ms   n error
for row in rows:
    print(f"{row['format']:8}", times(row["time"]), row["error"])
#> float32     2.785     2.819    2.933  20 3.15e-06
#> tf32        0.413     0.423    0.447  20 0.000306
#> float16     0.282     0.293    0.346  20 0.000493
#> bfloat16    0.242     0.248    0.268  20 0.00372

# %% formats-figure
import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(4.2, 2.8))
for n, row in enumerate(rows):
    time = row["time"]["median_ms"]
    axes.plot(time, row["error"], "os^D"[n], markersize=8)
axes.loglog()
axes.minorticks_off()
axes.set_xticks([0.25, 0.5, 1, 2], ["0.25", "0.5", "1", "2"])
axes.set_ylim(1e-6, 1e-2)

# %% underflow
small = torch.tensor(1e-8)
print(f"{small.half().item()} {small.bfloat16().item():.1e}")
#> 0.0 1.0e-08
scaled = (2**16 * small).half()  # (1)!
print(f"{scaled.item():.2e} {scaled.float().item() / 2**16:.2e}")
#> 6.55e-04 1.00e-08

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

# %% saved
def saved_bytes(model, x, y):
    held = {w.untyped_storage().data_ptr() for w in model.parameters()}
    saved = {}

    def pack(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in held:
            saved[storage.data_ptr()] = storage
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        loss = F.cross_entropy(model(x).flatten(0, 1), y.flatten())
    return sum(storage.nbytes() for storage in saved.values()), loss

# %% saved-counts
torch.manual_seed(0)
with torch.device("cpu"):
    model = GPT(cfg)
    for texts, length in ((1, 64), (2, 64), (4, 64), (8, 64), (8, 32)):
        x, y = torch.randint(256, (2, texts, length))
        total, loss = saved_bytes(model, x, y)
        each = (total - 8 * length - 4) / (texts * length)  # (1)!
        print(texts, length, f"{total:9,} {each:.0f}")
#> 1 64   628,740 9816
#> 2 64 1,256,964 9816
#> 4 64 2,513,412 9816
#> 8 64 5,026,308 9816
#> 8 32 2,513,156 9816

# %% saved-formula
def per_token(V, d, h, L):
    block = 16 * d + h + 4
    return 4 * (L * block + 2 * d + V + 6)


print(per_token(256, 64, 4, 2), f"{per_token(50257, 768, 12, 12):,}")
#> 9816 797,788

# %% recompute
from torch.utils.checkpoint import checkpoint


class Recomputed(nn.Module):
    def __init__(self, block):
        super().__init__()
        self.block = block

    def forward(self, x):
        return checkpoint(self.block, x, use_reentrant=False)

# %% recompute-same
with torch.device("cpu"):
    x, y = torch.randint(256, (2, 8, 64))
    plain, loss = saved_bytes(model, x, y)
    before = torch.autograd.grad(loss, list(model.parameters()))
    model.blocks = nn.ModuleList(map(Recomputed, model.blocks))
    fewer, loss = saved_bytes(model, x, y)
    loss.backward()
after = [p.grad for p in model.parameters()]
print(f"{plain:,} {fewer:,} {fewer / plain:.2f}")
#> 5,026,308 1,061,380 0.21
print(all(torch.equal(g, again) for g, again in zip(before, after)))
#> True

# %% peak
P, V, d, h, L, T = 124_439_808, 50257, 768, 12, 12, 1024


def peak(B, kept=16 * d + h + 4):
    state, scores = 12 * P, 3 * 4 * B * T * V  # (1)!
    return state, 4 * B * T * (L * kept + 2 * d + 6), scores


steps = record["training"]["rows"]
cases = [(steps[0], peak(1)), (steps[1], peak(4)), (steps[2], peak(8))]
cases.append((steps[4], peak(8, kept=d)))  # (2)!
cases.append((steps[5], peak(8, kept=16 * d + 4 + h * T)))  # (3)!

# %% peak-measured
print("B  counted measured  diff  rest")
#> B  counted measured  diff  rest
for step, parts in cases:
    counted, measured = sum(parts), step["peak_bytes"]
    extra = step["rest_bytes"] - 16 * P  # (1)!
    print(step["batch"], f"{counted / 1e9:8.2f} {measured / 1e9:8.2f}",
          f"{(measured - counted) / 1e9:5.2f} {extra / 1e9:5.2f}")
#> 1     2.72     2.80  0.07  0.08
#> 4     6.41     6.50  0.09  0.09
#> 8    11.32    11.39  0.07  0.07
#> 8     6.79     6.86  0.07  0.07
#> 8    16.15    16.23  0.08  0.07

# %% peak-figure
figure, axes = plt.subplots(figsize=(4.2, 2.8))
for n, (step, parts) in enumerate(cases):
    left = 0
    for color, part in zip(("C0", "C1", "C2"), parts):
        axes.barh(n, part / 1e9, left=left, color=color)
        left += part / 1e9
    axes.plot(step["peak_bytes"] / 1e9, n, "D", color="C3")
    print(*(f"{part / 1e9:.1f}" for part in parts))
#> 1.5 0.6 0.6
#> 1.5 2.4 2.5
#> 1.5 4.9 4.9
#> 1.5 0.4 4.9
#> 1.5 9.7 4.9
axes.invert_yaxis()
axes.set_yticks([])

# %% steps
print("B    ", head, " tokens/s    GB")
#> B       min_ms median_ms   max_ms   n  tokens/s    GB
for step in steps:
    flags = [step[name] for name in ("autocast", "recompute", "fused")]
    marks = "".join(".x"[flag] for flag in flags)
    print(step["batch"], marks, times(step["time"]),
          f"{step['tokens_per_s']:9,} {step['peak_bytes'] / 1e9:5.2f}")
#> 1 ..x   39.890    40.933   41.132   5    25,016  2.80
#> 4 ..x   89.047    89.126   89.211   5    45,958  6.50
#> 8 ..x  164.131   164.251  168.269   5    49,875 11.39
#> 8 x.x   55.572    56.717   57.923   5   144,436  8.70
#> 8 .xx  194.034   194.679  195.743   5    42,079  6.86
#> 8 ...  206.541   206.686  206.745   5    39,635 16.23
#> 8 x..   90.866    92.043  100.211   5    89,002 15.96

# %% intensity
def intensity(n, k=768, m=3072, size=2):
    operations, numbers = 2 * n * k * m, n * k + k * m + n * m
    return operations / (size * numbers)


for n in (1, 16, 128, 1024, 8192):
    print(n, f"{intensity(n):.1f}")
#> 1 1.0
#> 16 15.6
#> 128 105.9
#> 1024 384.0
#> 8192 571.5

# %% ridge
bandwidth = record["roofline"]["copy"]["terabytes_per_s"]
fastest = rows[3]["time"]["median_ms"]  # (1)!
rate = record["formats"]["operations"] / fastest / 1e9
print(f"{rate:.0f} {bandwidth:.2f} {rate / bandwidth:.0f}")
#> 555 2.96 188

# %% roofline
points = record["roofline"]["points"]
print("   n roof_ms", head, "ratio")
#>    n roof_ms   min_ms median_ms   max_ms   n ratio
for point in points:
    n = point["rows"]
    work = 2 * n * 768 * 3072 / 1e9
    roof = min(rate, bandwidth * intensity(n))  # (1)!
    time = point["time"]["median_ms"]
    print(f"{n:4}  {work / roof:.4f}", times(point["time"]),
          f"{time * roof / work:5.0f}")
#>    1  0.0016    0.114     0.117    0.293  50    73
#>   16  0.0016    0.112     0.117    0.236  50    72
#>  128  0.0019    0.089     0.127    0.324  50    66
#> 1024  0.0087    0.108     0.114    0.230  50    13
#> 8192  0.0696    0.145     0.150    0.178  50     2

# %% roofline-figure
figure, axes = plt.subplots(figsize=(4.2, 2.8))
ridge = rate / bandwidth
along = [0.5, ridge, 1024]
axes.plot(along, [min(rate, bandwidth * i) for i in along], color="C0")
axes.plot([intensity(p["rows"]) for p in points],
          [p["teraflops"] for p in points], "o", color="C1")
axes.axvline(ridge, color="C0", linestyle="--")
axes.loglog()

# %% count
from torch.utils._python_dispatch import TorchDispatchMode


class Count(TorchDispatchMode):
    n = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        view = func.is_view or "view" in func.name()  # (1)!
        self.n += not view
        return func(*args, **(kwargs or {}))

# %% launches
with torch.device("cpu"), torch.no_grad():
    deep = GPT(cfg | {"n_layers": 12}).eval()
    for n in (1, 64):
        ids = torch.zeros(1, n, dtype=torch.int64)
        with Count() as count:
            deep(ids)
        print(n, count.n)
#> 1 126
#> 64 126

# %% work
def work(new, seen):
    numbers = 12 * L * d * d + V * d
    return 2 * numbers * new + 4 * L * d * new * seen


writing = record["generation"]
end = writing["prompt"] + writing["tokens"]
without = sum(work(t, t) for t in range(8, end))
cached = work(8, 8) + sum(work(1, t) for t in range(9, end))
print(f"{without:.1e} {cached:.1e} {without / cached:.0f}")
#> 8.8e+12 6.6e+10 133

# %% writing
for name in ("plain", "cached"):
    time = writing[name]["time"]["median_ms"] / writing["tokens"]
    print(f"{name:6} {writing[name]['tokens_per_s']}",
          f"{time:.1f} {time / count.n:.2f}")
#> plain  96.7 10.3 0.08
#> cached 95.1 10.5 0.08
print(writing["same_tokens"])
#> 256

# %% online
scores, values = torch.tensor([[1.0, 3, 2, 5], [1.0, 2, 3, 4]])
top, total, weighted = torch.tensor(float("-inf")), 0.0, 0.0
for s, v in zip(scores.split(2), values.split(2)):
    higher = torch.maximum(top, s.max())
    shrink, e = (top - higher).exp(), (s - higher).exp()  # (1)!
    total = total * shrink + e.sum()
    weighted = weighted * shrink + (e * v).sum()
    top = higher
    print(f"{top.item():.0f} {total.item():.4f} {weighted.item():.4f}")
#> 3 1.1353 2.1353
#> 5 1.2034 4.4383
direct = scores.softmax(0) @ values
print(f"{(weighted / total).item():.4f} {direct.item():.4f}")
#> 3.6881 3.6881

# %% kernels
for name, kernels in record["attention"].items():
    print(name, *(kernel for kernel in kernels if kernels[kernel]))
#> float32 EFFICIENT_ATTENTION MATH
#> bfloat16 FLASH_ATTENTION EFFICIENT_ATTENTION MATH CUDNN_ATTENTION
#> float16 FLASH_ATTENTION EFFICIENT_ATTENTION MATH CUDNN_ATTENTION

# %% compile
compiled = record["compile"]
print(" " * 8, head)
#>            min_ms median_ms   max_ms   n
print("eager   ", times(compiled["eager"]))
#> eager       6.509     8.241   12.830  10
print("compiled", times(compiled["compiled"]))
#> compiled    6.161     7.062    7.753  10
slow = compiled["eager"]["median_ms"]
fast = compiled["compiled"]["median_ms"]
first = compiled["first_call_s"]
print(first, f"{1e3 * first / (slow - fast):,.0f}")
#> 13.57 11,513

# %% determinism
for row in record["determinism"]["rows"]:
    losses = [f"{last:.7f}" for last in row["last_losses"]]
    print(row["deterministic"], row["bit_equal"], *losses)
#> False True 1.3121563 1.3121563 1.3121563
#> True True 1.3121563 1.3121563 1.3121563
cpu = record["determinism"]["cpu"]
print(f"{cpu['last_loss']:.7f} {cpu['largest_difference']:.1e}")
#> 1.3121563 9.5e-07

# %% messages
from textwrap import shorten

for message in record["messages"].values():
    kind, _, words = message.partition(": ")
    print(kind)
    print(" ", shorten(words, 96, placeholder="…"))
#> RuntimeError
#>   Expected all tensors to be on the same device, but found at least two devices, cuda:0 and cpu!
#> RuntimeError
#>   Expected all tensors to be on the same device, but got mat2 is on cpu, different from other…
#> RuntimeError
#>   Expected all tensors to be on the same device, but got index is on cpu, different from other…
#> TypeError
#>   can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host…
#> OutOfMemoryError
#>   CUDA out of memory. Tried to allocate 32768.00 GiB. GPU 0 has a total capacity of 79.18 GiB of…
#> NotImplementedError
#>   "addmm_cuda" not implemented for 'Long'
#> RuntimeError
#>   Expected a 'cuda' device type for generator but found 'cpu'

# %% solution-ridge
n = 1
while intensity(n) < rate / bandwidth:
    n += 1
print(n, f"{intensity(n, k=4096, m=4096):.0f}")
#> 271 239

# %% solution-masked
def online(scores, values):
    top, total, weighted = torch.tensor(float("-inf")), 0.0, 0.0
    for s, v in zip(scores.split(2), values.split(2)):
        if s.max() == float("-inf"):
            continue
        higher = torch.maximum(top, s.max())
        shrink, e = (top - higher).exp(), (s - higher).exp()
        total = total * shrink + e.sum()
        weighted, top = weighted * shrink + e @ v, higher
    return weighted / total


hidden = torch.tensor([float("-inf")] * 2 + [2.0, 5.0])
print(f"{online(hidden, values).item():.4f}")
#> 3.9526
print(f"{(hidden.softmax(0) @ values).item():.4f}")
#> 3.9526

# %% solution-texts
room = record["machine"]["memory_bytes"]
variants = {"fused": 16 * d + h + 4, "recomputed": d}
variants["plain"] = 16 * d + 4 + h * T
for name, kept in variants.items():
    state, *rest = peak(1, kept)
    print(f"{name:10} {(room - state) // sum(rest)}")
#> fused      67
#> recomputed 126
#> plain      45

# %% solution-longer
float32 = rows[0]["time"]["median_ms"]
per_ms = record["formats"]["operations"] / float32
for n in (263, 1024):
    print(n, f"{work(n, n) / 1e9:.0f} {work(n, n) / per_ms:.1f}")
#> 263 68 1.4
#> 1024 292 6.0
