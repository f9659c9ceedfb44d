"""A training loop, and what a real program adds to it."""

# %% rings
import warnings

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import nn


def rings(n, noise=0.2):
    angle = 2 * torch.pi * torch.rand(n)
    label = (torch.arange(n) % 2).float()
    radius = 1 + label + noise * torch.randn(n)
    points = [radius * angle.cos(), radius * angle.sin()]
    return torch.stack(points, dim=1), label.unsqueeze(1)

# %% data
torch.manual_seed(0)
X, y = rings(200)
print(X.shape, y.shape)
#> torch.Size([200, 2]) torch.Size([200, 1])

# %% model
model = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 1))
loss_function = nn.BCEWithLogitsLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
print(sum(p.numel() for p in model.parameters()))
#> 65

# %% accuracy
def accuracy(model, X, y):
    was_training = model.training
    model.eval()
    with torch.no_grad():
        guesses = (model(X) > 0).float()  # (1)!
    model.train(was_training)  # (2)!
    return (guesses == y).float().mean().item()


print(f"{accuracy(model, X, y):.2f}")
#> 0.50

# %% training rtol="1e-3"
losses = []
model.train()
for _ in range(300):
    optimizer.zero_grad()  # (1)!
    loss = loss_function(model(X), y)  # (2)!
    loss.backward()  # (3)!
    optimizer.step()  # (4)!
    losses.append(loss.item())
print(f"{losses[0]:.3f} → {losses[-1]:.3f}")
#> 0.734 → 0.047

# %% loss-curve
figure, axes = plt.subplots()
axes.plot(range(1, 301), losses, color="C0")
axes.set_xlabel("t")
axes.set_ylabel("L", rotation=0, labelpad=12)
axes.set_ylim(bottom=0)

# %% learned
print(f"{accuracy(model, X, y):.2f}")
#> 0.99

# %% rings-figure
across, up = torch.meshgrid(
    torch.linspace(-3, 3, 61), torch.linspace(-3, 3, 61), indexing="xy"
)
with torch.no_grad():
    z = model(torch.stack([across, up], dim=2)).squeeze(2)
figure, axes = plt.subplots(figsize=(3.4, 3.4))
for k, mark in ((0, "o"), (1, "s")):
    points = X[y.squeeze(1) == k].cpu()
    axes.plot(*points.T, mark, color=f"C{k}", markersize=3)
axes.contour(across.cpu(), up.cpu(), z.cpu(), levels=[0], colors="C2")
axes.set_aspect("equal")
axes.set(xlabel="$x_1$", ylabel="$x_2$")

# %% network-figure
W, v = (model[i].weight.detach().cpu() for i in (0, 2))
columns = [[(0, 5 + 5 * i) for i in range(2)]]
columns += [[(1, i) for i in range(16)], [(2, 7.5)]]
figure, axes = plt.subplots(figsize=(4.2, 3.2))
for weights, left, right in [(W, *columns[:2]), (v, *columns[1:])]:
    for i, end in enumerate(right):
        for j, start in enumerate(left):
            w = weights[i, j].item()
            axes.plot(
                *zip(start, end),
                color="C0" if w > 0 else "C1",
                linewidth=min(abs(w), 3),
            )
labels = [("$x_1$", "$x_2$"), [""] * 16, ["$z$"]]
for column, names in zip(columns, labels):
    for (across, up), name in zip(column, names):
        axes.plot(across, up, "o", color="C2", markersize=7)
        axes.text(across, up + 0.8, name, ha="center")
axes.axis("off")

# %% eval-or-no-grad
torch.manual_seed(0)
layer = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5))
ones = torch.ones(1, 4)
layer.eval()
print(torch.equal(layer(ones), layer(ones)), layer(ones).requires_grad)
#> True True
layer.train()
with torch.no_grad():
    print((layer(ones) == 0).any().item(), layer(ones).requires_grad)
#> True False

# %% target-shape
try:
    nn.BCELoss()(torch.tensor([[0.5]]), torch.tensor([1.0]))
except ValueError as error:
    print(str(error).partition(" is deprecated")[0])
#> Using a target size (torch.Size([1])) that is different to the input size (torch.Size([1, 1]))

