"""One function and one neuron, differentiated; PyTorch's rules."""

# %% chain
import math
import warnings

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F

x = torch.tensor(2.0, requires_grad=True)  # (1)!
u = 3 * x + 1
y = u**2
y.backward()  # (2)!
print("dy/du =", 2 * u.item(), " du/dx =", 3)
#> dy/du = 14.0  du/dx = 3
print("dy/dx =", x.grad)
#> dy/dx = tensor(42.)

# %% chain-mistake
x, u = 2, 3 * 2 + 1
print(2 * u * 3, 2 * x * 3)
#> 42 12

# %% two-paths
x = torch.tensor(2.0, requires_grad=True)
u, v = 3 * x, x**2
y = u * v
y.backward()
print("v · du/dx =", v.item() * 3)
#> v · du/dx = 12.0
print("u · dv/dx =", u.item() * 2 * x.item())
#> u · dv/dx = 24.0
print("dy/dx =", x.grad)
#> dy/dx = tensor(36.)

# %% neuron-forward
x, y, w, b = 1.1, 1, 2.2, 0
z = w * x + b
a = 1 / (1 + math.exp(-z))
loss = -(y * math.log(a) + (1 - y) * math.log(1 - a))
print(f"z = {z:.5f}")
#> z = 2.42000
print(f"a = {a:.5f}")
#> a = 0.91834
print(f"L = {loss:.5f}")
#> L = 0.08519

# %% neuron-backward
dL_da = -y / a + (1 - y) / (1 - a)
da_dz = a * (1 - a)
dL_dz = dL_da * da_dz
dL_dw = dL_dz * x
dL_db = dL_dz * 1
print(f"∂L/∂a = {dL_da:.5f}")
#> ∂L/∂a = -1.08892
print(f"∂a/∂z = {da_dz:.5f}")
#> ∂a/∂z = 0.07499
print(f"∂L/∂z = {dL_dz:.5f}, a − y = {a - y:.5f}")
#> ∂L/∂z = -0.08166, a − y = -0.08166
print(f"∂L/∂w = {dL_dw:.5f}")
#> ∂L/∂w = -0.08983
print(f"∂L/∂b = {dL_db:.5f}")
#> ∂L/∂b = -0.08166

# %% sigmoid-figure
along = torch.linspace(-8, 8, 161, device="cpu")
height = torch.sigmoid(along)
figure, (upper, lower) = plt.subplots(2, 1, figsize=(4, 3.6), sharex=True)
upper.plot(along, height, color="C0")
upper.plot([z], [a], "o", color="C1")
lower.plot(along, height * (1 - height), color="C0")
lower.plot([z], [a * (1 - a)], "o", color="C1")
upper.set_ylabel("$a$", rotation=0, labelpad=12)
lower.set_ylabel("$a(1-a)$")
lower.set_xlabel("$z$")
lower.set_ylim(0, 0.3)
figure.tight_layout()

# %% neuron-tensors
x = torch.tensor([1.1])
y = torch.tensor([1.0])
w = torch.tensor([2.2], requires_grad=True)
b = torch.tensor([0.0], requires_grad=True)
print(x)
#> tensor([1.1000])
print(w)
#> tensor([2.2000], requires_grad=True)

# %% neuron-loss
z = w * x + b
a = torch.sigmoid(z)
loss = F.binary_cross_entropy(a, y)
print(z)
#> tensor([2.4200], grad_fn=<AddBackward0>)
print(a)
#> tensor([0.9183], grad_fn=<SigmoidBackward0>)
print(loss)
#> tensor(0.0852, grad_fn=<BinaryCrossEntropyBackward0>)

# %% neuron-gradients
loss.backward()
print("∂L/∂w =", w.grad)
#> ∂L/∂w = tensor([-0.0898])
print("∂L/∂b =", b.grad)
#> ∂L/∂b = tensor([-0.0817])
print(x.grad)
#> None

# %% graph-values
w = torch.tensor([2.2], requires_grad=True)
b = torch.tensor([0.0], requires_grad=True)
p = w * x
z = p + b
a = torch.sigmoid(z)
loss = F.binary_cross_entropy(a, y)
named = {"w": w, "b": b, "wx": p, "z": z, "a": a, "L": loss}
for t in named.values():
    t.retain_grad()
loss.backward()
for name, t in named.items():
    print(f"∂L/∂{name} = {t.grad.item():.4f}")
#> ∂L/∂w = -0.0898
#> ∂L/∂b = -0.0817
#> ∂L/∂wx = -0.0817
#> ∂L/∂z = -0.0817
#> ∂L/∂a = -1.0889
#> ∂L/∂L = 1.0000

