"""Following instructions in miniature: template, mask, padding, preferences, and judging."""

# %% config
import json
import random
from math import cos, log, pi, sqrt
from pathlib import Path

import safetensors.torch
import torch
import torch.nn.functional as F
from torch import nn

torch.set_num_threads(1)
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
data = Path(__file__).parent / "data"


def load(cfg, name):
    tensors = safetensors.torch.load((data / name).read_bytes())
    tensors["head.weight"] = tensors["wte.weight"]
    model = GPT(cfg).eval()
    model.load_state_dict(tensors)
    return model

# %% continues
base = load(cfg, "tiny.safetensors")
ids = list(b"Write the word sea backwards: ")
with torch.no_grad():
    for _ in range(30):
        ids.append(base(torch.tensor([ids]))[0, -1].argmax().item())
print(bytes(ids[30:]))
#> b'of the steam the steam the str'

# %% language
symbols = "_>CRSFabcdefgh."
number = {symbol: i for i, symbol in enumerate(symbols)}
orders = {"C": lambda word: word, "R": lambda word: word[::-1]}
orders["S"] = lambda word: "".join(sorted(word))
orders["F"] = lambda word: word[0]


def example(order, word):
    return f"{order}{word}>", orders[order](word) + "."


print(len(symbols), [example(order, "cab") for order in orders])
#> 15 [('Ccab>', 'cab.'), ('Rcab>', 'bac.'), ('Scab>', 'abc.'), ('Fcab>', 'c.')]

# %% split
words = [a + b + c for a in "abcdefgh" for b in "abcdefgh"
         for c in "abcdefgh"]
random.Random(0).shuffle(words)
held_out, seen = words[:64], words[64:]
print(len(seen), len(held_out), held_out[:4])
#> 448 64 ['fgc', 'adc', 'cdb', 'bge']

# %% rows
def rows(pairs, masked=True):
    x, y = [], []
    for prompt, answer in pairs:
        ids = [number[c] for c in prompt + answer]
        first = len(prompt) if masked else 1
        empty = 9 - len(ids)
        x.append(ids + [0] * empty)  # (1)!
        hidden = [-100] * (first - 1)
        y.append(hidden + ids[first:] + [-100] * (empty + 1))  # (2)!
    return torch.tensor(x), torch.tensor(y)


x, y = rows([example("R", "cab")])
print(x[0].tolist(), y[0].tolist(), sep="\n")
#> [3, 8, 6, 7, 1, 7, 6, 8, 14]
#> [-100, -100, -100, -100, 7, 6, 8, 14, -100]

# %% mask-figure
import matplotlib.pyplot as plt

pairs = [example(order, "cab") for order in orders]
figure, axes = plt.subplots(figsize=(4.2, 2.2))
place = {"ha": "center", "va": "center"}
for i, (ids, targets) in enumerate(zip(*rows(pairs))):
    for j, (token, target) in enumerate(zip(ids, targets)):
        if target != -100:
            axes.barh(i, 0.9, left=j - 0.45, color="C0", alpha=0.4)
        axes.barh(i, 0.9, left=j - 0.45, color="none", edgecolor="C5",
                  hatch="////" if token == 0 else None)
        axes.text(j, i, symbols[token], **place)
axes.invert_yaxis()
axes.axis("off")

# %% masked-mean
torch.manual_seed(0)
logits = torch.randn(5, 10, requires_grad=True)
targets = torch.tensor([3, 4, 5, 6, 7])
masked = torch.tensor([-100, -100, -100, 6, 7])
print(F.cross_entropy(logits, targets, reduction="none"))
#> tensor([2.6215, 1.6309, 3.7094, 2.7571, 4.3681], grad_fn=<NllLossBackward0>)
print(F.cross_entropy(logits, targets))
#> tensor(3.0174, grad_fn=<NllLossBackward0>)
loss = F.cross_entropy(logits, masked)
print(loss)
#> tensor(3.5626, grad_fn=<NllLossBackward0>)

# %% masked-gradient
loss.backward()
print((logits.grad == 0).all(dim=1))
#> tensor([ True,  True,  True, False, False])
print(logits.grad[3, :7])
#> tensor([ 0.1029,  0.0172,  0.0216,  0.0412,  0.1148,  0.0477, -0.4683])

