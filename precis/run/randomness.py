"""Draw random numbers on the CPU, so that a seed gives the same values on every device."""

from __future__ import annotations

import functools
from typing import Any, NoReturn

import torch
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

_FUSED_DROPOUT = {"dropout_p", "dropout"}
"""The names of the dropout probability among the arguments of fused operations."""


class CpuRandomNumbers(TorchDispatchMode):
    """Draws random numbers on the CPU and moves them to the device."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if not is_tagged_random(func):
            return func(*args, **kwargs)
        leaves = pytree.tree_leaves((args, kwargs))
        tensors = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor)]
        argument = [kwargs["device"]] if kwargs.get("device") is not None else []
        device = torch.device(next(iter([*argument, *(t.device for t in tensors)]), "cpu"))
        if device.type in ("cpu", "meta"):
            return func(*args, **kwargs)
        if _has_dropout(func, args, kwargs):
            refuse_fused_dropout(func._schema.name)
        if not is_random(func):
            return func(*args, **kwargs)
        copies = {id(t): t.cpu() for t in tensors}

        def on_cpu(leaf: Any) -> Any:
            if isinstance(leaf, torch.Tensor):
                return copies[id(leaf)]
            return torch.device("cpu") if isinstance(leaf, torch.device) else leaf

        cpu_args, cpu_kwargs = pytree.tree_map(on_cpu, (args, kwargs))
        result = func(*cpu_args, **cpu_kwargs)

        def to_device(leaf: Any) -> Any:
            if not isinstance(leaf, torch.Tensor):
                return leaf
            for tensor in tensors:  # an operation in place returns its argument
                if copies[id(tensor)] is leaf:
                    return tensor.copy_(leaf)
            return leaf.to(device)

        return pytree.tree_map(to_device, result)


@functools.cache
def is_tagged_random(operation: Any) -> bool:
    """Return whether torch says of an operation that it may draw random numbers."""
    return torch.Tag.nondeterministic_seeded in operation.tags


def is_random(operation: Any) -> bool:
    """Return whether an operation tagged `nondeterministic_seeded` returns random numbers.

    Fused attention and recurrent layers have the tag even without dropout.
    """
    arguments = {argument.name for argument in operation._schema.arguments}
    name = operation._schema.name.partition("::")[2]
    if arguments & _FUSED_DROPOUT:
        return False
    return "generator" in arguments or name.startswith("rand") or "dropout" in name


def refuse_fused_dropout(operation: str) -> NoReturn:
    """Raise NotImplementedError for an operation whose dropout a kernel of the device draws."""
    raise NotImplementedError(
        f"the dropout of {operation} is drawn by the device, so its values are not the CPU's: "
        "run attention under torch.nn.attention.sdpa_kernel(SDPBackend.MATH), "
        "and put nn.Dropout between recurrent layers"
    )


def _has_dropout(operation: Any, args: Any, kwargs: Any) -> bool:
    """Return whether a call of a fused operation draws a dropout.

    An operation that returns no tensor only chooses a kernel.
    """
    if not any("Tensor" in repr(result.type) for result in operation._schema.returns):
        return False
    arguments = operation._schema.arguments
    values = {a.name: a.default_value for a in arguments if a.has_default_value()}
    values |= dict(zip((a.name for a in arguments), args, strict=False)) | kwargs
    return any(values.get(name) for name in _FUSED_DROPOUT) and values.get("train", True)