# %% target-shape-cure
p = torch.tensor([[0.5]])
print(nn.BCELoss()(p, torch.tensor([[1.0]])))
#> tensor(0.6931)
print(nn.BCELoss()(p.squeeze(1), torch.tensor([1.0])))
#> tensor(0.6931)

# %% mse-broadcast
a = torch.tensor([[1.0], [2.0]])
t = torch.tensor([1.0, 2.0])
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    print(nn.MSELoss()(a, t))
#> tensor(0.5000)
print(str(caught[0].message).partition(" that")[0])
#> Using a target size (torch.Size([2]))
print(a.shape, t.shape, (a - t).shape)
#> torch.Size([2, 1]) torch.Size([2]) torch.Size([2, 2])
print(nn.MSELoss()(a.squeeze(1), t))
#> tensor(0.)

# %% target-dtype
half = torch.tensor([0.5], device="cpu")
label_one = torch.tensor([1], device="cpu")
print(half.dtype, label_one.dtype)
#> torch.float32 torch.int64
try:
    nn.BCELoss()(half, label_one)
except RuntimeError as error:
    print(error)
#> Found dtype Long but expected Float
print(nn.BCELoss()(half, label_one.to(torch.float32)))
#> tensor(0.6931)

# %% class-dtype
logits = torch.tensor([[2.0, 1.0, 0.0]], device="cpu")
right = torch.tensor([0], dtype=torch.int32, device="cpu")
try:
    F.cross_entropy(logits, right)
except RuntimeError as error:
    print(type(error).__name__)
#> RuntimeError
print(F.cross_entropy(logits, right.to(torch.int64)))
#> tensor(0.4076)
print(torch.softmax(logits, dim=1))
#> tensor([[0.6652, 0.2447, 0.0900]])

# %% not-a-probability
outside = torch.tensor([2.42], device="cpu")
try:
    nn.BCELoss()(outside, torch.ones(1, device="cpu"))
except RuntimeError as error:
    print(error)
#> all elements of input should be between 0 and 1

# %% dataset
from torch.utils.data import DataLoader, Dataset, random_split


class Rings(Dataset):
    def __init__(self, n, noise):
        self.X, self.y = rings(n, noise)

    def __len__(self):
        return len(self.X)

    def __getitem__(self, i):
        return self.X[i], self.y[i]

# %% split
torch.manual_seed(0)
points = Rings(240, noise=0.4)
generator = torch.Generator().manual_seed(2)
seen, held_out = random_split(points, [40, 200], generator=generator)
print(len(seen), len(held_out))
#> 40 200

# %% loader
loader = DataLoader(seen, batch_size=16, shuffle=True, generator=generator)
for rows, labels in loader:
    print(list(rows.shape), list(labels.shape))
#> [16, 2] [16, 1]
#> [16, 2] [16, 1]
#> [8, 2] [8, 1]

# %% validation rtol="1e-2"
def mean_loss(model, data):
    ((rows, labels),) = DataLoader(data, batch_size=len(data))  # (1)!
    with torch.no_grad():
        return loss_function(model(rows), labels).item()


torch.manual_seed(0)
model = nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 1))
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
curves = []
for epoch in range(200):
    for rows, labels in loader:
        optimizer.zero_grad()
        loss_function(model(rows), labels).backward()
        optimizer.step()
    curves.append((mean_loss(model, seen), mean_loss(model, held_out)))
for epoch in (1, 30, 200):
    print(epoch, *(f"{loss:.1f}" for loss in curves[epoch - 1]))
#> 1 0.7 0.7
#> 30 0.2 0.4
#> 200 0.1 0.7

# %% validation-figure
figure, axes = plt.subplots()
for k, curve in enumerate(zip(*curves)):
    axes.plot(range(1, 201), curve, color=f"C{k}", linestyle=["-", "--"][k])
best = min(range(200), key=lambda i: curves[i][1])
axes.plot(best + 1, curves[best][1], "o", color="C2")
axes.set(xlabel="t", ylim=(0, None))
axes.set_ylabel("L", rotation=0, labelpad=12)

# %% save
import tempfile
from pathlib import Path

with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "rings.pt"
    torch.save(model.state_dict(), file)
    state = torch.load(file, weights_only=True)
for name, tensor in state.items():
    print(name, list(tensor.shape))
#> 0.weight [64, 2]
#> 0.bias [64]
#> 2.weight [1, 64]
#> 2.bias [1]
again = nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 1))
again.load_state_dict(state)
print(torch.equal(again(X), model(X)))
#> True

