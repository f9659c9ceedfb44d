"""From one long list of tokens to batches that a model can train on."""

# %% ids
import torch
import torch.nn.functional as F

ids = torch.arange(10)
T = 4
x, y = ids[0:T], ids[1 : T + 1]
print(x, y)
#> tensor([0, 1, 2, 3]) tensor([1, 2, 3, 4])

# %% exercises
for t in range(T):
    print(x[: t + 1].tolist(), "→", y[t].item())
#> [0] → 1
#> [0, 1] → 2
#> [0, 1, 2] → 3
#> [0, 1, 2, 3] → 4

# %% last-window
starts = range(len(ids) - T)
print(list(starts), len(starts))
#> [0, 1, 2, 3, 4, 5] 6
i = starts[-1]
print(ids[i : i + T], ids[i + 1 : i + T + 1])
#> tensor([5, 6, 7, 8]) tensor([6, 7, 8, 9])

# %% too-far
i = 6
x_late, y_late = ids[i : i + T], ids[i + 1 : i + T + 1]
print(x_late, y_late)
#> tensor([6, 7, 8, 9]) tensor([7, 8, 9])
try:
    torch.stack([y, y_late])
except RuntimeError as error:
    print(error)
#> stack expects each tensor to be equal size, but got [4] at entry 0 and [3] at entry 1

# %% stride
def windows(ids, T, stride):
    blocks = ids.unfold(0, T + 1, stride)  # (1)!
    return blocks[:, :-1], blocks[:, 1:]


