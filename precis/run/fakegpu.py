"""A fake accelerator, `fakegpu`, that computes on the CPU: for tests of code on another device.

Its tensors report `device='fakegpu:0'`, do not mix with CPU tensors, and draw other random numbers
than the CPU from the same seed, as a real accelerator's do. It uses private functions of the pinned
version of torch, as does `fakegpu_backend`, which registers the device.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from torch import _tensor_str
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes

from precis.run.randomness import CpuRandomNumbers, is_tagged_random, refuse_fused_dropout

NAME = "fakegpu"

_SEED = 0xFA4E


class FakeTensor(torch.Tensor):
    """A tensor on the fake device, which wraps the CPU tensor `raw`."""

    __torch_function__ = torch._C._disabled_torch_function_impl

    raw: torch.Tensor

    @staticmethod
    def __new__(cls, raw: torch.Tensor) -> FakeTensor:  # noqa: D102
        if raw.is_nested or raw.is_quantized:
            raise NotImplementedError(f"{NAME} has no nested and no quantized tensors")
        raw = raw.resolve_conj().resolve_neg()
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
        return dispatch(func, args, kwargs or {})

    @property
    def data(self) -> Any:
        """The values without their history; assigning replaces them."""
        return torch.Tensor.data.__get__(self)

    @data.setter
    def data(self, other: FakeTensor) -> None:
        torch.Tensor.data.__set__(self, other)
        self.raw = other.raw

    def data_ptr(self) -> int:
        """Return the address of the values: a wrapper has no memory."""
        return self.raw.data_ptr()

    def untyped_storage(self) -> torch.UntypedStorage:
        """Return the memory of the values."""
        return self.raw.untyped_storage()

    def tolist(self) -> Any:
        """Return the values as Python numbers."""
        return self.raw.tolist()

    def numpy(self, *, force: bool = False) -> Any:
        """Raise TypeError, as CUDA tensors do, unless `force` allows a copy."""
        if force:
            return self.detach().cpu().numpy(force=True)
        raise TypeError(
            f"can't convert {self.device} device type tensor to numpy. Use Tensor.cpu() to copy "
            "the tensor to host memory first."
        )

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self.numpy()

    def __format__(self, spec: str) -> Any:
        return self.item().__format__(spec) if self.dim() == 0 else object.__format__(self, spec)

    def __repr__(self, *, tensor_contents: Any = None) -> Any:
        with torch.no_grad(), _disable_current_modes():
            if tensor_contents is None and self.layout == torch.strided:
                tensor_contents = _tensor_str._tensor_str(self.raw.detach(), len("tensor("))
            text = _tensor_str._str_intern(self, tensor_contents=tensor_contents)
        if isinstance(self, torch.nn.Parameter):
            text = "Parameter containing:\n" + text.removeprefix("Parameter(").removesuffix(")")
        return text.replace(f"{type(self).__name__}(", "tensor(", 1)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if not self.is_leaf:
            return torch.Tensor.__deepcopy__(self, memo)  # raises the usual error
        if id(self) not in memo:
            copied = rebuild(_mark(self.raw.detach().clone()), self.requires_grad, self._is_param)
            copied.grad = copy.deepcopy(self.grad, memo)
            memo[id(self)] = copied
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> Any:
        return rebuild, (_mark(self.raw.detach()), self.requires_grad, self._is_param)

    _is_param = False


FakeTensor.__name__ = FakeTensor.__qualname__ = "Tensor"
FakeTensor.__module__ = "torch"  # prints like the type of any tensor


class Dispatch(TorchDispatchMode):
    """Handles operations that name the fake device without having a tensor on it."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return dispatch(func, args, kwargs or {})


class DispatchWithCpuNumbers(CpuRandomNumbers):
    """Does what `Dispatch` and `CpuRandomNumbers` do: a second mode is a fifth of a training."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if not is_tagged_random(func):
            return dispatch(func, args, kwargs or {})
        with Dispatch():
            return super().__torch_dispatch__(func, types, args, kwargs)


_ATTENTION = torch.nn.functional.scaled_dot_product_attention


class Attention(TorchFunctionMode):
    """Refuses dropout in attention that an accelerator would compute in a fused kernel."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func is _ATTENTION:
            dropout = kwargs.get("dropout_p", args[4] if len(args) > 4 else 0)
            cuda = torch.backends.cuda
            if dropout and (cuda.flash_sdp_enabled() or cuda.mem_efficient_sdp_enabled()):
                refuse_fused_dropout("scaled_dot_product_attention")
        return func(*args, **kwargs)


