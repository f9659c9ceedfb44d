"""What PyTorch prints today, for other sizes than those of the page of errors."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

zeros, tensor = torch.zeros, torch.tensor


def leaf(*values: float) -> torch.Tensor:
    return tensor(values or (1.0,), requires_grad=True)


def computed_twice() -> None:
    loss = (leaf(1.0, 2.0) ** 2).sum()
    loss.backward()
    loss.backward()


def saved_and_changed() -> None:
    y = leaf(3.0).exp()
    y += 1
    y.sum().backward()


def leaf_in_place() -> None:
    w = leaf(2.0)
    w -= 0.1


def part_of_a_leaf() -> None:
    w = leaf(1.0, 2.0, 3.0)
    w[:] += 1


def grad_of_a_computed_tensor() -> None:
    y = leaf(3.0) * 2
    y.sum().backward()
    _ = y.grad


CAUSES: dict[str, Callable[[], object]] = {
    "expected sequence of length": lambda: tensor([[1, 2, 3], [4, 5, 6], [7, 8]]),
    "mean(): could not infer": lambda: torch.arange(6).mean(),
    "view size is not compatible": lambda: zeros(4, 5, 6).transpose(0, 2).view(-1),
    "The use of `x.T`": lambda: zeros(2, 3, 4).T,
    "mat1 and mat2 shapes": lambda: nn.Linear(128, 10)(zeros(64, 784)),
    "expected m1 and m2": lambda: zeros(8, 3) @ zeros(3, 5, dtype=torch.int64),
    "The size of tensor a": lambda: zeros(32, 10) + zeros(32, 12),
    "Tensor on device meta": lambda: zeros(5) * zeros(5, device="meta"),
    "Found dtype Long": lambda: F.binary_cross_entropy(torch.rand(4), tensor([0, 1, 1, 0])),
    "'utf-8' codec": lambda: b"caf\xc3".decode(),
    "Expected target size": lambda: F.cross_entropy(
        zeros(16, 128, 50257, device="meta"), zeros(16, 128, dtype=torch.int64, device="meta")
    ),
    "Target 3 is out of bounds": lambda: F.cross_entropy(zeros(1, 10), tensor([10])),
    "Expected floating point type": lambda: F.cross_entropy(zeros(2, 2), tensor([[1, 0], [0, 1]])),
    "mat1 and mat2 must have": lambda: nn.Linear(6, 1)(torch.from_numpy(np.zeros((9, 6)))),
    "index out of range in self": lambda: nn.Embedding(100, 8)(tensor([100])),
    "Only Tensors of floating point": lambda: tensor([1, 2], requires_grad=True),
    "The .grad attribute": grad_of_a_computed_tensor,
    "can't optimize": lambda: torch.optim.SGD([leaf(1.0) * 2], lr=0.1),
    "Trying to backward": computed_twice,
    "grad can be implicitly created": lambda: (leaf(1.0, 2.0) * 3).backward(),
    "element 0 of tensors": lambda: zeros(3).sum().backward(),
    "a leaf Variable": leaf_in_place,
    "a view of a leaf": part_of_a_leaf,
    "can't retain_grad": lambda: zeros(3).retain_grad(),
    "one of the variables": saved_and_changed,
    "Can't call numpy()": lambda: leaf(1.0).numpy(),
    "Got unsupported": lambda: zeros(2, dtype=torch.bfloat16).numpy(),
    "Using a target size (torch.Size([1]))": lambda: nn.BCELoss()(torch.rand(8, 1), torch.rand(8)),
    "all elements of input": lambda: nn.BCELoss()(tensor([2.5, 0.1]), tensor([1.0, 0.0])),
    "Using a target size (torch.Size([2]))": lambda: nn.MSELoss()(torch.rand(8, 1), torch.rand(8)),
    "Jacobian mismatch": lambda: torch.autograd.gradcheck(
        lambda x: x * x.detach(), leaf(1.0, 2.0, 3.0).double().detach().requires_grad_()
    ),
}
"""Code that makes PyTorch print a message, by how the message begins on the page."""


@functools.cache  # some warnings are given once in a process
def printed(start: str) -> str:
    """Return what a reader of the message has on the screen, by how it begins on the page."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            CAUSES[start]()
        except Exception as error:
            return f"{type(error).__name__}: {error}"
    assert caught, "the code neither failed nor warned"
    return f"{caught[0].category.__name__}: {caught[0].message}"