x, y = windows(ids, T, 4)
print(x.tolist())
#> [[0, 1, 2, 3], [4, 5, 6, 7]]
print(y.tolist())
#> [[1, 2, 3, 4], [5, 6, 7, 8]]
for s in (1, 2, 4):
    print(s, len(windows(ids, T, s)[0]), (len(ids) - T - 1) // s + 1)
#> 1 6 6
#> 2 3 3
#> 4 2 2

# %% targets-seen
for s in (1, 2, 4, 5):
    x, y = windows(ids, T, s)
    print(s, torch.bincount(y.flatten(), minlength=10).tolist())
#> 1 [0, 1, 2, 3, 4, 4, 4, 3, 2, 1]
#> 2 [0, 1, 1, 2, 2, 2, 2, 1, 1, 0]
#> 4 [0, 1, 1, 1, 1, 1, 1, 1, 1, 0]
#> 5 [0, 1, 1, 1, 1, 0, 1, 1, 1, 1]

# %% windows-figure
import matplotlib.pyplot as plt

figure, rows = plt.subplots(3, 1, sharex=True, figsize=(4.2, 3.8))
for axes, s in zip(rows, (1, 2, 4)):
    starts = windows(ids, T, s)[0][:, 0].tolist()
    for k, i in enumerate(starts):
        axes.barh(k - 0.2, T, 0.35, left=i - 0.5, color="C0")
        axes.barh(k + 0.2, T, 0.35, left=i + 0.5, color="C1")
    axes.set_ylim(len(starts) - 0.4, -0.6)
    axes.set_yticks([])
    axes.set_ylabel(f"$s={s}$")
axes.set_xticks(range(10))

# %% memory
blocks = ids.unfold(0, T + 1, 1)
print(blocks.shape, blocks.numel(), blocks.stride())
#> torch.Size([6, 5]) 30 (1, 1)
print(blocks.untyped_storage().nbytes() // ids.dtype.itemsize)
#> 10

# %% dataset
from torch.utils.data import DataLoader, Dataset


class Windows(Dataset):
    def __init__(self, ids, T, stride):
        self.x, self.y = windows(ids, T, stride)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], self.y[i]

# %% loader
dataset = Windows(ids, T, 1)
loader = DataLoader(dataset, batch_size=4)
x, y = next(iter(loader))
print(x)
#> tensor([[0, 1, 2, 3],
#>         [1, 2, 3, 4],
#>         [2, 3, 4, 5],
#>         [3, 4, 5, 6]])
print(y)
#> tensor([[1, 2, 3, 4],
#>         [2, 3, 4, 5],
#>         [3, 4, 5, 6],
#>         [4, 5, 6, 7]])
print([list(x.shape) for x, y in loader])
#> [[4, 4], [2, 4]]

# %% order
def shuffled(seed):
    generator = torch.Generator().manual_seed(seed)
    return DataLoader(dataset, 2, shuffle=True, generator=generator)


loader = shuffled(seed=0)
for epoch in range(2):
    print([x[:, 0].tolist() for x, y in loader])
#> [[5, 1], [0, 3], [2, 4]]
#> [[4, 2], [1, 3], [0, 5]]
print([x[:, 0].tolist() for x, y in shuffled(seed=0)])
#> [[5, 1], [0, 3], [2, 4]]

# %% random-starts
cpu = torch.Generator(device="cpu").manual_seed(0)
at = torch.randint(len(ids) - T, (3,), generator=cpu, device="cpu")
print(at.tolist())
#> [2, 3, 5]
print([ids[i : i + T].tolist() for i in at.tolist()])
#> [[2, 3, 4, 5], [3, 4, 5, 6], [5, 6, 7, 8]]

# %% loss-shape
B, V = 2, 7
logits = torch.zeros(B, T, V, device="cpu")
y = torch.tensor([[1, 2, 3, 4], [2, 3, 4, 5]], device="cpu")
print(list(logits.shape), list(y.shape))
#> [2, 4, 7] [2, 4]
try:
    F.cross_entropy(logits, y)
except RuntimeError as error:
    print(error)
#> Expected target size [2, 7], got [2, 4]
flat, moved = logits.flatten(0, 1), logits.transpose(1, 2)
print(list(flat.shape), F.cross_entropy(flat, y.flatten()))
#> [8, 7] tensor(1.9459)
print(list(moved.shape), F.cross_entropy(moved, y))
#> [2, 7, 4] tensor(1.9459)

# %% square
logits = torch.zeros(1, 3, 3)  # (1)!
logits[..., 0] = 9.0
y = torch.zeros(1, 3, dtype=torch.int64)
loss = F.cross_entropy(logits.flatten(0, 1), y.flatten())
wrong = F.cross_entropy(logits, y)
print(f"{loss.item():.4f} {wrong.item():.4f}")
#> 0.0002 1.0986

# %% split
from pathlib import Path

file = Path(__file__).parent / "data" / "verne.en.txt"
text = file.read_text("utf-8").partition("\n\n")[2].rstrip()
ids = torch.tensor(list(text.encode("utf-8")))
n = int(0.9 * len(ids))
train, val = ids[:n], ids[n:]
print(len(text), len(ids), len(train), len(val))
#> 2507 2511 2259 252
print(bytes(train[-20:].tolist()), bytes(val[:20].tolist()))
#> b'air. Now, unless the' b' sandbank had been s'

# %% mixed
T = 8
x, y = windows(ids, T, 1)
generator = torch.Generator(device="cpu").manual_seed(0)
mixed = torch.randperm(len(x), generator=generator, device="cpu")
n = int(0.9 * len(x))
seen, held = mixed[:n].tolist(), mixed[n:].tolist()
print(len(x), len(seen), len(held))
#> 2503 2252 251
near = set(seen)
print(sum(i - 1 in near or i + 1 in near for i in held))
#> 251

# %% by-heart
def contexts(x, y, n=4):
    for a, b in zip(x.tolist(), y.tolist()):
        for t in range(n, len(a) + 1):
            yield tuple(a[t - n : t]), b[t - 1]


def accuracy(known, new):
    answers = dict(contexts(*known))
    right = [answers.get(c) == target for c, target in contexts(*new)]
    return sum(right) / len(right)

# %% leak
def pick(starts):
    return x[torch.tensor(starts)], y[torch.tensor(starts)]


print(f"{accuracy(pick(seen), pick(held)):.3f}")
#> 0.842
print(f"{accuracy(windows(train, T, 1), windows(val, T, 1)):.3f}")
#> 0.340

# %% leak-figure
figure, axes = plt.subplots(figsize=(4.2, 1.6))
axes.barh([0, 1], 2 * [len(x)], 0.8, color="C0")
axes.vlines(held, -0.4, 0.4, color="C1", linewidth=0.5)
axes.barh(1, len(val), 0.8, left=len(train), color="C1")
axes.set_ylim(1.5, -0.5)
axes.set_yticks([])
axes.set_xlabel("$i$")

# %% pad
from torch.nn.utils.rnn import pad_sequence

texts = [torch.tensor(t) for t in ([1, 2, 3, 4, 5], [6, 7], [8, 9, 8])]
padded = pad_sequence(texts, batch_first=True, padding_value=0)
print(padded)
#> tensor([[1, 2, 3, 4, 5],
#>         [6, 7, 0, 0, 0],
#>         [8, 9, 8, 0, 0]])
print(padded.numel(), sum(len(t) for t in texts))
#> 15 10

# %% pad-targets
y = padded[:, 1:]
y_masked = y.masked_fill(y == 0, -100)
print(y_masked)
#> tensor([[   2,    3,    4,    5],
#>         [   7, -100, -100, -100],
#>         [   9,    8, -100, -100]])
logits = torch.zeros(3, 4, 10)
logits[..., 0] = 5.0
for targets in (y, y_masked):
    loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten())
    print(f"{loss.item():.4f}")
