"""Each gradient that the book prints, computed a second time without PyTorch's autograd.

The second computation is central differences in float64 of a function written out here, or a
formula by hand. A cell that may print a gradient and is in neither list fails.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from types import EllipsisType

import pytest
import torch
from torch import nn

from precis.compare.values import tokens
from precis.source.parse import first_line, load
from precis.source.snippet import Cell, Snippet

SNIPPETS = Path(__file__).parents[2] / "snippets"
H = 1e-6


def slope(function: Callable[[float], float], at: float) -> float:
    """The derivative by central differences: off by about 1e-9 for the functions of the book."""
    return (function(at + H) - function(at - H)) / (2 * H)


def logistic_map(x: float, n: int = 3) -> float:
    for _ in range(n):
        x = 4 * x * (1 - x)
    return x


def sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def two_class_loss(z: float) -> float:
    """The loss of a right answer whose score is higher by z than that of the other class."""
    return math.log(1 + math.exp(-z))


def neuron(w: float = 2.2, b: float = 0.0) -> float:
    """The loss of the neuron with x = 1.1 and y = 1."""
    return -math.log(sigmoid(1.1 * w + b))


def estimated(h: float) -> float:
    """The central difference of the neuron's loss with a step that is not small."""
    return (neuron(w=2.2 + h) - neuron(w=2.2 - h)) / (2 * h)


def preferring(values: Sequence[float]) -> float:
    """DPO's loss with beta 0.1, where the reference gives -12 and -10."""
    better, worse = values
    return math.log1p(math.exp(-0.1 * ((better + 12) - (worse + 10))))


def random_row(n: int, width: int) -> list[float]:
    """A row of the numbers drawn first with seed 0."""
    draw = torch.Generator().manual_seed(0)
    row: list[float] = torch.randn(n + 2, width, generator=draw)[n].tolist()
    return row


Z = 2.2 * 1.1
A = sigmoid(Z)
DW, DB = slope(lambda w: neuron(w=w), 2.2), slope(lambda b: neuron(b=b), 0.0)
DZ, DA = slope(lambda z: -math.log(sigmoid(z)), Z), slope(lambda a: -math.log(a), A)


def swept() -> Iterator[float]:
    """Value, local derivative and derivative so far, down the three steps of the function."""
    for n in range(1, 4):
        before = logistic_map(0.2, n - 1)
        yield logistic_map(0.2, n)
        yield slope(lambda x: logistic_map(x, 1), before)
        yield slope(lambda x, n=n: logistic_map(x, n), 0.2)


def descended(w: float, lr: float, loss: Callable[[float], float], kept: float) -> Iterator[float]:
    """Where gradient descent comes; `kept` is how much of the last gradient stays in `.grad`."""
    gradient = 0.0
    while True:
        gradient = kept * gradient + slope(loss, w)
        w -= lr * gradient
        yield w


def first(n: int, values: Iterator[float]) -> list[float]:
    return [next(values) for _ in range(n)]


def two_layers(
    w1: tuple[float, ...] = (0.5, 0.25, -1.0, 0.25),
    w2: tuple[float, ...] = (-0.5, 2.0),
    du: tuple[float, ...] = (0.0, 0.0),
    dh: tuple[float, ...] = (0.0, 0.0),
    dz: float = 0.0,
) -> float:
    """The loss of the network of two layers; du, dh and dz are added on the way."""
    u = (w1[0] + 2 * w1[1] + du[0], w1[2] + 2 * w1[3] + 0.1 + du[1])
    h = (max(u[0], 0) + dh[0], max(u[1], 0) + dh[1])
    return -math.log(sigmoid(w2[0] * h[0] + w2[1] * h[1] + 0.1 + dz))


def tanh_layers(w1: tuple[float, ...]) -> float:
    """The loss of the network of two layers where tanh takes the place of ReLU."""
    h = (math.tanh(w1[0] + 2 * w1[1]), math.tanh(w1[2] + 2 * w1[3] + 0.1))
    return -math.log(sigmoid(-0.5 * h[0] + 2 * h[1] + 0.1))


