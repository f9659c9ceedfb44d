"""Tensors: shape, dtype, memory, products, broadcasting, devices."""

# %% four-tensors
import torch

scalar = torch.tensor(7)
vector = torch.tensor([5, 1])
matrix = torch.tensor([[1, 2, 3], [4, 5, 6]])
stack = torch.tensor([[[1, 2], [3, 4]], [[5, 6], [7, 8]]])
print(stack)
#> tensor([[[1, 2],
#>          [3, 4]],
#>
#>         [[5, 6],
#>          [7, 8]]])

# %% ndim-shape-numel
for t in [scalar, vector, matrix, stack]:
    print(t.ndim, t.shape, t.numel())
#> 0 torch.Size([]) 1
#> 1 torch.Size([2]) 2
#> 2 torch.Size([2, 3]) 6
#> 3 torch.Size([2, 2, 2]) 8

# %% ndim-figure
import matplotlib.pyplot as plt

figure, axes = plt.subplots(2, 2, figsize=(4, 4))
pieces = [
    (axes[0, 0], scalar.reshape(1, 1), 1.0, 1.0, "C0"),
    (axes[0, 1], vector.reshape(1, 2), 0.5, 1.0, "C0"),
    (axes[1, 0], matrix, 0.0, 1.5, "C0"),
    (axes[1, 1], stack[0], -0.6, 1.0, "C0"),
    (axes[1, 1], stack[1], 1.6, 1.7, "C1"),
]
for axis, table, left, bottom, colour in pieces:
    for i, line in enumerate(table.cpu().tolist()):
        for j, number in enumerate(line):
            x, y = left + j, bottom - i
            box = plt.Rectangle((x, y), 1, 1, ec=colour, fc="none")
            axis.add_patch(box)
            axis.text(x + 0.5, y + 0.3, number, ha="center")
tensors = [scalar, vector, matrix, stack]
for axis, t in zip(axes.flat, tensors, strict=True):
    title = f"ndim = {t.ndim}\nshape = {list(t.shape)}"
    axis.set_title(title, fontsize=10)
    axis.set(xlim=(-0.8, 3.8), ylim=(-0.2, 2.9), aspect="equal")
    axis.axis("off")

# %% two-meanings
table = torch.tensor([[1.0, 2.0], [2.0, 4.0]])
print(vector.ndim, vector.numel())
#> 1 2
print(table.ndim, torch.linalg.matrix_rank(table).item())
#> 2 1

# %% ragged
try:
    torch.tensor([[1, 2], [3]])
except ValueError as error:
    print(error)
#> expected sequence of length 2 at dim 1 (got 1)

# %% image-axes
image = torch.zeros(3, 4, 5)
images = torch.zeros(8, 3, 4, 5)
print(image.ndim, image.shape)
#> 3 torch.Size([3, 4, 5])
print(images.ndim, images.shape)
#> 4 torch.Size([8, 3, 4, 5])
print(images[0].shape)
#> torch.Size([3, 4, 5])

# %% batch-token-feature
ids = torch.tensor([[2, 0, 1, 2], [1, 1, 0, 2]])
vectors = torch.tensor([[0.0, 0.1], [1.0, 1.1], [2.0, 2.1]])
x = vectors[ids]
print(ids.shape, vectors.shape, x.shape)
#> torch.Size([2, 4]) torch.Size([3, 2]) torch.Size([2, 4, 2])
print(x[0])
#> tensor([[2.0000, 2.1000],
#>         [0.0000, 0.1000],
#>         [1.0000, 1.1000],
#>         [2.0000, 2.1000]])

# %% fill
print(torch.zeros(2, 3))
#> tensor([[0., 0., 0.],
#>         [0., 0., 0.]])
print(torch.ones(3, dtype=torch.int64))
#> tensor([1, 1, 1])
print(torch.arange(5), torch.arange(1, 10, 3))
#> tensor([0, 1, 2, 3, 4]) tensor([1, 4, 7])
print(torch.linspace(0, 1, 5))
#> tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])
print(torch.tensor([1e9, 2.0]))
#> tensor([1.0000e+09, 2.0000e+00])