#> 2.9755
#> 5.0589

# %% nothing-left
logits = torch.zeros(4, 10, requires_grad=True)
loss = F.cross_entropy(logits, torch.full((4,), -100))
loss.backward()
print(loss.item(), bool((logits.grad == 0).all()))
#> nan True
y, mask = torch.zeros(4, dtype=torch.int64), torch.zeros(4)
losses = F.cross_entropy(logits, y, reduction="none")
logits.grad = None
((mask * losses).sum() / mask.sum()).backward()
print(bool(logits.grad.isnan().all()))
#> True

# %% pack
END = torch.tensor([0])
stream = torch.cat([part for t in texts for part in (t, END)])
print(stream.tolist())
#> [1, 2, 3, 4, 5, 0, 6, 7, 0, 8, 9, 8, 0]
x, y = windows(stream, 4, 4)
print(x.tolist())
#> [[1, 2, 3, 4], [5, 0, 6, 7], [0, 8, 9, 8]]
print(y.tolist())
#> [[2, 3, 4, 5], [0, 6, 7, 0], [8, 9, 8, 0]]

# %% paragraphs
lengths = [len(p.encode("utf-8")) + 1 for p in text.split("\n\n")]
width = max(lengths)
print(lengths, sum(lengths), len(lengths) * width)
#> [521, 193, 1079, 716] 2509 4316

# %% padding-figure
figure, (top, bottom) = plt.subplots(2, 1, sharex=True, figsize=(4, 3))
place = 0
for k, n in enumerate(lengths):
    top.barh(k, width, color="none", edgecolor="C5", hatch="////")
    top.barh(k, n, color=f"C{k}")
    for row in range(3):
        start = max(place - row * width, 0)
        n_here = max(min(place + n - row * width, width) - start, 0)
        bottom.barh(row, n_here, left=start, color=f"C{k}")
    place += n
for axes in (top, bottom):
    axes.set(xlim=(0, 1100), ylim=(3.5, -0.5), yticks=[])

# %% solution-count
n, T = 1_000_000, 1024
print((n - T - 1) // 1024 + 1, f"{n - T:,}")
#> 976 998,976

# %% bug-twice
def shifting_loss(logits, labels):
    logits, labels = logits[:, :-1], labels[:, 1:]
    return F.cross_entropy(logits.flatten(0, 1), labels.flatten())


x, y = windows(torch.arange(10), 4, 4)
logits = 20.0 * F.one_hot(x + 1, 10)
right = F.cross_entropy(logits.flatten(0, 1), y.flatten())
print(f"{right.item():.1f} {shifting_loss(logits, y).item():.1f}")
#> 0.0 20.0

# %% solution-twice
print((y[:, 1:] - x[:, :-1]).tolist())
#> [[2, 2, 2], [2, 2, 2]]
print(f"{shifting_loss(logits, x).item():.1f}")
#> 0.0

# %% solution-loop
def by_loop(ids, T, stride):
    starts = range(0, len(ids) - T, stride)
    x = torch.stack([ids[i : i + T] for i in starts])
    y = torch.stack([ids[i + 1 : i + T + 1] for i in starts])
    return x, y


for s in (1, 3, 8):
    pairs = zip(by_loop(ids, 8, s), windows(ids, 8, s))
    print(s, [torch.equal(a, b) for a, b in pairs])
#> 1 [True, True]
#> 3 [True, True]
#> 8 [True, True]

# %% solution-mean
losses = torch.tensor([2.0, 2.0, 2.0, 2.0, 5.0, 5.0])
means = torch.stack([batch.mean() for batch in losses.split(4)])
sums = torch.stack([batch.sum() for batch in losses.split(4)])
print(means.mean().item(), (sums.sum() / len(losses)).item())
#> 3.5 3.0

# %% solution-leak
for T, s in ((16, 1), (8, 8), (4, 1)):
    x, y = windows(ids, T, s)
    generator = torch.Generator(device="cpu").manual_seed(0)
    mixed = torch.randperm(len(x), generator=generator, device="cpu")
    n = int(0.9 * len(x))
    known, new = pick(mixed[:n].tolist()), pick(mixed[n:].tolist())
    print(T, s, f"{accuracy(known, new):.2f}")
#> 16 1 0.86
#> 8 8 0.28
#> 4 1 0.24

# %% solution-pack
END = 256
stream = []
for paragraph in text.split("\n\n"):
    stream += [*paragraph.encode("utf-8"), END]
x, y = windows(torch.tensor(stream), 64, 64)
inside = (x[:, :-1] == END).any(dim=1)
print(len(stream), len(x), inside.sum().item())
#> 2509 39 3
print((y == END).sum().item())
#> 3