def batch_loss(w1: tuple[float, ...]) -> float:
    """The mean loss of the network of two layers over three examples."""
    total = 0.0
    for (first, second), label in (((1.0, 2.0), 1), ((0.0, 1.0), 0), ((-1.0, 0.5), 1)):
        h = (w1[0] * first + w1[1] * second, w1[2] * first + w1[3] * second + 0.1)
        p = sigmoid(-0.5 * max(h[0], 0) + 2 * max(h[1], 0) + 0.1)
        total -= math.log(p if label else 1 - p)
    return total / 3


def tenth(w: float) -> float:
    """The mean square of `w` less ten values, six of which are 0 and four 5."""
    return (6 * w**2 + 4 * (w - 5) ** 2) / 10


def thin(
    a: tuple[float, ...] = (1.0, 2.0),
    b: tuple[float, ...] = (3.0, 0.0),
    d: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0),
) -> float:
    """The sum of the outputs of W + BA at (1, 1), where W is the identity; d is added to it."""
    return sum(1 + row * sum(a) for row in b) + sum(d)


def partials(function: Callable[[tuple[float, ...]], float], at: tuple[float, ...]) -> list[float]:
    """The derivative with respect to each number of a tuple."""
    return [
        slope(lambda x, i=i: function((*at[:i], x, *at[i + 1 :])), number)
        for i, number in enumerate(at)
    ]


D_U = partials(lambda du: two_layers(du=du), (0.0, 0.0))
D_H = partials(lambda dh: two_layers(dh=dh), (0.0, 0.0))
D_Z = slope(lambda dz: two_layers(dz=dz), 0.0)
D_W1 = partials(lambda w1: two_layers(w1=w1), (0.5, 0.25, -1.0, 0.25))
D_W2 = partials(lambda w2: two_layers(w2=w2), (-0.5, 2.0))
Y_HAT = math.exp(-two_layers())


def simple_net(parameter: str) -> list[float]:
    """The gradient of one parameter of the network with seed 0, whose loss is -ln of its output."""
    torch.manual_seed(0)
    fc1, fc2 = nn.Linear(10, 5), nn.Linear(5, 1)
    x = torch.randn(1, 10).double()
    p = {
        f"{layer}.{name}": value.detach().double()
        for layer, module in (("fc1", fc1), ("fc2", fc2))
        for name, value in module.named_parameters()
    }

    def loss() -> float:
        h = (x @ p["fc1.weight"].T + p["fc1.bias"]).clamp(min=0)
        return -math.log(sigmoid((h @ p["fc2.weight"].T + p["fc2.bias"]).item()))

    def at(flat: torch.Tensor, i: int, value: float) -> float:
        before, flat[i] = flat[i].item(), value
        try:
            return loss()
        finally:
            flat[i] = before

    flat = p[parameter].view(-1)
    return [slope(lambda v, i=i: at(flat, i, v), flat[i].item()) for i in range(len(flat))]


def softmax(scores: tuple[float, ...]) -> tuple[float, ...]:
    total = sum(math.exp(score) for score in scores)
    return tuple(math.exp(score) / total for score in scores)


def surprise(scores: tuple[float, ...]) -> float:
    """The cross-entropy where the first class is right."""
    return -math.log(softmax(scores)[0])


def surprises(scores: tuple[float, ...], wanted: tuple[float, ...]) -> float:
    """The cross-entropy where each class is right with a probability of its own."""
    p = softmax(scores)
    return -sum(q * math.log(p[k]) for k, q in enumerate(wanted))


def adamw(curvature: float, steps: int) -> list[float]:
    """Where AdamW comes from 1 on `curvature * w**2`, from sums over all past gradients."""
    w, gradients, places = 1.0, [], []
    for _ in range(steps):
        gradients.append(slope(lambda w: curvature * w**2, w))
        w = adamw_step(w, gradients)
        places.append(w)
    return places


def adamw_step(w: float, gradients: Sequence[float]) -> float:
    """Where AdamW moves from `w` after these gradients, with a rate of 0.1."""
    # the weighted means of the past, with weights that sum to 1
    m, v = (
        sum(b ** (len(gradients) - 1 - i) * g**power for i, g in enumerate(gradients))
        / sum(b**i for i in range(len(gradients)))
        for b, power in ((0.9, 1), (0.999, 2))
    )
    return w * (1 - 0.1 * 0.01) - 0.1 * m / (math.sqrt(v) + 1e-8)


