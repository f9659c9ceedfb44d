"""Gradients through several layers, up to a language model's loss."""

# %% values
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

# %% layers-figure
layers = [(x, None), (h, delta1), (z, delta2)]
heights = [(1, -1), (1, -1), (0,)]
signs = [("$x_1$", "$x_2$"), ("$h_1$", "$h_2$"), ("$z$",)]
figure, axis = plt.subplots(figsize=(5.8, 4))


def write(left, up, text, colour, ha="center"):
    text = text.replace("-", "−")
    axis.text(left, up, text, color=colour, ha=ha, va="center")


for column, (values, errors) in enumerate(layers):
    for k, up in enumerate(heights[column]):
        label = f"{signs[column][k]} = {values[k].item():.4g}"
        write(2 * column, up, label, "C0")
        if errors is not None:
            label = rf"$\delta$ = {errors[k].item() + 0:.4f}"
            write(2 * column, up - 0.27, label, "C1")
for column, (weights, slopes) in enumerate([(W1, dW1), (W2, dW2)]):
    for i, end in enumerate(heights[column + 1]):
        for j, start in enumerate(heights[column]):
            across = [2 * column + 0.42, 2 * column + 1.58]
            axis.plot(across, [start, end], color="C5", linewidth=1)
            part, ha = (0.5, "center") if start == end else (0.15, "left")
            left = across[0] + 1.16 * part + 0.12 * (start != end)
            up = start + part * (end - start)
            if start == end:
                up += 0.25 * start  # outside the crossing
            elif len(heights[column + 1]) == 1:
                up += 0.22 * start
            write(left, up + 0.1, f"{weights[i, j].item():g}", "C0", ha)
            slope = f"{slopes[i, j].item() + 0:.4f}"
            write(left, up - 0.11, slope, "C1", ha)
axis.set(xlim=(-0.5, 4.5), ylim=(-1.45, 1.45))
axis.axis("off")

# %% same
loss.backward()
torch.testing.assert_close(W2.grad, dW2)
torch.testing.assert_close(b2.grad, delta2)
torch.testing.assert_close(W1.grad, dW1)
torch.testing.assert_close(b1.grad, delta1)
print(W1.grad)
#> tensor([[0.2993, 0.5987],
#>         [0.0000, 0.0000]])

# %% walk
def teller(name):
    def tell(gradient):
        print(f"∂L/∂{name} =", gradient)

    return tell


u = W1 @ x + b1
h = torch.relu(u)
z = W2 @ h + b2
y_hat = torch.sigmoid(z)
for name, tensor in {"u": u, "h": h, "z": z, "ŷ": y_hat}.items():
    tensor.register_hook(teller(name))  # (1)!
F.binary_cross_entropy(y_hat, y).backward()
#> ∂L/∂ŷ = tensor([-2.4918])
#> ∂L/∂z = tensor([-0.5987])
#> ∂L/∂h = tensor([ 0.2993, -1.1974])
#> ∂L/∂u = tensor([0.2993, 0.0000])

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

# %% scores
s = torch.tensor([[2.0, 1.0, 0.0]], requires_grad=True)
F.cross_entropy(s, torch.tensor([0])).backward()
p = torch.softmax(s.detach(), dim=1)
print(p)
#> tensor([[0.6652, 0.2447, 0.0900]])
print(p - torch.tensor([[1.0, 0.0, 0.0]]))
#> tensor([[-0.3348,  0.2447,  0.0900]])
print(s.grad)
#> tensor([[-0.3348,  0.2447,  0.0900]])

# %% push-figure
figure, (upper, lower) = plt.subplots(2, 1, figsize=(3.6, 4.8))
upper.bar([0], [1.0], color="none", edgecolor="C1", linestyle="--")
upper.bar(range(3), p[0].cpu(), color="C0")
push = -s.grad[0].cpu()
lower.bar(range(3), push, color=["C1", "C0", "C0"])
lower.axhline(0, color="C5", linewidth=1)
upper.set_ylabel("$p_k$")
lower.set_ylabel("$y_k - p_k$")
for axes in (upper, lower):
    axes.set_xticks(range(3))
    axes.set_xlabel("k")
