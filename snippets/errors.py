"""Messages that beginners meet early, each with its cure."""

# %% vocabulary-axis
import torch
from torch.nn import functional as F

scores = torch.zeros(2, 4, 7, device="cpu")
following = torch.zeros(2, 4, dtype=torch.int64, device="cpu")
try:
    F.cross_entropy(scores, following)
except RuntimeError as error:
    print(error)
#> Expected target size [2, 7], got [2, 4]
print(F.cross_entropy(scores.flatten(0, 1), following.flatten()))
#> tensor(1.9459)

# %% class-out-of-bounds
three = torch.zeros(1, 3, device="cpu")
try:
    F.cross_entropy(three, torch.tensor([3], device="cpu"))
except IndexError as error:
    print(error)
#> Target 3 is out of bounds.
print(F.cross_entropy(three, torch.tensor([2], device="cpu")))
#> tensor(1.0986)

# %% one-hot
one_hot = F.one_hot(torch.tensor([2], device="cpu"), 3)
print(one_hot, one_hot.dtype)
#> tensor([[0, 0, 1]]) torch.int64
try:
    F.cross_entropy(three, one_hot)
except RuntimeError as error:
    print(error)
#> Expected floating point type for target with class probabilities, got Long
print(F.cross_entropy(three, one_hot.to(torch.float32)))
#> tensor(1.0986)

# %% numpy-dtype
import numpy as np

layer = torch.nn.Linear(3, 2, device="cpu")
x = torch.from_numpy(np.ones((4, 3)))
print(x.dtype, layer.weight.dtype)
#> torch.float64 torch.float32
try:
    layer(x)
except RuntimeError as error:
    print(error)
#> mat1 and mat2 must have the same dtype, but got Double and Float
print(layer(x.to(torch.float32)).shape)
#> torch.Size([4, 2])

# %% part-of-a-leaf
w = torch.tensor([1.0, 2.0], requires_grad=True)
try:
    w[0] = 3.0
except RuntimeError as error:
    print(error)
#> a view of a leaf Variable that requires grad is being used in an in-place operation.
with torch.no_grad():
    w[0] = 3.0
print(w)
#> tensor([3., 2.], requires_grad=True)

# %% nothing-to-retain
data = torch.tensor([1.0, 2.0])
try:
    data.retain_grad()
except RuntimeError as error:
    print(error)
#> can't retain_grad on Tensor that has requires_grad=False