# %% walk
def walk(node, depth=0):
    if node is None:
        print("    " * depth + "None")
        return
    print("    " * depth + type(node).__name__)
    for parent, _ in node.next_functions:
        walk(parent, depth + 1)


walk(loss.grad_fn)
#> BinaryCrossEntropyBackward0
#>     SigmoidBackward0
#>         AddBackward0
#>             MulBackward0
#>                 AccumulateGrad
#>                 None
#>             AccumulateGrad
#>     None

# %% graph-depths
depths, edges = {loss.grad_fn: 0}, []
waiting = [loss.grad_fn]
for node in waiting:  # (1)!
    for parent, _ in node.next_functions:
        if parent is not None:
            edges.append((node, parent))
            if parent not in depths:
                depths[parent] = depths[node] + 1
                waiting.append(parent)
print(list(depths.values()), len(edges))
#> [0, 1, 2, 3, 3, 4] 5

# %% graph-figure
names = {t.grad_fn: name for name, t in named.items() if t.grad_fn}
for node in depths:
    if node not in names:
        names[node] = "w" if node.variable is w else "b"
figure, axes = plt.subplots(figsize=(3.6, 6.4))
axes.set(xlim=(-0.95, 0.95), ylim=(-4.4, 0.4))
axes.axis("off")
places = {}
for node, depth in depths.items():
    row = [n for n in depths if depths[n] == depth]
    places[node] = (row.index(node) - (len(row) - 1) / 2, -depth)
    name, t = names[node], named[names[node]]
    label = f"{type(node).__name__}\n{name} = {t.item():.4f}\n"
    label += f"∂L/∂{name} = {t.grad.item():.4f}".replace("-", "−")
    box = {"boxstyle": "round", "fc": "none", "ec": f"C{t.is_leaf:d}"}
    style = {"ha": "center", "va": "center", "bbox": box}
    axes.text(*places[node], label, **style)
for node, parent in edges:
    (x0, y0), (x1, y1) = places[node], places[parent]
    ratio = named[names[parent]].grad / named[names[node]].grad
    arrow = {"arrowstyle": "->", "ec": "C2"}
    start, end = (x0, y0 - 0.3), (x1, y1 + 0.3)
    axes.annotate("", xytext=start, xy=end, arrowprops=arrow)
    label = f"× {ratio.item():.4f}".replace("-", "−")
    side = "right" if x1 < x0 else "left"
    shift = 0.03 if x1 == x0 else 0.12 * (1 if x1 > x0 else -1)
    middle = (x0 + x1) / 2 + shift, (y0 + y1) / 2
    axes.text(*middle, label, va="center", ha=side)

# %% rebuilt
first = (w * x).grad_fn
second = (w * x).grad_fn
print(type(first) is type(second), first is second)
#> True False
(leaf, _), (nothing, _) = first.next_functions
print(leaf.variable is w, nothing)
#> True None

# %% one-function
def f(x, n=3):
    for _ in range(n):
        x = 4 * x * (1 - x)
    return x


print(f"f(0.2) = {f(0.2):.4f}")
#> f(0.2) = 0.2890

# %% symbolic
import sympy

s = sympy.Symbol("x")
print(sympy.diff(f(s, n=1), s))
#> 4 - 8*x
print(sympy.diff(f(s, n=2), s))
#> 16*x*(1 - x)*(8*x - 4) - 16*x*(-4*x*(1 - x) + 1) + 16*(1 - x)*(-4*x*(1 - x) + 1)
derivative = sympy.diff(f(s), s)
print(f"f′(0.2) = {float(derivative.subs(s, 0.2)):.4f}")
#> f′(0.2) = 9.0661

# %% symbolic-growth
for n in range(1, 7):
    formula = f(s, n)
    slope = sympy.diff(formula, s)
    print(n, sympy.count_ops(formula), sympy.count_ops(slope))
#> 1 3 2
#> 2 8 21
#> 3 18 82
#> 4 38 264
#> 5 78 768
#> 6 158 2096

# %% finite-differences
x, h = 0.2, 0.001
forward = (f(x + h) - f(x)) / h
central = (f(x + h) - f(x - h)) / (2 * h)
print(f"{forward:.4f}")
#> 9.0991
print(f"{central:.4f}")
#> 9.0654

# %% automatic
x = torch.tensor(0.2, requires_grad=True)
y = f(x)
y.backward()
print(f"f′(0.2) = {x.grad.item():.4f}")
#> f′(0.2) = 9.0661