figure.tight_layout()

# %% two-classes
z = torch.tensor(2.42)
print(torch.sigmoid(z), torch.sigmoid(z) - 1)
#> tensor(0.9183) tensor(-0.0817)
s = torch.tensor([[0.0, 2.42]], requires_grad=True)
F.cross_entropy(s, torch.tensor([1])).backward()
print(torch.softmax(s.detach(), dim=1), s.grad)
#> tensor([[0.0817, 0.9183]]) tensor([[ 0.0817, -0.0817]])

# %% logsumexp
s = torch.tensor([0.0, 200.0])
print(torch.log(torch.exp(s).sum()))
#> tensor(inf)
print(-torch.log(torch.softmax(s, dim=0)[0]))
#> tensor(inf)
m = s.max()
print(m + torch.log(torch.exp(s - m).sum()))
#> tensor(200.)
print(torch.logsumexp(s, dim=0) - s[0])
#> tensor(200.)
print(F.cross_entropy(s, torch.tensor(0)))
#> tensor(200.)

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

# %% tune-gradient
counts = torch.tensor([0, 3, 2, 1, 0, 1, 2])
following = torch.repeat_interleave(torch.arange(7), counts)
s = torch.zeros(7, requires_grad=True)
F.cross_entropy(s.expand(9, 7), following).backward()
print(s.grad)
#> tensor([ 0.1429, -0.1905, -0.0794,  0.0317,  0.1429,  0.0317, -0.0794])
print(torch.softmax(s.detach(), dim=0) - counts / 9)
#> tensor([ 0.1429, -0.1905, -0.0794,  0.0317,  0.1429,  0.0317, -0.0794])

# %% solution-tanh
x = torch.tensor([1.0, 2.0])
h = torch.tanh(W1 @ x + b1)
z = W2 @ h + b2
with torch.no_grad():
    delta2 = torch.sigmoid(z) - 1
    delta1 = (W2.T @ delta2) * (1 - h**2)
W1.grad = None
F.binary_cross_entropy_with_logits(z, torch.ones(1)).backward()
torch.testing.assert_close(W1.grad, torch.outer(delta1, x))
print(W1.grad)
#> tensor([[ 0.1552,  0.3104],
#>         [-1.2646, -2.5292]])

# %% solution-batch
X = torch.tensor([[1.0, 2.0], [0.0, 1.0], [-1.0, 0.5]])
y = torch.tensor([[1.0], [0.0], [1.0]])
U = X @ W1.T + b1
z = torch.relu(U) @ W2.T + b2
with torch.no_grad():
    Delta2 = (torch.sigmoid(z) - y) / 3
    Delta1 = (Delta2 @ W2) * (U > 0)
W1.grad = None
F.binary_cross_entropy_with_logits(z, y).backward()
torch.testing.assert_close(W1.grad, Delta1.T @ X)
print(W1.grad)
#> tensor([[0.0998, 0.0891],
#>         [0.0483, 0.4176]])

# %% solution-two-right
s = torch.tensor([[2.0, 1.0, 0.0]], requires_grad=True)
q = torch.tensor([[0.5, 0.5, 0.0]])
F.cross_entropy(s, q).backward()
print(s.grad)
#> tensor([[ 0.1652, -0.2553,  0.0900]])
print(torch.softmax(s.detach(), dim=1) - q)
#> tensor([[ 0.1652, -0.2553,  0.0900]])

# %% solution-table rtol="1e-3"
tune = (
    "C D E C C D E C E F G E F G "
    "G A G F E C G A G F E C C g C C g C"
).split()
ids = torch.tensor([sorted(set(tune)).index(note) for note in tune])
before, after = F.one_hot(ids[:-1], 7).float(), ids[1:]
scores = torch.zeros(7, 7)
for _ in range(500):
    p = torch.softmax(scores[ids[:-1]], dim=1)
    error = (p - F.one_hot(after, 7)) / 31
    scores -= 5.0 * before.T @ error
print(f"{F.cross_entropy(scores[ids[:-1]], after).item():.2f}")
#> 0.92