def moved(gradients: Sequence[float]) -> list[float]:
    """Where SGD, then AdamW, come from 0 after these gradients."""
    w = 0.0
    for n in range(len(gradients)):
        w = adamw_step(w, gradients[: n + 1])
    return [-0.1 * sum(gradients), w]


def half_cosine(t: int) -> float:
    """The rate at a step, by the half-angle formula."""
    if t < 15:
        return 0.01 / 15 * (t + 1)
    return 0.001 + 0.009 * math.cos(math.pi / 2 * (t - 15) / 135) ** 2


def momentum(curvature: float, steps: int) -> list[float]:
    """Where gradient descent with momentum comes from 1 on `curvature * w**2`."""
    w, gradients, places = 1.0, [], []
    for t in range(steps):
        gradients.append(slope(lambda w: curvature * w**2, w))
        w -= 0.1 * sum(0.9 ** (t - i) * g for i, g in enumerate(gradients))
        places.append(w)
    return places


def in_pairs(first: list[float], second: list[float]) -> list[float]:
    """Two weights after each step, each pair printed twice: by PyTorch and by hand."""
    return [w for pair in zip(first, second, strict=True) for w in (*pair, *pair)]


def by_row(tokens: Sequence[int], shares: Sequence[Sequence[float]], rows: int) -> list[float]:
    """The gradient of a table of which each token reads a row: its shares, summed by row."""
    width = range(len(shares[0]))
    return [
        sum(share[j] for token, share in zip(tokens, shares, strict=True) if token == row)
        for row in range(rows)
        for j in width
    ]


def pair_of_the_novel(first: str, second: str) -> float:
    """The slope of the loss of a table of zeros at the score of one pair of characters."""
    text = (SNIPPETS / "data/verne.en.txt").read_text(encoding="utf-8").partition("\n\n")[2]
    text = text.rstrip().rpartition("\n\n")[0]

    def loss(score: float) -> float:
        # all other scores of the row are 0, as are the 70 of every other row
        total = math.log(69 + math.exp(score))
        pairs = list(pairwise(text))
        rows = [(total - score * (b == second)) if a == first else math.log(70) for a, b in pairs]
        return sum(rows) / len(rows)

    return slope(loss, 0.0)


AFTER_C = (0.0, 3 / 9, 2 / 9, 1 / 9, 0.0, 1 / 9, 2 / 9)
"""The frequencies of the notes A to g after C."""

Shown = float | EllipsisType
"""A number that a cell prints; `...` for one that is no gradient."""

