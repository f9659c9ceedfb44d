"""Gradients through several layers, and a training loop that learns."""

# %% values
import warnings

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import nn

x = torch.tensor([1.0, 2.0])
y = torch.tensor([1.0])
W1 = torch.tensor([[0.5, 0.25], [-1.0, 0.25]], requires_grad=True)
b1 = torch.tensor([0.0, 0.1], requires_grad=True)
W2 = torch.tensor([[-0.5, 2.0]], requires_grad=True)
b2 = torch.tensor([0.1], requires_grad=True)

# %% forward
u = W1 @ x + b1
h = torch.relu(u)
z = W2 @ h + b2
y_hat = torch.sigmoid(z)
loss = F.binary_cross_entropy(y_hat, y)
print("u =", u.detach())
#> u = tensor([ 1.0000, -0.4000])
print("h =", h.detach())
#> h = tensor([1., 0.])
print("ŷ =", y_hat.detach())
#> ŷ = tensor([0.4013])
print("L =", loss.detach())
#> L = tensor(0.9130)

# %% backward
with torch.no_grad():
    delta2 = y_hat - y
    dW2 = torch.outer(delta2, h)
    delta1 = (W2.T @ delta2) * (u > 0)
    dW1 = torch.outer(delta1, x)
print("δ₂ =", delta2)
#> δ₂ = tensor([-0.5987])
print("∂L/∂W₂ =", dW2)
#> ∂L/∂W₂ = tensor([[-0.5987, -0.0000]])
print("δ₁ =", delta1)
#> δ₁ = tensor([0.2993, -0.0000])
print("∂L/∂W₁ =", dW1)
#> ∂L/∂W₁ = tensor([[0.2993, 0.5987],
#>         [-0.0000, -0.0000]])

# %% walk
def teller(name):
    def tell(gradient):
        print(f"∂L/∂{name} =", gradient)

    return tell


for name, tensor in {"u": u, "h": h, "z": z, "ŷ": y_hat}.items():
    tensor.register_hook(teller(name))  # (1)!
loss.backward()
#> ∂L/∂ŷ = tensor([-2.4918])
#> ∂L/∂z = tensor([-0.5987])
#> ∂L/∂h = tensor([ 0.2993, -1.1974])
#> ∂L/∂u = tensor([0.2993, 0.0000])

# %% same
torch.testing.assert_close(W2.grad, dW2)
torch.testing.assert_close(b2.grad, delta2)
torch.testing.assert_close(W1.grad, dW1)
torch.testing.assert_close(b1.grad, delta1)
print(W1.grad)
#> tensor([[0.2993, 0.5987],
#>         [0.0000, 0.0000]])

# %% module
class SimpleNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(10, 5)  # (1)!
        self.fc2 = nn.Linear(5, 1)

    def forward(self, x):
        h = torch.relu(self.fc1(x))
        return self.fc2(h)  # (2)!

# %% parameters
torch.manual_seed(0)
net = SimpleNet()
for name, p in net.named_parameters():
    print(name, list(p.shape), p.numel())
#> fc1.weight [5, 10] 50
#> fc1.bias [5] 5
#> fc2.weight [1, 5] 5
#> fc2.bias [1] 1
print(sum(p.numel() for p in net.parameters()))
#> 61

# %% batch
x = torch.randn(1, 10)
y = torch.tensor([[1.0]])
z = net(x)
loss = nn.BCEWithLogitsLoss()(z, y)
print(z.shape, y.shape)
#> torch.Size([1, 1]) torch.Size([1, 1])
print(f"ŷ = {torch.sigmoid(z).item():.4f}, L = {loss.item():.4f}")
#> ŷ = 0.4365, L = 0.8290

# %% gradients
loss.backward()
for name, p in net.named_parameters():
    print(name, list(p.grad.shape))
#> fc1.weight [5, 10]
#> fc1.bias [5]
#> fc2.weight [1, 5]
#> fc2.bias [1]
print(net.fc2.bias.grad)
#> tensor([-0.5635])
print(net.fc1.bias.grad)
#> tensor([ 0.1484, -0.0470,  0.0000,  0.1747,  0.1302])
print(net.fc2.weight.grad)
#> tensor([[-0.4761, -0.7854,  0.0000, -0.4603, -0.2397]])

# %% dead
with torch.no_grad():
    u = net.fc1(x)
print(u > 0)
#> tensor([[ True,  True, False,  True,  True]])
print(net.fc1.weight.grad[:, :5])
#> tensor([[-0.0787, -0.0640, -0.3392,  0.0104,  0.0990],
#>         [ 0.0249,  0.0203,  0.1073, -0.0033, -0.0313],
#>         [-0.0000, -0.0000, -0.0000,  0.0000,  0.0000],
#>         [-0.0927, -0.0753, -0.3992,  0.0122,  0.1166],
#>         [-0.0691, -0.0561, -0.2976,  0.0091,  0.0869]])
torch.manual_seed(0)
off = nn.Linear(10, 1000)(torch.randn(1, 10)) <= 0
print(off.sum().item())
#> 504

# %% step
optimizer = torch.optim.SGD(net.parameters(), lr=0.01)  # (1)!
optimizer.step()
with torch.no_grad():
    after = nn.BCEWithLogitsLoss()(net(x), y)
print(f"{loss.item():.4f} → {after.item():.4f}")
#> 0.8290 → 0.8070

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