# %% forward-sweep
x, slope = 0.2, 1.0
for _ in range(3):
    local = 4 - 8 * x
    x, slope = 4 * x * (1 - x), local * slope
    print(f"{x:.4f} {local:.4f} {slope:.4f}")
#> 0.6400 2.4000 2.4000
#> 0.9216 -1.1200 -2.6880
#> 0.2890 -3.3728 9.0661

# %% jvp
def neuron_loss(w, b):
    z = 1.1 * w + b
    return -F.logsigmoid(z)  # (1)!


w, b = torch.tensor([2.2]), torch.tensor([0.0])
on, off = torch.tensor([1.0]), torch.tensor([0.0])
_, dL_dw = torch.func.jvp(neuron_loss, (w, b), (on, off))
_, dL_db = torch.func.jvp(neuron_loss, (w, b), (off, on))
print(dL_dw, dL_db)
#> tensor([-0.0898]) tensor([-0.0817])

# %% count-sweeps
x = torch.linspace(-1, 1, 100)
calls = []


def many(w):
    calls.append("call")
    return torch.sigmoid(w @ x)


zeros = torch.zeros(100)
rows = torch.eye(100)
forward = [torch.func.jvp(many, (zeros,), (e,))[1] for e in rows]
print(len(calls))
#> 100
calls.clear()
w = torch.zeros(100, requires_grad=True)
many(w).backward()
print(len(calls))
#> 1
torch.testing.assert_close(torch.stack(forward), w.grad)

# %% two-precisions
def both(dtype):
    x = torch.tensor([1.1], dtype=dtype, device="cpu")
    w = torch.tensor([2.2], dtype=dtype, device="cpu")
    w.requires_grad_()
    a = torch.sigmoid(w * x)
    F.binary_cross_entropy(a, torch.ones_like(a)).backward()
    return w.grad, (a.detach() - 1) * x


for dtype in [torch.float32, torch.float64]:
    by_graph, by_hand = both(dtype)
    print(f"{by_graph.item():.8f} {by_hand.item():.8f}")
#> -0.08982629 -0.08982630
#> -0.08982628 -0.08982628
by_graph, by_hand = both(torch.float32)
print(torch.equal(by_graph, by_hand))
#> False
torch.testing.assert_close(by_graph, by_hand)  # (1)!

# %% central-differences
def central(h):
    w = torch.tensor(2.2, dtype=h.dtype, device="cpu")
    rise = neuron_loss(w + h, 0) - neuron_loss(w - h, 0)
    return rise / (2 * h)


for h in [1e-1, 1e-5, 1e-16]:
    h = torch.tensor(h, dtype=torch.float64, device="cpu")
    print(f"{h.item():.1e} {central(h).item():.5f}")
#> 1.0e-01 -0.08997
#> 1.0e-05 -0.08983
#> 1.0e-16 0.00000
for h in [1e-1, 1e-2, 1e-8]:
    h = torch.tensor(h, dtype=torch.float32, device="cpu")
    print(f"{h.item():.1e} {central(h).item():.5f}")
#> 1.0e-01 -0.08997
#> 1.0e-02 -0.08983
#> 1.0e-08 0.00000

# %% best-step
for dtype in [torch.float64, torch.float32]:
    eps = torch.finfo(dtype).eps
    print(f"{eps:.1e} {eps ** (1 / 3):.1e}")
#> 2.2e-16 6.1e-06
#> 1.2e-07 4.9e-03

# %% error-figure
exact = both(torch.float64)[0].item()
figure, axes = plt.subplots()
for dtype, colour in [(torch.float64, "C0"), (torch.float32, "C1")]:
    h = torch.logspace(0, -14, 57, dtype=dtype, device="cpu")
    error = (central(h).double() - exact).abs()
    label = str(dtype).removeprefix("torch.")
    axes.loglog(h, error, ".-", color=colour, label=label)
    best = torch.finfo(dtype).eps ** (1 / 3)
    axes.axvline(best, color=colour, linestyle=":")
axes.set(xlabel="h", ylabel="|g(h) − ∂L/∂w|")
axes.legend()

# %% gradcheck
w = torch.tensor([2.2], dtype=torch.float64, requires_grad=True)
b = torch.tensor([0.0], dtype=torch.float64, requires_grad=True)
print(torch.autograd.gradcheck(neuron_loss, (w, b)))
#> True

# %% kink
w = torch.tensor([-2.0, 0.0, 3.0], requires_grad=True)
torch.relu(w).sum().backward()
print(w.grad)
#> tensor([0., 0., 1.])

# %% requires-grad
x = torch.tensor([1.1])
w = torch.tensor([2.2], requires_grad=True)
print(x.requires_grad, w.requires_grad)
#> False True
print((2 * x).requires_grad, (w * x).requires_grad)
#> False True