# %% seed
torch.manual_seed(0)
first = torch.rand(2, 3)
second = torch.rand(2, 3)
torch.manual_seed(0)
again = torch.rand(2, 3)
print(first)
#> tensor([[0.4963, 0.7682, 0.0885],
#>         [0.1320, 0.3074, 0.6341]])
print(torch.equal(first, second), torch.equal(first, again))
#> False True

# %% normal
rng = torch.Generator().manual_seed(0)
weights = 0.02 * torch.randn(2, 3, generator=rng)
print(weights)
#> tensor([[ 0.0308, -0.0059, -0.0436],
#>         [ 0.0114, -0.0217, -0.0280]])

# %% capital-letter
print(torch.tensor(3).shape, torch.tensor([1, 2, 3]).dtype)
#> torch.Size([]) torch.int64
print(torch.Tensor(3).shape, torch.Tensor([1, 2, 3]).dtype)
#> torch.Size([3]) torch.float32

# %% inferred-dtypes
print(torch.tensor([1, 2]).dtype)
#> torch.int64
print(torch.tensor([1.0, 2.0]).dtype)
#> torch.float32
print(torch.tensor([1, 2.5]).dtype)
#> torch.float32
print(torch.tensor([True, False]).dtype)
#> torch.bool
print(torch.arange(3).dtype, torch.zeros(3).dtype)
#> torch.int64 torch.float32

# %% mean-of-integers
counts = torch.tensor([1, 2, 3])
try:
    counts.mean()
except RuntimeError as error:
    print(str(error).partition(".")[0])  # (1)!
#> mean(): could not infer output dtype
print(counts.to(torch.float32).mean())
#> tensor(2.)

# %% to-dtype
real = counts.to(torch.float32)
print(counts.dtype, real.dtype)
#> torch.int64 torch.float32
print(counts.numel() * counts.element_size(), "B")
#> 24 B
print(real.numel() * real.element_size(), "B")
#> 12 B
print(real is counts, counts.to(torch.int64) is counts)
#> False True

# %% truncation
t = torch.tensor([1.9, -1.9])
print(t.to(torch.int64), t.round().to(torch.int64))
#> tensor([ 1, -1]) tensor([ 2, -2])