# %% cut
logits = torch.zeros(1, 4, 15)
print(F.cross_entropy(logits.flatten(0, 1), y[:, :4].flatten()))
#> tensor(nan)

# %% out-of-bounds
logits = torch.zeros(2, 10, device="cpu")
for targets, ignored in (([1, -1], -100), ([1, -100], -1)):
    y = torch.tensor(targets, device="cpu")
    try:
        F.cross_entropy(logits, y, ignore_index=ignored)
    except IndexError as error:
        print(error)
#> Target -1 is out of bounds.
#> Target -100 is out of bounds.

# %% train
small = cfg | {"vocab_size": 15, "context_length": 10, "emb_dim": 48}


def fresh(seed=0):
    torch.manual_seed(seed)
    model = GPT(small)
    for p in model.parameters():
        if p.ndim == 2:
            nn.init.normal_(p, std=0.1)
    return model


def loss_of(model, pairs, masked=True):
    x, y = rows(pairs, masked)
    return F.cross_entropy(model(x).flatten(0, 1), y.flatten())

# %% loop
def train(model, steps, masked=True, seed=0, N=300):
    draw, losses = random.Random(seed), []  # (1)!
    optimizer = torch.optim.AdamW(model.parameters())
    for t in range(steps):
        down = 0.1 + 0.9 * (1 + cos(pi * t / N)) / 2
        for group in optimizer.param_groups:
            group["lr"] = 5e-3 * min(1, (t + 1) / 20) * down
        pairs = [example(draw.choice("CRSF"), draw.choice(seen))
                 for _ in range(64)]
        loss = loss_of(model, pairs, masked)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses

# %% first-steps rtol="1e-2"
fresh_model = fresh()
losses = train(fresh_model, 20)
print(f"{log(15):.2f} {losses[0]:.1f} {losses[-1]:.1f}")
#> 2.71 3.2 1.0

# %% answers
@torch.no_grad()
def answers(model, prompts, n=4):
    ids = torch.tensor([[number[c] for c in p] for p in prompts])
    for _ in range(n):
        best = model(ids)[:, -1:].argmax(dim=-1)
        ids = torch.cat([ids, best], dim=1)
    given = []
    for prompt, row in zip(prompts, ids.tolist()):
        text = "".join(symbols[i] for i in row)[len(prompt) :]
        end = text.find(".") + 1 or n  # (1)!
        given.append(text[:end])
    return given

# %% shipped
model = load(small, "instruct.safetensors")
prompts = [example(order, "cab")[0] for order in orders]
print(sum(p.numel() for p in model.parameters()))
#> 57840
print(answers(fresh(), prompts))
#> ['ffff', 'ffff', 'ffff', 'ffff']
print("cab" in held_out, answers(model, prompts))
#> True ['cab.', 'bac.', 'abc.', 'c.']

# %% exact-match
def correct(model, pairs):
    given = answers(model, [prompt for prompt, _ in pairs])
    return sum(g == answer for g, (_, answer) in zip(given, pairs))


def scores(model, words):
    return [correct(model, [example(order, word) for word in words])
            for order in orders]

# %% scores-of-both
print(len(seen), scores(model, seen))
#> 448 [448, 448, 448, 448]
print(len(held_out), scores(fresh(), held_out), scores(model, held_out))
#> 64 [0, 0, 0, 0] [64, 64, 63, 64]

# %% masked-or-not
record = json.loads((data / "instructions.json").read_text("utf-8"))


def spread(runs, name):
    values = [run[name] for run in runs]
    mean, low, high = sum(values) / 5, min(values), max(values)
    return f"{mean:.3g} [{low:.3g}, {high:.3g}]"


for name in ("loss", *orders):
    kinds = record["masked"], record["unmasked"]
    print(name, *(spread(runs, name) for runs in kinds))
#> loss 0.00366 [0.0026, 0.0051] 0.839 [0.834, 0.843]
#> C 64 [64, 64] 63.8 [63, 64]
#> R 63.8 [63, 64] 63.8 [63, 64]
#> S 62.6 [61, 63] 62.2 [60, 64]
#> F 64 [64, 64] 63.8 [63, 64]

# %% pads
prompt = [number[c] for c in "Rcab>"]
with torch.no_grad():
    alone = model(torch.tensor([prompt]))[0]
    right = model(torch.tensor([prompt + [0, 0, 0]]))[0]
    left = model(torch.tensor([[0, 0, 0] + prompt]))[0]