CONFIRMED: dict[str, Callable[[], list[Shown]]] = {
    "autograd.py:finite-differences": lambda: [
        (logistic_map(0.201) - logistic_map(0.2)) / 0.001,
        (logistic_map(0.201) - logistic_map(0.199)) / 0.002,
    ],
    "autograd.py:central-differences": lambda: [
        *(n for h in (0.1, 1e-5) for n in (..., estimated(h))), ..., 0,
        *(n for h in (0.1, 0.01) for n in (..., estimated(h))), ..., 0,
    ],
    "autograd.py:two-precisions": lambda: 4 * [DW],
    "autograd.py:automatic": lambda: [..., slope(logistic_map, 0.2)],
    "autograd.py:chain": lambda: [
        slope(lambda u: u**2, 7.0),
        slope(lambda x: 3 * x + 1, 2.0),
        slope(lambda x: (3 * x + 1) ** 2, 2.0),
    ],
    "autograd.py:two-paths": lambda: [
        4 * slope(lambda x: 3 * x, 2.0),
        6 * slope(lambda x: x**2, 2.0),
        slope(lambda x: 3 * x * x**2, 2.0),
    ],
    "autograd.py:neuron-backward": lambda: [DA, slope(sigmoid, Z), DZ, A - 1, DW, DB],
    "autograd.py:neuron-gradients": lambda: [DW, DB],
    "autograd.py:graph-values": lambda: [DW, DB, DB, DZ, DA, 1],
    "autograd.py:forward-sweep": lambda: [*swept()],
    "autograd.py:jvp": lambda: [DW, DB],
    "autograd.py:leaf": lambda: [1.1],
    "autograd.py:kink": lambda: [slope(lambda w: max(w, 0), -2.0), 0, slope(lambda w: w, 3.0)],
    "autograd.py:retain-grad": lambda: [
        slope(lambda z: z**2, 6.0),
        slope(lambda w: (3 * w) ** 2, 2.0),
    ],
    "autograd.py:accumulation": lambda: [n * slope(lambda w: 3 * w, 2.0) for n in (1, 2, 3)],
    "autograd.py:zero-grad": lambda: [slope(lambda w: 3 * w, 2.0)],
    "autograd.py:backward-twice": lambda: [2 * slope(lambda w: w**2, 2.0)],
    "autograd.py:gradient-argument": lambda: [
        *partials(lambda w: w[0] ** 2, (1.0, 2.0)),
        *partials(lambda w: w[1] ** 2, (1.0, 2.0)),
        *partials(lambda w: w[0] ** 2 + w[1] ** 2, (1.0, 2.0)),
        *partials(lambda w: w[0] ** 2 + 10 * w[1] ** 2, (1.0, 2.0)),
    ],
    "autograd.py:detach": lambda: [slope(lambda w: w * 3, 3.0), ...],
    "autograd.py:leaf-in-place": lambda: [2 - 0.1 * slope(lambda w: w**2, 2.0)],
    "autograd.py:saved-in-place": lambda: [slope(sigmoid, 2.0)],
    "autograd.py:solution-predict": lambda: [slope(lambda w: w**3 + 2 * w, 3.0)],
    "autograd.py:solution-squares": lambda: [
        slope(lambda w: (1.1 * w - 1) ** 2, 2.2),
        slope(lambda b: (Z + b - 1) ** 2, 0.0),
    ],
    "autograd.py:bug-descent": lambda: first(5, descended(4.0, 0.25, lambda w: (w - 1) ** 2, 1)),
    "autograd.py:solution-descent": lambda: first(
        5, descended(4.0, 0.25, lambda w: (w - 1) ** 2, 0)
    ),
    "autograd.py:solution-step": lambda: [neuron(), neuron(2.2 - DW, -DB)],
    "autograd.py:bug-loop": lambda: [slope(lambda w: 3 * w**2, 2.0)],
    "autograd.py:solution-loop": lambda: 2 * [slope(lambda w: 3 * w**2, 2.0)],
    "autograd.py:solution-gradcheck": lambda: [..., ..., slope(lambda w: w * w, 3.0), 3],
    "autograd.py:solution-dual": lambda: [..., slope(logistic_map, 0.2)],
    "backpropagation.py:backward": lambda: [D_Z, *D_W2, *D_U, *D_W1],
    "backpropagation.py:walk": lambda: [-1 / Y_HAT, D_Z, *D_H, *D_U],
    "backpropagation.py:same": lambda: D_W1,
    "backpropagation.py:gradients": lambda: [
        *6 * [...],
        *simple_net("fc2.bias"),
        *simple_net("fc1.bias"),
        *simple_net("fc2.weight"),
    ],
    "backpropagation.py:dead": lambda: [
        *(value for i, value in enumerate(simple_net("fc1.weight")) if i % 10 < 5),
        ...,
    ],
    "backpropagation.py:logits-gradient": lambda: [
        ..., 0, ..., slope(lambda z: math.log1p(math.exp(z)) - z, -200.0)
    ],
    "backpropagation.py:softmax-gradient": lambda: [
        sum(abs(partial) for partial in partials(loss, (0.0, 8.0, 0.0)))
        for loss in (surprise, lambda s: surprise(softmax(s)))
    ],
    "learning.py:adamw-check": lambda: in_pairs(adamw(1, 3), adamw(1000, 3)),
    "training.py:first-moves": lambda: [
        moved([g])[k] for k in (0, 1) for g in (1000.0, 0.5, -0.001, 1e-9)
    ],
    "training.py:decay": lambda: [0.9, 19.9, 1, 20, *(w - 0.1 * 0.1 * w for w in (1, 20)), 1, 20],
    "training.py:schedule": lambda: [
        n for t in (0, 4, 14, 15, 105, 150) for n in (..., half_cosine(t))
    ],
    "training.py:clip": lambda: [math.hypot(3, 0, 4), 3 / 5, 0, 4 / 5],
    "training.py:solution-undivided": lambda: [
        n
        for k in (0, 1)
        for factor in (1, 4)
        for n in (..., *(moved([factor * a, factor * b])[k] for a, b in ((1, 2), (-3, 1))))
    ],
    "instructions.py:masked-gradient": lambda: [
        (softmax(random_row(3, 10))[k] - (k == 6)) / 2 for k in range(7)
    ],
    "instructions.py:dpo": lambda: [
        n
        for values in ((-12.0, -10.0), (-11.0, -14.0), (-13.0, -16.0))
        for n in (*values, preferring(values), *partials(preferring, values))
    ],
    "instructions.py:solution-gradient": lambda: [
        n for h in (0, 0.5, 5) for n in 2 * partials(preferring, (h / 0.1 - 12, -10.0))[:1]
    ],
    "learning.py:nan": lambda: [..., ..., 0, ..., 1, slope(lambda w: w, 1.0)],
    "backpropagation.py:scores": lambda: [
        *softmax((2.0, 1.0, 0.0)),
        *2 * partials(surprise, (2.0, 1.0, 0.0)),
    ],
    "backpropagation.py:solution-tanh": lambda: partials(tanh_layers, (0.5, 0.25, -1.0, 0.25)),
    "backpropagation.py:solution-batch": lambda: partials(batch_loss, (0.5, 0.25, -1.0, 0.25)),
    "backpropagation.py:two-classes": lambda: [
        A, DZ, 1 - A, A, *partials(lambda s: surprises(s, (0, 1)), (0.0, Z))
    ],
    "backpropagation.py:tune-gradient": lambda: 2 * partials(
        lambda s: surprises(s, AFTER_C), 7 * (0.0,)
    ),
    "learning.py:solution-momentum": lambda: in_pairs(momentum(1, 3), momentum(4, 3)),
    "backpropagation.py:solution-two-right": lambda: 2 * partials(
        lambda s: surprises(s, (0.5, 0.5, 0)), (2.0, 1.0, 0.0)
    ),
    "embeddings.py:gradient": lambda: by_row((3, 0, 3), ((1, 10), (2, 20), (4, 40)), 4),
    "embeddings.py:unlearned-rows": lambda: [
        slope(lambda place, i=i: sum(place for text in range(2) if i < 3), 0.5) for i in range(5)
    ],
    "embeddings.py:solution-row": lambda: by_row((1, 1, 2), ((1, 2), (3, 4), (5, 6)), 4),
    "block.py:residual": lambda: [
        *partials(lambda x: x[1] / 2, (1.0, 2.0)),
        *partials(lambda x: x[0] + x[1] + x[1] / 2, (1.0, 2.0)),
    ],
    "learning.py:solution-parts": lambda: [
        slope(tenth, 1.0),
        slope(lambda w: (w**2 + (w - 5) ** 2) / 2, 1.0),
        slope(tenth, 1.0),
    ],
    "lora.py:gradients": lambda: [
        *partials(lambda d: thin(d=d), (0.0, 0.0, 0.0, 0.0)),
        *partials(lambda a: thin(a=a), (1.0, 2.0)),
        *partials(lambda b: thin(b=b), (3.0, 0.0)),
    ],
    "checks.py:gradient": lambda: [DW],
    "checks.py:differences": lambda: [DW],
    "bigrams.py:gradient": lambda: 2 * [pair_of_the_novel("t", "h")],
    "classification.py:solution-one-score": lambda: 2 * partials(
        lambda z: sum(map(two_class_loss, (z[0], -z[1], z[2]))) / 3, (1.5, -0.5, 0.3)
    ),
}  # fmt: skip