# %% integers
try:
    torch.tensor([1, 2], requires_grad=True)
except RuntimeError as error:
    print(error)
#> Only Tensors of floating point and complex dtype can require gradients

# %% leaf
z = w * x
print(x.is_leaf, w.is_leaf, z.is_leaf)
#> True True False
z.backward()
print(x.grad, w.grad)
#> None tensor([1.1000])
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    print(z.grad)
    print(str(caught[0].message).partition(" Its")[0])
#> None
#> The .grad attribute of a Tensor that is not a leaf Tensor is being accessed.

# %% retain-grad
w = torch.tensor([2.0], requires_grad=True)
z = 3 * w
z.retain_grad()
(z**2).backward()
print(z.grad, w.grad)
#> tensor([12.]) tensor([36.])

# %% lost-leaf
w = 0.1 * torch.ones(2, requires_grad=True)
print(w.is_leaf)
#> False
w = torch.ones(2, requires_grad=True).to(torch.float64)
print(w.is_leaf)
#> False
try:
    torch.optim.SGD([w], lr=0.1)
except ValueError as error:
    print(error)
#> can't optimize a non-leaf Tensor
w = (0.1 * torch.ones(2)).requires_grad_()
print(w.is_leaf)
#> True

# %% accumulation
w = torch.tensor([2.0], requires_grad=True)
for _ in range(3):
    loss = 3 * w
    loss.backward()
    print(w.grad)
#> tensor([3.])
#> tensor([6.])
#> tensor([9.])

# %% zero-grad
optimizer = torch.optim.SGD([w], lr=0.1)
optimizer.zero_grad()
print(w.grad)
#> None
loss = 3 * w
loss.backward()
print(w.grad)
#> tensor([3.])

# %% backward-twice
w = torch.tensor([2.0], requires_grad=True)
loss = w**2
loss.backward()
try:
    loss.backward()
except RuntimeError as error:
    print(str(error).partition(" (")[0])
#> Trying to backward through the graph a second time
w.grad = None
loss = w**2
loss.backward(retain_graph=True)
loss.backward()
print(w.grad)
#> tensor([8.])

# %% non-scalar
w = torch.tensor([1.0, 2.0], requires_grad=True)
try:
    (w**2).backward()
except RuntimeError as error:
    print(error)
#> grad can be implicitly created only for scalar outputs

# %% gradient-argument
print(torch.func.jacrev(torch.square)(w.detach()))
#> tensor([[2., 0.],
#>         [0., 4.]])
(w**2).sum().backward()
print(w.grad)
#> tensor([2., 4.])
w.grad = None
(w**2).backward(gradient=torch.tensor([1.0, 10.0]))
print(w.grad)
#> tensor([ 2., 40.])

# %% no-grad
w = torch.tensor([2.0], requires_grad=True)
with torch.no_grad():
    loss = w**2
print(loss.requires_grad, loss.grad_fn)
#> False None
try:
    loss.backward()
except RuntimeError as error:
    print(error)
#> element 0 of tensors does not require grad and does not have a grad_fn

# %% detach
w = torch.tensor([3.0], requires_grad=True)
copy = w.detach()
(w * copy).backward()
print(copy.requires_grad, w.grad)
#> False tensor([3.])
copy[0] = 7.0
print(w)
#> tensor([7.], requires_grad=True)

# %% leaf-in-place
w = torch.tensor([2.0], requires_grad=True)
(w**2).backward()
try:
    w -= 0.1 * w.grad
except RuntimeError as error:
    print(error)
#> a leaf Variable that requires grad is being used in an in-place operation.
moved = w - 0.1 * w.grad
print(moved.is_leaf)
#> False
with torch.no_grad():
    w -= 0.1 * w.grad
print(w, w.is_leaf)
#> tensor([1.6000], requires_grad=True) True

# %% descent-figure
figure, panels = plt.subplots(1, 3, figsize=(5.6, 2.4), sharey=True)
curve = [k / 10 for k in range(-36, 37)]
for axis, rate in zip(panels, (0.05, 0.3, 1.05)):
    at = [2.0]
    for _ in range(6):
        at.append(at[-1] - rate * 2 * at[-1])
    axis.plot(curve, [v**2 for v in curve], color="C5", linewidth=1)
    axis.plot(at, [v**2 for v in at], "o-", color="C0", markersize=4)
    axis.plot(2.0, 4.0, "o", color="C1")
    axis.set_title(f"$\\eta = {rate}$", fontsize=10)
    axis.set_xlabel("$w$")