# %% integer-arithmetic
byte = torch.tensor([255], dtype=torch.uint8)
print(byte + 1)
#> tensor([0], dtype=torch.uint8)
a = torch.tensor([7, -7])
print(a / 2)
#> tensor([ 3.5000, -3.5000])
print(a // 2)
#> tensor([ 3, -4])

# %% float-formats
print(torch.tensor(0.1).item())
#> 0.10000000149011612
formats = [torch.float64, torch.float32, torch.bfloat16, torch.float16]
for dtype in formats:
    info = torch.finfo(dtype)
    pi = torch.tensor(3.14159265, dtype=dtype).item()
    print(dtype, info.bits, f"{info.eps:.2g} {info.max:.5g}", pi)
#> torch.float64 64 2.2e-16 1.7977e+308 3.14159265
#> torch.float32 32 1.2e-07 3.4028e+38 3.1415927410125732
#> torch.bfloat16 16 0.0078 3.3895e+38 3.140625
#> torch.float16 16 0.00098 65504 3.140625

# %% half-precision
big = torch.tensor(70000.0)
print(big.to(torch.float16), big.to(torch.bfloat16))
#> tensor(inf, dtype=torch.float16) tensor(70144., dtype=torch.bfloat16)
print(torch.tensor([256.0, 257.0, 258.0], dtype=torch.bfloat16))
#> tensor([256., 256., 258.], dtype=torch.bfloat16)

# %% float-bits
pi = torch.tensor(3.14159265)
layouts = [
    (torch.float32, torch.int32, 8),
    (torch.bfloat16, torch.int16, 8),
    (torch.float16, torch.int16, 5),
]
figure, axis = plt.subplots(figsize=(4, 2.6))
y = 0
for dtype, integer, exponent in layouts:
    size = torch.finfo(dtype).bits
    number = pi.to(dtype)
    bits = f"{number.view(integer).item() % 2**size:0{size}b}"
    name = str(dtype).removeprefix("torch.")
    axis.text(0, y + 0.4, f"{name}: {number.item():.7g}")
    for i, bit in enumerate(bits):
        y -= i % 16 == 0  # sixteen bits a line
        colour = "C0" if i == 0 else "C1" if i <= exponent else "C2"
        box = plt.Rectangle((i % 16, y), 1, 1, ec=colour, fc="none")
        axis.add_patch(box)
        axis.text(i % 16 + 0.5, y + 0.25, bit, ha="center")
    y -= 2
axis.set(xlim=(-0.1, 16.1), ylim=(y + 1.9, 1.5), aspect="equal")
axis.axis("off")

# %% float-decoded
exponent, fraction = 0b10000000, 0b1001001
print(exponent, fraction)
#> 128 73
print(2 ** (exponent - 127) * (1 + fraction / 2**7))
#> 3.140625

# %% equality
for dtype in [torch.float32, torch.float64]:
    a, b, c = torch.tensor([0.1, 0.2, 0.3], dtype=dtype)
    print(dtype, (a + b == c).item(), torch.allclose(a + b, c))
#> torch.float32 True True
#> torch.float64 False True
n = torch.tensor(16777216.0)
print((n + 1 == n).item())
#> True

# %% numpy-dtype
import numpy as np

array = np.array([1.0, 2.0])
copied = torch.tensor(array)
shared = torch.from_numpy(array)
print(copied.dtype, shared.dtype, torch.tensor([1.0, 2.0]).dtype)
#> torch.float64 torch.float64 torch.float32

# %% numpy-memory
array[0] = 9.0
print(copied)
#> tensor([1., 2.], dtype=torch.float64)
print(shared)
#> tensor([9., 2.], dtype=torch.float64)
print(copied.to(torch.float32).cpu().numpy().dtype)
#> float32
shared.numpy()[1] = 7.0
print(shared)
#> tensor([9., 7.], dtype=torch.float64)

# %% indexing
m = torch.tensor([[1, 2, 3], [4, 5, 6]])
print(m[0], m[-1, 0])
#> tensor([1, 2, 3]) tensor(4)
print(m[:, 1])
#> tensor([2, 5])
print(m[:, 1:])
#> tensor([[2, 3],
#>         [5, 6]])
print(m[m > 3])
#> tensor([4, 5, 6])
print(m[1, 2].item())
#> 6

# %% slices-share
row = m[0]
row[0] = 99
print(m)
#> tensor([[99,  2,  3],
#>         [ 4,  5,  6]])
safe = m[0].clone()
safe[0] = 1
print(m[0], safe)
#> tensor([99,  2,  3]) tensor([1, 2, 3])

# %% reshape
t = torch.arange(6)
print(t.reshape(2, 3))
#> tensor([[0, 1, 2],
#>         [3, 4, 5]])
print(t.reshape(3, -1))
#> tensor([[0, 1],
#>         [2, 3],
#>         [4, 5]])
v = t.view(2, 3)
v[0, 0] = 99
print(t)
#> tensor([99,  1,  2,  3,  4,  5])

# %% reshape-or-transpose
m = torch.tensor([[1, 2, 3], [4, 5, 6]])
print(m.reshape(3, 2))
#> tensor([[1, 2],
#>         [3, 4],
#>         [5, 6]])
print(m.T)
#> tensor([[1, 4],
#>         [2, 5],
#>         [3, 6]])
print(m.stride(), m.is_contiguous())
#> (3, 1) True
print(m.T.stride(), m.T.is_contiguous())
#> (1, 3) False
print(m[:, 1:].stride(), m[:, 1:].is_contiguous())
#> (3, 1) False

# %% strides-figure
figure, panels = plt.subplots(1, 3, figsize=(5.4, 2.3), sharey=True)
parts = {"m": m, "m.T": m.T, "m[:, 1:]": m[:, 1:]}
for axis, (name, part) in zip(panels, parts.items()):
    rows, columns = part.shape
    places = [
        part.storage_offset() + i * part.stride(0) + j * part.stride(1)
        for i in range(rows)
        for j in range(columns)
    ]
    axis.plot(places, range(len(places)), "o-", color="C0")
    numbers = part.reshape(-1).tolist()
    for step, (place, number) in enumerate(zip(places, numbers)):
        back = step and place < places[step - 1]
        left = place + (-0.8 if back else 0.3)
        down = step + (0.1 if back else -0.15)
        axis.text(left, down, number, color="C1")
    axis.set_title(name, fontsize=10)
    axis.set(xlim=(-0.6, 5.6), ylim=(5.7, -0.7), xticks=range(6))
    axis.set_yticks([])

# %% view-refuses
try:
    m.T.view(6)
except RuntimeError as error:
    print(str(error).partition(" (")[0])
#> view size is not compatible with input tensor's size and stride
flat = m.T.reshape(6)
flat[0] = 99
print(flat)
#> tensor([99,  4,  2,  5,  3,  6])
print(m)
#> tensor([[1, 2, 3],
#>         [4, 5, 6]])

# %% transpose-higher
import warnings
from textwrap import fill

torch.set_warn_always(True)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    reversed_axes = stack.T  # (1)!
print(fill(str(caught[0].message).partition(" and ")[0], 60))
#> The use of `x.T` on tensors of dimension other than 2 to
#> reverse their shape is deprecated
print(torch.zeros(2, 3, 4).mT.shape)
#> torch.Size([2, 4, 3])
print(torch.zeros(2, 3, 4).permute(2, 0, 1).shape)
#> torch.Size([4, 2, 3])

# %% matmul
a = torch.tensor([[1, 2], [3, 4]], device="cpu")  # (1)!
b = torch.tensor([[1, 2, 3], [4, 5, 6]], device="cpu")
print(a @ a.T)
#> tensor([[ 5, 11],
#>         [11, 25]])
print(b @ b.T)
#> tensor([[14, 32],
#>         [32, 77]])
print(torch.equal(b.matmul(b.T), b @ b.T))
#> True
print(a * a.T)
#> tensor([[ 1,  6],
#>         [ 6, 16]])

# %% matmul-shapes
try:
    b @ b
except RuntimeError as error:
    print(error)
#> mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)
print((b.T @ b).shape)
#> torch.Size([3, 3])

# %% matmul-dtypes
real = b.to(torch.float32)
print((real + b).dtype)
#> torch.float32
try:
    real @ b.T
except RuntimeError as error:
    print(error)
#> expected m1 and m2 to have the same dtype, but got: float != long int
print(real @ b.T.to(real.dtype))
#> tensor([[14., 32.],
#>         [32., 77.]])

# %% broadcasting
column = torch.tensor([[10], [20], [30]])
row = torch.tensor([[1, 2, 3, 4]])
print(column.shape, row.shape, (column + row).shape)
#> torch.Size([3, 1]) torch.Size([1, 4]) torch.Size([3, 4])
print(column + row)
#> tensor([[11, 12, 13, 14],
#>         [21, 22, 23, 24],
#>         [31, 32, 33, 34]])

# %% broadcasting-figure
figure, axis = plt.subplots(figsize=(5.6, 1.9))
tables = [(column, 0, "C0"), (row, 5, "C1"), (column + row, 10, "C2")]
for table, left, colour in tables:
    spread = table.expand(3, 4).tolist()
    for i in range(3):
        for j in range(4):
            there = i < table.shape[0] and j < table.shape[1]
            style = {"ec": colour, "ls": "-" if there else ":"}
            place = left + j, -i
            box = plt.Rectangle(place, 1, 1, fc="none", **style)
            axis.add_patch(box)
            middle = left + j + 0.5, 0.3 - i
            axis.text(*middle, spread[i][j], ha="center")
for place, sign in ((4.5, "+"), (9.5, "=")):
    axis.text(place, -0.6, sign, ha="center", fontsize=13)
axis.set(xlim=(-0.1, 14.1), ylim=(-2.1, 1.1), aspect="equal")
axis.axis("off")

# %% broadcasting-refuses
try:
    torch.zeros(3) + torch.zeros(4)
except RuntimeError as error:
    print(str(error).partition(" at ")[0])
#> The size of tensor a (3) must match the size of tensor b (4)

# %% broadcasting-trap
predicted = torch.tensor([[1.0], [2.0]])
target = torch.tensor([1.0, 2.0])
print(predicted - target)
#> tensor([[ 0., -1.],
#>         [ 1.,  0.]])
print(predicted.squeeze(1) - target)
#> tensor([0., 0.])

# %% reductions
m = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
print(m.sum(), m.mean())
#> tensor(21.) tensor(3.5000)
print(m.sum(dim=0), m.sum(dim=1))
#> tensor([5., 7., 9.]) tensor([ 6., 15.])
print(m.argmax(dim=1))
#> tensor([2, 2])

# %% keepdim
total = m.sum(dim=1, keepdim=True)
shares = m / total
print(m.sum(dim=1).shape, total.shape)
#> torch.Size([2]) torch.Size([2, 1])
print(shares)
#> tensor([[0.1667, 0.3333, 0.5000],
#>         [0.2667, 0.3333, 0.4000]])
print(shares.sum(dim=1))
#> tensor([1., 1.])

# %% unsqueeze
row = torch.tensor([1.0, 2.0, 4.0])
print(row.unsqueeze(0).shape, row.unsqueeze(1).shape)
#> torch.Size([1, 3]) torch.Size([3, 1])
print(row.unsqueeze(1) - row)
#> tensor([[ 0., -1., -3.],
#>         [ 1.,  0., -2.],
#>         [ 3.,  2.,  0.]])

# %% cat-stack
a, b = torch.tensor([[1, 2]]), torch.tensor([[3, 4]])
print(torch.cat([a, b]))
#> tensor([[1, 2],
#>         [3, 4]])
print(torch.cat([a, b], dim=1))
#> tensor([[1, 2, 3, 4]])
print(torch.stack([a, b]).shape)
#> torch.Size([2, 1, 2])

# %% transpose-axes
q = torch.tensor([[[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]])
print(q.shape, q.transpose(1, 2).shape)
#> torch.Size([1, 3, 2]) torch.Size([1, 2, 3])
print(q @ q.transpose(1, 2))
#> tensor([[[1., 0., 1.],
#>          [0., 1., 1.],
#>          [1., 1., 2.]]])

# %% tril
seen = torch.tril(torch.ones(3, 3, dtype=torch.bool))
print(seen)
#> tensor([[ True, False, False],
#>         [ True,  True, False],
#>         [ True,  True,  True]])

# %% masked-fill
scores = q @ q.transpose(1, 2)
masked = scores.masked_fill(~seen, float("-inf"))
print(masked)
#> tensor([[[1., -inf, -inf],
#>          [0., 1., -inf],
#>          [1., 1., 2.]]])
print(torch.softmax(masked, dim=2))
#> tensor([[[1.0000, 0.0000, 0.0000],
#>          [0.2689, 0.7311, 0.0000],
#>          [0.2119, 0.2119, 0.5761]]])

# %% device
t = torch.ones(2)
print(t.device)
#> cpu
#> [cuda] cuda:0
here = torch.ones(2, device="cpu")
there = here.to("meta")
print(here.device, there.device)
#> cpu meta
print(there)
#> tensor(..., device='meta', size=(2,))
print(here.to("cpu") is here)
#> True

# %% device-mismatch
try:
    here + there
except RuntimeError as error:
    print(error)
#> Tensor on device meta is not on the expected device cpu!

# %% either-device
if torch.accelerator.is_available():
    device = torch.accelerator.current_accelerator()
else:
    device = torch.device("cpu")
inputs = torch.ones(4, 2).to(device)
weight = torch.zeros(2, 3, device=device)
outputs = inputs @ weight
print(outputs.shape, outputs.device.type == device.type)
#> torch.Size([4, 3]) True

# %% module-to
layer = torch.nn.Linear(2, 1)
layer.to(torch.float64)
t = torch.ones(2)
t.to(torch.float64)
print(layer.weight.dtype, t.dtype)
#> torch.float64 torch.float32

# %% layer
weight = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
bias = torch.tensor([0.5, 0.0, -1.0])
z = x @ weight.T + bias
print(x.shape, weight.T.shape)
#> torch.Size([2, 4, 2]) torch.Size([2, 3])
print(bias.shape, z.shape)
#> torch.Size([3]) torch.Size([2, 4, 3])
print(x[0, 0], z[0, 0])
#> tensor([2.0000, 2.1000]) tensor([2.5000, 2.1000, 3.1000])

# %% solution-dtype
print(torch.tensor([True, 2]).dtype)
#> torch.int64
print((torch.tensor([1, 2]) / 2).dtype)
#> torch.float32
print((torch.tensor([1, 2]) > 1).dtype)
#> torch.bool
print(torch.tensor(np.array([1.0, 2.0])).to(torch.bfloat16).dtype)
#> torch.bfloat16

# %% solution-shape
t = torch.zeros(5, 1, 4) + torch.zeros(3, 1)
print(t.shape)
#> torch.Size([5, 3, 4])
print(t.sum(dim=1).shape, t.reshape(-1, 4).shape, t[0, :, -1].shape)
#> torch.Size([5, 4]) torch.Size([15, 4]) torch.Size([3])

# %% solution-brightness
pixels = torch.tensor([100, 200, 250], dtype=torch.uint8)
print(pixels + 60)
#> tensor([160,   4,  54], dtype=torch.uint8)
wide = pixels.to(torch.int16) + 60
print(wide.clamp(max=255).to(torch.uint8))
#> tensor([160, 255, 255], dtype=torch.uint8)

# %% solution-centring
t = torch.tensor([[0.0, 2.0], [10.0, 20.0]])
print(t - t.mean(dim=1))
#> tensor([[ -1., -13.],
#>         [  9.,   5.]])
print(t - t.mean(dim=1, keepdim=True))
#> tensor([[-1.,  1.],
#>         [-5.,  5.]])

# %% solution-heads
x = torch.arange(24).reshape(2, 3, 4)
heads = x.reshape(2, 3, 2, 2).transpose(1, 2)
print(x[0])
#> tensor([[ 0,  1,  2,  3],
#>         [ 4,  5,  6,  7],
#>         [ 8,  9, 10, 11]])
print(heads.shape)
#> torch.Size([2, 2, 3, 2])
print(heads[0, 0])
#> tensor([[0, 1],
#>         [4, 5],
#>         [8, 9]])
print(x.reshape(2, 2, 3, 2)[0, 0])
#> tensor([[0, 1],
#>         [2, 3],
#>         [4, 5]])
print(torch.equal(heads.transpose(1, 2).reshape(2, 3, 4), x))
#> True

# %% solution-memory
for dtype in [torch.float32, torch.bfloat16]:
    table = torch.zeros(50257, 768, dtype=dtype, device="meta")
    size = table.numel() * table.element_size()
    print(dtype, table.numel(), f"{size / 2**20:.1f} MiB")
#> torch.float32 38597376 147.2 MiB
#> torch.bfloat16 38597376 73.6 MiB

# %% solution-next-token
sequence = torch.tensor([0, 1, 2, 0, 1, 1, 2, 0, 1, 2])
one_hot = sequence.reshape(-1, 1) == torch.arange(3)
one_hot = one_hot.to(torch.float32)
pairs = one_hot[:-1].T @ one_hot[1:]
print(pairs)
#> tensor([[0., 3., 0.],
#>         [0., 1., 3.],
#>         [2., 0., 0.]])
print(pairs / pairs.sum(dim=1, keepdim=True))
#> tensor([[0.0000, 1.0000, 0.0000],
#>         [0.0000, 0.2500, 0.7500],
#>         [1.0000, 0.0000, 0.0000]])