# %% mse-strict
with warnings.catch_warnings():
    warnings.filterwarnings("error", "Using a target size")
    try:
        nn.MSELoss()(a, t)
    except UserWarning as warning:
        print(type(warning).__name__)
#> UserWarning

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

# %% logits
z = torch.tensor([20.0])
y = torch.tensor([0.0])
print(torch.sigmoid(z) == 1)
#> tensor([True])
print(nn.BCELoss()(torch.sigmoid(z), y))
#> tensor(100.)
print(nn.BCEWithLogitsLoss()(z, y))
#> tensor(20.)
print(z.clamp(min=0) - z * y + torch.log1p(torch.exp(-z.abs())))
#> tensor([20.])

# %% logits-gradient
for function in (
    lambda z, y: F.binary_cross_entropy(torch.sigmoid(z), y),
    F.binary_cross_entropy_with_logits,
):
    z = torch.tensor([-200.0], requires_grad=True)
    loss = function(z, torch.tensor([1.0]))
    loss.backward()
    print(loss.item(), z.grad.item())
#> 100.0 -0.0
#> 200.0 -1.0

# %% softmax-twice
for n in (3, 10, 50257):
    s = torch.zeros(1, n)
    s[0, 0] = 100.0
    once = F.cross_entropy(s, torch.tensor([0]))
    twice = F.cross_entropy(torch.softmax(s, dim=1), torch.tensor([0]))
    print(n, f"{once.item():.3f} {twice.item():.3f}")
#> 3 0.000 0.551
#> 10 0.000 1.461
#> 50257 0.000 9.825

# %% softmax-gradient
for squeeze in (lambda s: s, lambda s: torch.softmax(s, dim=1)):
    s = torch.tensor([[0.0, 8.0, 0.0]], requires_grad=True)
    F.cross_entropy(squeeze(s), torch.tensor([0])).backward()
    print(f"{s.grad.abs().sum().item():.4f}")
#> 1.9993
#> 0.0012

# %% data
torch.manual_seed(0)
angle = 2 * torch.pi * torch.rand(200)
label = (torch.arange(200) % 2).float()
radius = 1 + label + 0.2 * torch.randn(200)
X = torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1)
y = label.unsqueeze(1)
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
    points = X[label == k].cpu()
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

# %% flops
from torch.utils.flop_counter import FlopCounterMode

first, second = nn.Linear(512, 512), nn.Linear(512, 512)
wide = nn.Sequential(first, nn.ReLU(), second)
x = torch.randn(64, 512)
with FlopCounterMode(display=False) as forward:
    loss = wide(x).sum()
with FlopCounterMode(display=False) as backward:
    loss.backward()
print(forward.get_total_flops(), backward.get_total_flops())
#> 67108864 100663296
print(backward.get_total_flops() / forward.get_total_flops())
#> 1.5

# %% flops-deep
for depth in (2, 8, 32):
    deep = nn.Sequential(*[nn.Linear(64, 64) for _ in range(depth)])
    with FlopCounterMode(display=False) as forward:
        loss = deep(torch.ones(8, 64)).sum()
    with FlopCounterMode(display=False) as backward:
        loss.backward()
    ratio = backward.get_total_flops() / forward.get_total_flops()
    print(depth, ratio)
#> 2 1.5
#> 8 1.875
#> 32 1.96875

# %% saved
saved = []


def pack(tensor):
    saved.append(tuple(tensor.shape))
    return tensor


with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
    loss = wide(x).sum()
print(saved)
#> [(64, 512), (64, 512), (64, 512), (512, 512)]

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

# %% solution-batches
torch.manual_seed(1)
model = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
steps = 0
for _ in range(60):
    for batch in torch.randperm(200).split(20):
        optimizer.zero_grad()
        loss_function(model(X[batch]), y[batch]).backward()
        optimizer.step()
        steps += 1
print(steps, f"{accuracy(model, X, y):.2f}")
#> 600 1.00

# %% solution-fresh-points
torch.manual_seed(2)
angle = 2 * torch.pi * torch.rand(200)
radius = 1 + label + 0.2 * torch.randn(200)
points = [radius * angle.cos(), radius * angle.sin()]
X_test = torch.stack(points, dim=1)
print(f"{accuracy(model, X_test, y):.2f}")
#> 1.00

# %% bug-softmax rtol="1e-3"
s = torch.zeros(4, 3, requires_grad=True)
classes = torch.tensor([0, 1, 2, 0])
optimizer = torch.optim.SGD([s], lr=10.0)
for step in range(1001):
    optimizer.zero_grad()
    loss = F.cross_entropy(torch.softmax(s, dim=1), classes)
    loss.backward()
    optimizer.step()
    if step in (0, 100, 1000):
        print(step, f"{loss.item():.2f}")
#> 0 1.10
#> 100 0.55
#> 1000 0.55

# %% solution-softmax rtol="1e-3"
s = torch.zeros(4, 3, requires_grad=True)
optimizer = torch.optim.SGD([s], lr=10.0)
for step in range(1001):
    optimizer.zero_grad()
    loss = F.cross_entropy(s, classes)
    loss.backward()
    optimizer.step()
    if step in (0, 100, 1000):
        print(step, f"{loss.item():.2f}")
#> 0 1.10
#> 100 0.00
#> 1000 0.00

# %% answer-shapes
print((torch.zeros(20, 1) - torch.zeros(20)).shape)
#> torch.Size([20, 20])