NO_GRADIENT = {
    "autograd.py:best-step": "machine epsilons and steps",
    "autograd.py:no-grad": "a message that counts its elements",
    "autograd.py:numpy": "the value of a leaf",
    "autograd.py:one-function": "a value",
    "autograd.py:symbolic": "formulas, confirmed by the test below",
    "autograd.py:symbolic-growth": "counts of operations",
    "backpropagation.py:flops": "counts of operations",
    "backpropagation.py:flops-deep": "counts of operations",
    "backpropagation.py:parameters": "shapes and counts",
    "block.py:block-count": "counts of parameters",
    "block.py:pre-and-post": "lengths of gradients, confirmed by the test below",
    "block.py:solution-offset": "means of outputs",
    "block.py:solution-symmetry": "values of a function",
    "block.py:stream-size": "standard deviations of outputs",
    "block.py:three-stacks": "sizes of gradients, confirmed by the test below",
    "classification.py:bytes-figure": "accuracies",
    "classification.py:confusion": "counts and ratios",
    "classification.py:counts": "a shape and an accuracy",
    "classification.py:error-bar": "standard errors",
    "classification.py:last-real": "an accuracy and a share",
    "classification.py:leaks": "counts and shares",
    "classification.py:nothing-trains": "messages",
    "classification.py:run": "losses and accuracies",
    "classification.py:seeds": "recorded accuracies and losses",
    "classification.py:solution-pairs": "an accuracy and counts",
    "classification.py:solution-score": "losses and accuracies",
    "classification.py:solution-threshold": "ratios of counts",
    "classification.py:sure": "accuracies and losses",
    "classification.py:weights": "weights of classes, and counts",
    "classification.py:which": "accuracies",
    "configuration.py:compute": "counts of operations",
    "embeddings.py:not-in-table": "messages, and a row of a table",
    "embeddings.py:rows-that-move": "tokens, and which rows moved",
    "embeddings.py:solution-steps": "tokens, and which rows moved",
    "embeddings.py:tied": "counts of parameters and of rows",
    "gpt.py:bug-leaky": "a loss",
    "gpt.py:check-overfit": "losses",
    "gpt.py:flops": "a count of operations",
    "gpt.py:flops-training": "ratios of counts",
    "gpt.py:saved-context": "counts of bytes",
    "gpu.py:recompute-same": "counts of bytes, and whether two ways give the same gradients",
    "gpu.py:saved-counts": "counts of bytes",
    "heads.py:saved": "counts of numbers",
    "instructions.py:cost": "counts of answers",
    "instructions.py:first-steps": "losses",
    "instructions.py:interval": "shares and their margins",
    "instructions.py:preferences": "a count of pairs",
    "instructions.py:recorded": "losses and log-probabilities",
    "instructions.py:scores-of-both": "counts of answers",
    "instructions.py:solution-forget": "shares of answers",
    "instructions.py:tuned": "log-probabilities",
    "instructions.py:two-answers": "log-probabilities",
    "learning.py:autocast": "dtypes",
    "learning.py:decay": "weights, under gradients that the cell chose itself",
    "learning.py:one-batch": "a loss",
    "learning.py:rates": "losses",
    "learning.py:rounded": "sums of a small step",
    "learning.py:solution-best": "losses",
    "learning.py:too-fast": "weights that leap about, confirmed by the test below",
    "learning.py:validation": "losses",
    "lora.py:adapted": "counts of numbers",
    "lora.py:cuts": "losses",
    "lora.py:first-step": "sizes of a change, which the rank multiplies",
    "lora.py:gpt2": "counts of numbers",
    "lora.py:kept": "a ratio of counts of bytes",
    "lora.py:merge": "a rank, and a ratio of lengths",
    "lora.py:operations": "a ratio of counts of operations",
    "lora.py:solution-few-bits": "losses",
    "lora.py:solution-file": "counts of bytes",
    "lora.py:spectra": "ranks and shares of energy, recorded",
    "lora.py:too-late": "counts of tensors",
    "lora.py:trained": "losses",
    "pretraining.py:bug-shift": "a loss",
    "pretraining.py:fine-tune": "a loss",
    "pretraining.py:learned": "probabilities",
    "pretraining.py:new-tune": "a loss",
    "pretraining.py:pretrain": "a loss",
    "recap-book.py:adapter": "a count and a loss",
    "recap-book.py:map": "counts of chapters",
    "recap-book.py:solution-merge": "a count of parameters",
    "recap-book.py:solution-path": "numbers of chapters",
    "recap-gpt.py:gradient": "how many tensors have one",
    "recap-gpt.py:memorise": "losses",
    "recap.py:best": "a step and two losses",
    "recap.py:losses": "losses",
    "recap.py:solution-context": "losses",
    "training.py:accumulate": "a ratio of lengths: the sum of two halves over their mean",
    "training.py:autocast": "dtypes and losses",
    "training.py:initial": "losses",
    "training.py:losses": "losses",
    "training.py:solution-spread": "standard deviations of scores",
}
"""Cells that may seem to print a gradient, and what their numbers are."""