# %% adamw
def adamw(w, g, m, v, t, lr, decay):
    m = 0.9 * m + 0.1 * g  # (1)!
    v = 0.999 * v + 0.001 * g**2  # (2)!
    step = m / (1 - 0.9**t) / ((v / (1 - 0.999**t)).sqrt() + 1e-8)
    return w - lr * decay * w - lr * step, m, v

# %% adamw-check
a = torch.tensor([1.0, 1000.0])
w = torch.ones(2, requires_grad=True)
optimizer = torch.optim.AdamW([w], lr=0.1, weight_decay=0.01)
by_hand, m, v = torch.ones(2), torch.zeros(2), torch.zeros(2)
for t in (1, 2, 3):
    optimizer.zero_grad()
    (a * w**2).sum().backward()
    optimizer.step()
    g = 2 * a * by_hand
    by_hand, m, v = adamw(by_hand, g, m, v, t, lr=0.1, decay=0.01)
    print(w.detach(), by_hand)
#> tensor([0.8990, 0.8990]) tensor([0.8990, 0.8990])
#> tensor([0.7985, 0.7985]) tensor([0.7985, 0.7985])
#> tensor([0.6989, 0.6989]) tensor([0.6989, 0.6989])

# %% optimizer-figure
def path(make):
    w = torch.tensor([-4.0, 1.0], requires_grad=True)
    optimizer, places = make([w]), []
    for _ in range(40):
        places.append(w.detach().tolist())
        optimizer.zero_grad()
        (w[0] ** 2 / 2 + 20 * w[1] ** 2).backward()
        optimizer.step()
    return places


across, up = torch.meshgrid(
    torch.linspace(-4.5, 1, 45), torch.linspace(-1.5, 1.5, 31), indexing="xy"
)
height = (across**2 / 2 + 20 * up**2).cpu()
figure, axes = plt.subplots()
levels = [0.5, 2, 4.5, 8, 14, 24]
axes.contour(across.cpu(), up.cpu(), height, levels=levels, colors="C5")
for k, make in enumerate(
    (
        lambda w: torch.optim.SGD(w, lr=0.045),
        lambda w: torch.optim.AdamW(w, lr=0.2),
    )
):
    axes.plot(*zip(*path(make)), ["o-", "s-"][k], color=f"C{k}", markersize=3)
axes.set(xlabel="$w_1$", ylabel="$w_2$")

# %% decay
for make, decay in [
    (torch.optim.Adam, 0.0),
    (torch.optim.Adam, 0.1),
    (torch.optim.AdamW, 0.1),
]:
    w = torch.ones(2, requires_grad=True)
    optimizer = make([w], lr=0.01, weight_decay=decay)
    for t in range(100):
        w.grad = (-1) ** t * torch.tensor([0.01, 100.0])
        optimizer.step()
    print(make.__name__, decay, [f"{value:.2f}" for value in w.tolist()])
#> Adam 0.0 ['0.98', '0.98']
#> Adam 0.1 ['0.23', '0.98']
#> AdamW 0.1 ['0.89', '0.89']

# %% rounded
print(torch.tensor(1.0, dtype=torch.bfloat16) + 0.001 == 1)
#> tensor(True)
for dtype in (torch.bfloat16, torch.float32):
    w = torch.tensor(1.0, dtype=dtype)
    for _ in range(1000):
        w += 0.001
    print(dtype, f"{w.item():.2f}")
#> torch.bfloat16 1.00
#> torch.float32 2.00

# %% autocast
layer = nn.Linear(4, 1, device="cpu")
ones = torch.ones(8, 4, device="cpu")
with torch.autocast("cpu", dtype=torch.bfloat16):
    z = layer(ones)
z.float().mean().backward()
print("layer(ones)", z.dtype)
#> layer(ones) torch.bfloat16
print("weight", layer.weight.dtype)
#> weight torch.float32
print("weight.grad", layer.weight.grad.dtype)
#> weight.grad torch.float32

# %% too-fast
w = torch.tensor(4.0, requires_grad=True)
for t in range(1, 6):
    w.grad = None
    (w**4).backward()
    with torch.no_grad():
        w -= 0.5 * w.grad
    print(t, f"{w.item():.3g}")