panels[0].set_ylabel("$L$", rotation=0, labelpad=10)
panels[0].set_ylim(-0.5, 14)

# %% saved-in-place
w = torch.tensor([2.0], requires_grad=True)
a = torch.sigmoid(w)
a += 1
try:
    a.backward()
except RuntimeError as error:
    print(str(error).partition(":")[0])
#> one of the variables needed for gradient computation has been modified by an inplace operation
a = torch.sigmoid(w)
a = a + 1
a.backward()
print(w.grad)
#> tensor([0.1050])

# %% numpy
w = torch.tensor([2.0], requires_grad=True, device="cpu")
try:
    w.numpy()
except RuntimeError as error:
    print(error)
#> Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.
print(w.detach().cpu().numpy(), w.item())
#> [2.] 2.0
try:
    w.detach().to(torch.bfloat16).numpy()
except TypeError as error:
    print(error)
#> Got unsupported ScalarType BFloat16

# %% rewrapped
w = torch.tensor([2.0], requires_grad=True)
loss = w**2
again = torch.tensor(loss.item())
print(loss.requires_grad, again.requires_grad)
#> True False

# %% solution-predict
w = torch.tensor([3.0], requires_grad=True)
(w**3 + 2 * w).backward()
print(w.grad)
#> tensor([29.])

# %% solution-squares
x, y = torch.tensor([1.1]), torch.tensor([1.0])
w = torch.tensor([2.2], requires_grad=True)
b = torch.tensor([0.0], requires_grad=True)
z = w * x + b
((z - y) ** 2).backward()
by_hand = 2 * (z.detach() - y)
torch.testing.assert_close(w.grad, by_hand * x)
torch.testing.assert_close(b.grad, by_hand)
print(w.grad, b.grad)
#> tensor([3.1240]) tensor([2.8400])

# %% bug-descent
w = torch.tensor([4.0], requires_grad=True)
for _ in range(5):
    loss = (w - 1) ** 2
    loss.backward()
    with torch.no_grad():
        w -= 0.25 * w.grad
    print(f"{w.item():.4f}")
#> 2.5000
#> 0.2500
#> -1.6250
#> -2.1875
#> -1.1562

# %% solution-descent
w = torch.tensor([4.0], requires_grad=True)
for _ in range(5):
    w.grad = None
    loss = (w - 1) ** 2
    loss.backward()
    with torch.no_grad():
        w -= 0.25 * w.grad
    print(f"{w.item():.4f}")
#> 2.5000
#> 1.7500
#> 1.3750
#> 1.1875
#> 1.0938

# %% solution-step
w = torch.tensor([2.2], requires_grad=True)
b = torch.tensor([0.0], requires_grad=True)
before = neuron_loss(w, b)
before.backward()
with torch.no_grad():
    w -= 1.0 * w.grad
    b -= 1.0 * b.grad
after = neuron_loss(w, b)
print(f"{before.item():.4f} {after.item():.4f}")
#> 0.0852 0.0716

# %% bug-loop
w = torch.tensor([2.0], requires_grad=True)
square = w**2
try:
    for _ in range(2):
        loss = 3 * square
        loss.backward()
        print(w.grad)
except RuntimeError as error:
    print(str(error).partition(" (")[0])
#> tensor([12.])
#> Trying to backward through the graph a second time

# %% solution-loop
w = torch.tensor([2.0], requires_grad=True)
for _ in range(2):
    w.grad = None
    square = w**2
    loss = 3 * square
    loss.backward()
    print(w.grad)
#> tensor([12.])
#> tensor([12.])

# %% solution-gradcheck
def wrong(w):
    return w * w.detach()


w = torch.tensor([3.0], dtype=torch.float64, device="cpu")
w.requires_grad_()
try:
    torch.autograd.gradcheck(wrong, (w,))
except RuntimeError as error:
    print(error)
#> Jacobian mismatch for output 0 with respect to input 0,
#> numerical:tensor([[6.0000]], dtype=torch.float64)
#> analytical:tensor([[3.]], dtype=torch.float64)
#>

# %% solution-dual
class Dual:
    def __init__(self, value, slope):
        self.value, self.slope = value, slope

    def __mul__(self, other):
        slope = self.slope * other.value + self.value * other.slope
        return Dual(self.value * other.value, slope)

    def __rmul__(self, number):
        return Dual(number * self.value, number * self.slope)

    def __rsub__(self, number):
        return Dual(number - self.value, -self.slope)


y = f(Dual(0.2, 1.0))
print(f"{y.value:.4f} {y.slope:.4f}")
#> 0.2890 9.0661