@pytest.mark.parametrize("reference", CONFIRMED)
def test_a_printed_gradient_is_what_another_computation_gives(reference: str) -> None:
    shown = [token for token in tokens(printed(reference)) if token.number is not None]
    computed = CONFIRMED[reference]()

    assert len(shown) == len(computed)
    for token, value in zip(shown, computed, strict=True):
        if not isinstance(value, EllipsisType):
            decimals = len(token.text.partition(".")[2])
            # what ends in a point, as in tensor(42.), is shown whole
            off = 0.5 * 10**-decimals if decimals else 0
            assert float(token.text) == pytest.approx(value, rel=0, abs=off + 2e-8), token


@pytest.mark.parametrize("x", [-0.7, 0.2, 0.9])
def test_the_derivatives_in_letters_have_the_slope_of_the_function(x: float) -> None:
    once, twice, thrice = printed("autograd.py:symbolic").splitlines()

    assert eval(once, {"x": x}) == pytest.approx(slope(lambda x: logistic_map(x, 1), x))
    assert eval(twice, {"x": x}) == pytest.approx(slope(lambda x: logistic_map(x, 2), x))
    assert thrice == f"f′(0.2) = {slope(logistic_map, 0.2):.4f}"


def test_a_rate_too_large_leads_where_the_slope_says() -> None:
    at = [float(line.split()[1]) for line in printed("learning.py:too-fast").splitlines()]

    # w - 0.5 * 4 w^3, from 4
    expected = [-124.0, -124 + 2 * 124.0**3]
    expected.append(expected[1] - 2 * expected[1] ** 3)
    assert at[:3] == pytest.approx(expected, rel=5e-3)
    assert at[3] == math.inf
    assert math.isnan(at[4])