#> 1 -124
#> 2 3.81e+06
#> 3 -1.11e+20
#> 4 inf
#> 5 nan

# %% rates rtol="1e-3"
curves = {}
for lr in (0.001, 0.5, 10.0):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 1))
    optimizer = torch.optim.SGD(net.parameters(), lr=lr)
    curves[lr] = []
    for _ in range(60):
        optimizer.zero_grad()
        loss = loss_function(net(X), y)
        loss.backward()
        optimizer.step()
        curves[lr].append(loss.item())
    print(lr, *(f"{loss:.3f}" for loss in curves[lr][:3]))
    print((net[0](X) > 0).any().item())
#> 0.001 0.694 0.694 0.694
#> True
#> 0.5 0.694 0.684 0.675
#> True
#> 10.0 0.694 0.659 2.388
#> False

# %% rates-figure
figure, axes = plt.subplots()
for k, curve in enumerate(curves.values()):
    axes.plot(range(1, 61), curve, ["-", "--", ":"][k], color=f"C{k}")
axes.set(xlabel="t", ylim=(0, None))
axes.set_ylabel("L", rotation=0, labelpad=12)

# %% nan
print(torch.zeros(0).mean(), torch.tensor(0.0) / 0)
#> tensor(nan) tensor(nan)
for value in (0.0, 1.0):
    w = torch.tensor(value, requires_grad=True)
    (w.sqrt() * w.sqrt()).backward()
    print(value, w.grad.item())
#> 0.0 nan
#> 1.0 1.0

# %% one-batch rtol="1e-2"
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 1))
optimizer = torch.optim.AdamW(net.parameters(), lr=0.01)
for _ in range(500):
    optimizer.zero_grad()
    loss = loss_function(net(X[:8]), y[:8])
    loss.backward()
    optimizer.step()
print(f"{loss.item():.1f}")
#> 0.0

# %% solution-equal
equal = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 1))
for p in equal.parameters():
    nn.init.constant_(p, 0.1)
optimizer = torch.optim.SGD(equal.parameters(), lr=0.5)
for _ in range(300):
    optimizer.zero_grad()
    loss_function(equal(X), y).backward()
    optimizer.step()
rows = equal[0].weight.detach()
torch.testing.assert_close(rows, rows[:1].expand(16, 2))
print(f"{accuracy(equal, X, y):.1f}")
#> 0.6

# %% solution-momentum
w = torch.tensor([1.0, 1.0], requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.1, momentum=0.9)
by_hand, m = torch.ones(2), torch.zeros(2)
a = torch.tensor([1.0, 4.0])
for t in range(3):
    optimizer.zero_grad()
    (a * w**2).sum().backward()
    optimizer.step()
    m = 0.9 * m + 2 * a * by_hand
    by_hand = by_hand - 0.1 * m
    print(w.detach(), by_hand)
#> tensor([0.8000, 0.2000]) tensor([0.8000, 0.2000])
#> tensor([ 0.4600, -0.6800]) tensor([ 0.4600, -0.6800])
#> tensor([ 0.0620, -0.9280]) tensor([ 0.0620, -0.9280])

# %% solution-best rtol="1e-2"
from copy import deepcopy

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 1))
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
lowest = float("inf")
for epoch in range(100):
    for rows, labels in loader:
        optimizer.zero_grad()
        loss_function(model(rows), labels).backward()
        optimizer.step()
    now = mean_loss(model, held_out)
    if now < lowest:
        lowest, shared = now, model.state_dict()
        best = deepcopy(shared)
for state in (shared, best):
    model.load_state_dict(state)
    print(f"{mean_loss(model, held_out):.1f}")
#> 0.5
#> 0.4

# %% solution-parts
x = torch.tensor([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 5.0, 5.0, 5.0, 5.0])
w = torch.tensor(1.0, requires_grad=True)


def gradient(*losses):
    w.grad = None
    for loss in losses:
        loss.backward()
    return w.grad.item()


first, second = x[:6], x[6:]
print(gradient(((w - x) ** 2).mean()))
#> -2.0
means = [((w - part) ** 2).mean() / 2 for part in (first, second)]
print(gradient(*means))
#> -3.0
shares = [((w - part) ** 2).sum() / 10 for part in (first, second)]
print(gradient(*shares))
#> -2.0
