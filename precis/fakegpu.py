"""An accelerator for machines that have none: `fakegpu`, whose tensors compute on the CPU.

A tensor on it reports `device='fakegpu:0'`, refuses to mix with tensors of the CPU, and draws
other random numbers than the CPU for the same seed, as a real accelerator does. It shows what
a snippet does on another device. It leans on a private part of torch,
`_setup_privateuseone_for_python_backend`, which the pinned version has.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.utils._pytree as pytree
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

from precis.device import refuse_fused_dropout

NAME = "fakegpu"

_SEED_OF_ITS_OWN = 0xFA4E


class FakeTensor(torch.Tensor):
    """A tensor on the fake device: a wrapper around one of the CPU, `raw`."""

    __torch_function__ = torch._C._disabled_torch_function_impl

    raw: torch.Tensor

    @staticmethod
    def __new__(cls, raw: torch.Tensor) -> FakeTensor:  # noqa: D102
        self: FakeTensor = torch.Tensor._make_wrapper_subclass(
            cls,
            raw.size(),
            strides=raw.stride(),
            storage_offset=raw.storage_offset(),
            dtype=raw.dtype,
            layout=raw.layout,
            device=f"{NAME}:0",
        )
        self.raw = raw
        return self

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _dispatch(func, args, kwargs or {})

    def data_ptr(self) -> int:
        """Where the values lie: a wrapper has no memory of its own."""
        return self.raw.data_ptr()

    def tolist(self) -> Any:
        """The values as Python's numbers."""
        return self.raw.tolist()

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        text = repr(self.raw.detach())[:-1] + f", device='{NAME}:0'"
        if self.grad_fn is not None:
            text += f", grad_fn=<{type(self.grad_fn).__name__}>"
        elif self.requires_grad:
            text += ", requires_grad=True"
        head = "Parameter containing:\n" if isinstance(self, torch.nn.Parameter) else ""
        return f"{head}{text})"


class Dispatch(TorchDispatchMode):
    """Sends operations that name the device, and have no tensor on it yet, to it."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _dispatch(func, args, kwargs or {})


class Factories(TorchFunctionMode):
    """`torch.tensor` builds its data below the dispatcher: build on the CPU, then move."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        device = torch.device(kwargs.get("device") or "cpu")
        if func in (torch.tensor, torch.as_tensor) and device.type == NAME:
            tensor = func(*args, **{**kwargs, "device": "cpu"})
            return tensor.detach().to(NAME).requires_grad_(tensor.requires_grad)
        if func is torch.nn.functional.scaled_dot_product_attention:
            _refuse_dropout(*args, **kwargs)
        return func(*args, **kwargs)


def set_up() -> None:
    """Make torch know the device; once a process."""
    _setup_privateuseone_for_python_backend(NAME)


def _refuse_dropout(
    query: torch.Tensor,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    **options: Any,
) -> None:
    """Refuse what an accelerator would fuse; this device has attention's plain form only."""
    enabled = torch.backends.cuda.flash_sdp_enabled, torch.backends.cuda.mem_efficient_sdp_enabled
    if dropout_p and query.device.type == NAME and any(fused() for fused in enabled):
        refuse_fused_dropout("scaled_dot_product_attention")


def _dispatch(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    leaves = pytree.tree_leaves((args, kwargs))
    on_fake = any(isinstance(leaf, FakeTensor) for leaf in leaves)
    target = kwargs.get("device")
    to_fake = target is not None and torch.device(target).type == NAME
    to_other = target is not None and not to_fake
    elsewhere = {
        leaf.device
        for leaf in leaves
        if isinstance(leaf, torch.Tensor) and not isinstance(leaf, FakeTensor) and leaf.dim() > 0
    }
    if on_fake and elsewhere and "copy_" not in str(func):
        raise RuntimeError(
            "Expected all tensors to be on the same device, but found at least two devices, "
            f"{NAME}:0 and {elsewhere.pop()}!"
        )
    if func is torch.ops.aten._efficientzerotensor.default:
        func = torch.ops.aten.zeros.default  # a zero without memory cannot be wrapped
    raw_args, raw_kwargs = pytree.tree_map(_unwrapped, (args, kwargs))
    if torch.Tag.nondeterministic_seeded in func.tags and (to_fake or on_fake):
        with torch.random.fork_rng([]):
            torch.manual_seed(_SEED_OF_ITS_OWN)
            result = func(*raw_args, **raw_kwargs)
    else:
        result = func(*raw_args, **raw_kwargs)
    if not (to_fake or (on_fake and not to_other)):
        return result

    def wrapped(leaf: Any) -> Any:
        if not isinstance(leaf, torch.Tensor) or isinstance(leaf, FakeTensor):
            return leaf
        for original in leaves:  # an operation in place gives its argument back
            if isinstance(original, FakeTensor) and original.raw is leaf:
                return original
        return FakeTensor(leaf)

    return pytree.tree_map(wrapped, result)


def _unwrapped(leaf: Any) -> Any:
    if isinstance(leaf, FakeTensor):
        return leaf.raw
    if isinstance(leaf, torch.device) and leaf.type == NAME:
        return torch.device("cpu")
    return leaf