def gelu_slope(u: torch.Tensor) -> torch.Tensor:
    """The derivative of u Φ(u)."""
    density = torch.exp(-u * u / 2) / math.sqrt(2 * math.pi)
    return (1 + torch.erf(u / math.sqrt(2))) / 2 + u * density


def normalised(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Each row with mean 0 and deviation 1, and what it was divided by."""
    centred = x - x.mean(-1, keepdim=True)
    size = (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
    return centred / size, size


def before_norm(g: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """The gradient at x, from the gradient g at its normalisation."""
    y, size = normalised(x)
    return (g - g.mean(-1, keepdim=True) - y * (g * y).mean(-1, keepdim=True)) / size


@torch.no_grad()
def stacked(depth: int, *, add: bool, norm: bool) -> float:
    """The mean size of the gradient at the input of a stack, by the chain rule written out."""
    torch.manual_seed(0)
    x, steps = torch.randn(16, 64).double(), []
    for _ in range(depth):
        layer = nn.Linear(64, 64).double()
        u = layer(normalised(x)[0] if norm else x)
        steps.append((x, layer.weight, u))
        x = nn.functional.gelu(u) + (x if add else 0)
    g = torch.ones_like(x)
    for x, weight, u in reversed(steps):
        through = (g * gelu_slope(u)) @ weight
        g = (before_norm(through, x) if norm else through) + (g if add else 0)
    return g.abs().mean().item()


def test_the_gradients_of_three_stacks_come_out_of_the_chain_rule() -> None:
    lines = printed("block.py:three-stacks").splitlines()

    for line, (add, norm) in zip(lines, [(False, False), (True, False), (True, True)], strict=True):
        expected = [stacked(depth, add=add, norm=norm) for depth in (1, 10, 50)]
        assert [float(number) for number in line.split()] == pytest.approx(expected, rel=0.02)


@torch.no_grad()
def last_matrix(depth: int, *, post: bool) -> float:
    """The length of the gradient of the last matrix of a stack of blocks of 64 numbers, 4 heads."""
    torch.manual_seed(0)
    shapes = [(64, 192), (64, 64), (64, 256), (256, 64)]
    blocks = [[nn.Linear(*shape) for shape in shapes] for _ in range(depth)]
    for layer in (layer for block in blocks for layer in block):
        nn.init.xavier_uniform_(layer.weight)
    head, x = nn.Linear(64, 65).double(), torch.randn(8, 16, 64).double()
    y = torch.randint(65, (8, 16)).flatten()
    for block in blocks:
        qkv, out, up, down = (layer.double() for layer in block)
        q, k, v = (
            part.unflatten(-1, (4, 16)).transpose(1, 2)
            for part in qkv(x if post else normalised(x)[0]).chunk(3, -1)
        )
        scores = (q @ k.mT / 4).masked_fill(torch.ones(16, 16).triu(1).bool(), -math.inf)
        x = x + out((scores.softmax(-1) @ v).transpose(1, 2).flatten(2))
        x = normalised(x)[0] if post else x
        hidden = nn.functional.gelu(up(x if post else normalised(x)[0]), approximate="tanh")
        added = x + down(hidden)
        x = normalised(added)[0] if post else added
    error = head(normalised(x)[0]).flatten(0, 1).softmax(-1)
    error[torch.arange(len(y)), y] -= 1
    g = before_norm(error.unflatten(0, (8, 16)) / len(y) @ head.weight, x)
    if post:
        g = before_norm(g, added)
    return (g.flatten(0, 1).T @ hidden.flatten(0, 1)).norm().item()


def test_the_last_gradients_of_both_designs_come_out_of_the_chain_rule() -> None:
    pre, post = printed("block.py:pre-and-post").splitlines()

    for line, after in ((pre, False), (post, True)):
        expected = [last_matrix(depth, post=after) for depth in (3, 6, 12, 24)]
        assert [float(n) for n in line.split()[1:]] == pytest.approx(expected, abs=0.006)


def printed(reference: str) -> str:
    """What a cell prints, as its file says it does."""
    file, _, name = reference.partition(":")
    cells = {cell.name: cell for cell in load(SNIPPETS / file).cells}
    return "\n".join(e.text for s in cells[name].statements for e in s.expectations)


def test_every_cell_that_may_print_a_gradient_is_listed() -> None:
    suspects = {
        f"{snippet.name}:{cell.name}"
        for path in SNIPPETS.glob("*.py")
        for snippet in [load(path)]
        for cell in suspected(snippet)
    }

    assert sorted(suspects - CONFIRMED.keys()) == sorted(NO_GRADIENT)


GRADIENT = re.compile(
    r"\.grad\b|\.backward\(|_hook\(|\.(jvp|vjp|diff|jac\w+|hessian)\(|\bautograd\b"
)
SIGN = re.compile("[∂′]|d[a-z]/d[a-z]")


def suspected(snippet: Snippet) -> Iterator[Cell]:
    """The cells that print a number made by a statement from which a gradient may have come."""
    nodes = {first_line(node): node for node in ast.parse(snippet.text).body}
    made: set[str] = set()
    for cell in snippet.cells:
        suspect = False
        for statement in cell.statements:
            names = [*named(nodes[statement.line])]
            marked = bool(GRADIENT.search(statement.code)) or any(
                name in made for name, stored in names if not stored
            )
            stored = {name for name, stored in names if stored}
            made = made | stored if marked else made - stored
            shown = "\n".join(e.text for e in statement.expectations)
            suspect |= bool(re.search(r"\d", shown)) and (marked or bool(SIGN.search(shown)))
        if suspect:
            yield cell


def named(node: ast.stmt) -> Iterator[tuple[str, bool]]:
    """The names in a statement, and whether it gives them a value."""
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            yield part.id, isinstance(part.ctx, ast.Store)
        elif isinstance(part, ast.FunctionDef | ast.ClassDef):
            yield part.name, True