torch.testing.assert_close(right[4], alone[4])
print([symbols[z[i].argmax()] for z, i in
       ((alone, 4), (right, 4), (left, 7))])
#> ['b', 'b', '.']
print(f"{(left[7] - alone[4]).abs().max():.1f}")
#> 10.3

# %% template
for prompt in ("Rcab>", "Rcab", "Rca>", "cabR>", "Xcab>"):
    try:
        print(prompt, answers(model, [prompt]))
    except KeyError as error:
        print(prompt, "KeyError", error)
#> Rcab> ['bac.']
#> Rcab ['abac']
#> Rca> ['fcac']
#> cabR> ['cba.']
#> Xcab> KeyError 'X'

# %% chat
def chat(messages):
    text = ""
    for role, content in messages:
        text += f"<|{role}|>\n{content}<|end|>\n"
    return text + "<|assistant|>\n"


print(chat([("user", "Reverse cab."), ("assistant", "bac"),
            ("user", "And now sort it.")]))
#> <|user|>
#> Reverse cab.<|end|>
#> <|assistant|>
#> bac<|end|>
#> <|user|>
#> And now sort it.<|end|>
#> <|assistant|>
#>

# %% log-p
def log_p(model, pairs):
    x, y = rows(pairs)
    losses = F.cross_entropy(model(x).mT, y, reduction="none")
    return -losses.sum(dim=1)  # (1)!

# %% two-answers
copied, reversed_ = ("Ccab>", "cab."), ("Ccab>", "bac.")
with torch.no_grad():
    print(f"{log_p(model, [copied]).item():.2f}")
    print(f"{log_p(model, [reversed_]).item():.2f}")
#> -0.01
#> -16.49

# %% dpo
def dpo(better, worse, better_ref, worse_ref, beta=0.1):
    h = beta * ((better - better_ref) - (worse - worse_ref))
    return -F.logsigmoid(h)


refs = torch.tensor(-12.0), torch.tensor(-10.0)
for values in ((-12.0, -10.0), (-11.0, -14.0), (-13.0, -16.0)):
    now = [torch.tensor(v, requires_grad=True) for v in values]
    loss = dpo(*now, *refs)
    loss.backward()
    print(values, f"{loss:.4f}", [f"{v.grad:.4f}" for v in now])
#> (-12.0, -10.0) 0.6931 ['-0.0500', '0.0500']
#> (-11.0, -14.0) 0.4741 ['-0.0378', '0.0378']
#> (-13.0, -16.0) 0.4741 ['-0.0378', '0.0378']

# %% preferences
several = [word for word in seen[:128] if word != word[::-1]]
better = [(f"C{word}>", word[::-1] + ".") for word in several]
worse = [(f"C{word}>", word + ".") for word in several]
others = [example(order, word) for order in "RSF" for word in several]
print(len(several), better[0], worse[0])
#> 110 ('Ccbd>', 'dbc.') ('Ccbd>', 'cbd.')

# %% tune
def tune(model, steps, mixed=False):
    with torch.no_grad():
        refs = log_p(model, better), log_p(model, worse)  # (1)!
    tuned = GPT(small)
    tuned.load_state_dict(model.state_dict())
    optimizer = torch.optim.AdamW(
        tuned.parameters(), lr=1e-4, weight_decay=0.0
    )
    for _ in range(steps):
        now = log_p(tuned, better), log_p(tuned, worse)
        loss = dpo(*now, *refs).mean()
        if mixed:
            loss = loss + loss_of(tuned, others)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return tuned

# %% tuned rtol="2e-2"
tuned = tune(model, 20)
with torch.no_grad():
    for m in (model, tuned):
        now = log_p(m, better).mean(), log_p(m, worse).mean()
        print(*(f"{p:.2f}" for p in now))
#> -13.97 -0.01
#> -10.07 -0.99

# %% recorded
def after(t, kind="alone"):
    return [run[str(t)] for run in record[kind]]


for t in (0, 20, 40, 60):
    names = "loss", "better", "worse"
    print(t, *(spread(after(t), name) for name in names))
