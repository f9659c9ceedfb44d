"""Imported last by the process from which snippets are forked, so that none pays for it.

The first optimiser step of a process imports another second's worth of torch.
Nothing here draws a random number.
"""

import sys

if "torch" in sys.modules:
    import torch

    weight = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=0.1)
    weight.sum().backward()  # type: ignore[no-untyped-call]
    optimizer.step()