def dispatch(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Compute an operation on the CPU; return tensors of the device that it names or works on."""
    leaves = [*_leaves(args), *_leaves(kwargs.values())]
    on_fake = any(isinstance(leaf, FakeTensor) for leaf in leaves)
    target = kwargs.get("device")
    to_fake = target is not None and torch.device(target).type == NAME
    to_other = target is not None and not to_fake
    if on_fake:
        _refuse_mixture(func, args, leaves)
    if func is torch.ops.aten._efficientzerotensor.default:
        func = torch.ops.aten.zeros.default  # a zero tensor without memory cannot be wrapped
    raw_args = _mapped(_unwrap, args)
    raw_kwargs = {name: _mapped(_unwrap, value) for name, value in kwargs.items()}
    try:
        if (to_fake or on_fake) and is_tagged_random(func):
            with torch.random.fork_rng([]):
                torch.manual_seed(_SEED)
                result = func(*raw_args, **raw_kwargs)
        else:
            result = func(*raw_args, **raw_kwargs)
    except NotImplementedError as error:
        if str(error).startswith("Could not run"):
            raise NotImplementedError(f"{NAME} has no {func._schema.name}") from None
        raise
    if not (to_fake or (on_fake and not to_other)):
        return result

    def wrap(leaf: Any) -> Any:
        if not isinstance(leaf, torch.Tensor) or isinstance(leaf, FakeTensor):
            return leaf
        for original in leaves:  # an operation in place returns its argument
            if isinstance(original, FakeTensor) and original.raw is leaf:
                if (original.shape, original.stride()) != (leaf.shape, leaf.stride()):
                    torch.Tensor.data.__set__(original, FakeTensor(leaf))
                return original
        return FakeTensor(leaf)

    return _mapped(wrap, result)


def _leaves(values: Iterable[Any]) -> Iterator[Any]:
    """Yield what the arguments of an operation consist of: it takes lists, and no other nesting.

    torch's own pytree, which knows all nestings, would take a third of the time of a training.
    """
    for value in values:
        if isinstance(value, (list, tuple)):
            yield from _leaves(value)
        else:
            yield value


def _mapped(change: Callable[[Any], Any], value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_mapped(change, part) for part in value]
    return change(value)


@functools.cache
def _takes_two_devices(func: Any) -> tuple[bool, bool]:
    """Whether an operation copies between devices, and whether its indices may be elsewhere."""
    indexes = func.name().startswith(("aten::index.", "aten::index_put", "aten::_index_put"))
    return "copy_" in str(func), indexes


def _refuse_mixture(func: Any, args: Any, leaves: list[Any]) -> None:
    """Raise RuntimeError for tensors on two devices, except in copies, indices and scalars."""
    copies, indexes = _takes_two_devices(func)
    if copies:
        return
    if indexes:
        leaves = [*_leaves((args[0], args[2:]))]
    for leaf in leaves:
        if isinstance(leaf, torch.Tensor) and not isinstance(leaf, FakeTensor) and leaf.dim():
            raise RuntimeError(
                "Expected all tensors to be on the same device, but found at least two devices, "
                f"{NAME}:0 and {leaf.device}!"
            )


def _unwrap(leaf: Any) -> Any:
    if isinstance(leaf, FakeTensor):
        return leaf.raw
    if isinstance(leaf, torch.device) and leaf.type == NAME:
        return torch.device("cpu")
    return leaf


def _mark(raw: torch.Tensor) -> torch.Tensor:
    """Tag a tensor's memory with the device, so that saved files contain its location."""
    raw.untyped_storage()._precis_device = NAME
    return raw


def tag(storage: Any) -> str | None:
    """Return the device of a tensor's memory, if it is this one."""
    return getattr(storage, "_precis_device", None)


def restore(storage: Any, location: str) -> Any:
    """Tag memory loaded from a file, if its location is the device."""
    if not location.startswith(NAME):
        return None
    storage._precis_device = NAME
    return storage


def rebuild(raw: torch.Tensor, requires_grad: bool, is_parameter: bool) -> torch.Tensor:
    """Return a saved or copied tensor: on the device, or on the one to which it was mapped."""
    tensor = FakeTensor(raw) if tag(raw.untyped_storage()) else raw
    if is_parameter:
        return torch.nn.Parameter(tensor, requires_grad)
    return tensor.requires_grad_(requires_grad)