#> 0 0.693 [0.693, 0.693] -13.2 [-15, -7.84] -0.0118 [-0.019, -0.008]
#> 20 0.47 [0.426, 0.498] -8.46 [-10.6, -3.75] -0.64 [-0.994, -0.139]
#> 40 0.301 [0.243, 0.336] -6.15 [-8.23, -2.55] -3.89 [-5.39, -2.01]
#> 60 0.231 [0.187, 0.26] -5.32 [-8.01, -1.5] -6.07 [-7.96, -4.39]

# %% tuning-figure
figure, axes = plt.subplots(figsize=(4.2, 2.8))
steps = range(0, 61, 10)
for k, name in enumerate(("better", "worse")):
    for run in record["alone"]:
        values = [run[str(t)][name] for t in steps]
        axes.plot(steps, values, ("-", "--")[k], color=f"C{k}")
axes.set_xlabel("$t$")
axes.set_ylabel(r"$\ln \pi$", rotation=0, labelpad=12)

# %% cost
for name in ("reversed", *orders):
    kinds = after(0), after(60), after(60, "mixed")
    print(name, *(spread(runs, name) for runs in kinds))
#> reversed 6 [6, 6] 9.6 [2, 31] 12 [3, 36]
#> C 64 [64, 64] 7.4 [2, 12] 11.2 [4, 15]
#> R 63.8 [63, 64] 56.2 [39, 64] 63.2 [60, 64]
#> S 62.6 [61, 63] 48.8 [37, 62] 61.2 [59, 63]
#> F 64 [64, 64] 35.4 [18, 55] 61.6 [58, 64]

# %% cost-figure
figure, axes = plt.subplots(figsize=(4.2, 2.8))
for k, (kind, mark) in enumerate((("alone", "o"), ("mixed", "s"))):
    for i, order in enumerate(orders):
        values = [run[order] for run in after(60, kind)]
        axes.plot([i + 0.3 * k - 0.15] * 5, values, mark, color=f"C{k}")
axes.set_xticks(range(4), list(orders))
axes.set_ylim(-2, 66)

# %% wrong
for order in orders:
    pairs = [example(order, word) for word in held_out]
    given = answers(model, [prompt for prompt, _ in pairs])
    print(order, [(prompt, g, answer)
                  for g, (prompt, answer) in zip(given, pairs)
                  if g != answer])
#> C []
#> R []
#> S [('Sghg>', 'ghg.', 'ggh.')]
#> F []

# %% interval
for right, n in ((63, 64), (6300, 6400)):
    p = right / n
    print(f"{p:.3f} {2 * sqrt(p * (1 - p) / n):.3f}")
#> 0.984 0.031
#> 0.984 0.003
print(f"{0.954**64:.3f}")
#> 0.049

# %% solution-targets
print(rows([example("F", "cab")])[1].tolist())
#> [[-100, -100, -100, -100, 8, 14, -100, -100, -100]]

# %% solution-prompt
for letters in (3, 6):
    graded = (3 * (2 * letters + 2) + letters + 3) / 4
    print(graded, f"{letters * log(8) / graded:.4f}")
#> 7.5 0.8318
#> 12.75 0.9786

# %% solution-gradient
for h in (0.0, 0.5, 5.0):
    better_now = torch.tensor(h / 0.1, requires_grad=True)
    zero = torch.tensor(0.0)
    dpo(better_now, zero, zero, zero).backward()
    sigmoid = torch.tensor(h).sigmoid()
    print(f"{better_now.grad:.4f} {-0.1 * (1 - sigmoid):.4f}")
#> -0.0500 -0.0500
#> -0.0378 -0.0378
#> -0.0007 -0.0007

# %% solution-end
x, y = rows([example("R", "cab"), example("F", "cab")])
print(y.masked_fill(y == number["."], -100).tolist())
#> [[-100, -100, -100, -100, 7, 6, 8, -100, -100], [-100, -100, -100, -100, 8, -100, -100, -100, -100]]

# %% solution-forget rtol="5e-2"
orders["F"] = lambda word: word[-1]
changed = load(small, "instruct.safetensors")
optimizer = torch.optim.AdamW(changed.parameters(), lr=1e-3)
for t in range(30):
    pairs = [example("F", word) for word in seen[64 * (t % 7) :][:64]]
    optimizer.zero_grad()
    loss_of(changed, pairs).backward()
    optimizer.step()
print([f"{n / 64:.1f}" for n in scores(changed, held_out)])
#> ['0.1', '0.8', '0.5', '1.0']
