"""An accelerator for machines that have none: `fakegpu`, whose tensors compute on the CPU.

A tensor on it reports `device='fakegpu:0'`, refuses to mix with tensors of the CPU, and draws
other random numbers than the CPU for the same seed, as a real accelerator does. It shows what
a snippet does on another device. It leans on private parts of torch, such as
`_setup_privateuseone_for_python_backend`, which the pinned version has.
"""

from __future__ import annotations

import copy
import ctypes
from typing import Any

import torch
import torch.utils._pytree as pytree
from torch import _tensor_str
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

from precis.run.device import refuse_fused_dropout

NAME = "fakegpu"

_SEED_OF_ITS_OWN = 0xFA4E

_KERNELS = (
    "empty.memory_format", "empty_strided", "copy_", "_copy_from", "_copy_from_and_resize",
    "_to_copy", "_local_scalar_dense", "view", "as_strided",
)  # fmt: skip
"""What torch calls below Python's dispatch: to read an index or a list, for instance."""


class FakeTensor(torch.Tensor):
    """A tensor on the fake device: a wrapper around one of the CPU, `raw`."""

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
        return _dispatch(func, args, kwargs or {})

    @property
    def data(self) -> Any:
        """The values without their history; whoever assigns to it replaces them."""
        return torch.Tensor.data.__get__(self)

    @data.setter
    def data(self, other: FakeTensor) -> None:
        torch.Tensor.data.__set__(self, other)
        self.raw = other.raw

    def data_ptr(self) -> int:
        """Return where the values lie: a wrapper has no memory of its own."""
        return self.raw.data_ptr()

    def untyped_storage(self) -> torch.UntypedStorage:
        """Return the memory in which the values lie."""
        return self.raw.untyped_storage()

    def tolist(self) -> Any:
        """Return the values as Python's numbers."""
        return self.raw.tolist()

    def numpy(self, *, force: bool = False) -> Any:
        """Refuse, as CUDA's tensors do, unless a copy is asked for."""
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
            return torch.Tensor.__deepcopy__(self, memo)  # which says why not
        if id(self) not in memo:
            twin = _rebuilt(_marked(self.raw.detach().clone()), self.requires_grad, self._is_param)
            twin.grad = copy.deepcopy(self.grad, memo)
            memo[id(self)] = twin
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _rebuilt, (_marked(self.raw.detach()), self.requires_grad, self._is_param)

    _is_param = False


FakeTensor.__name__ = FakeTensor.__qualname__ = "Tensor"
FakeTensor.__module__ = "torch"  # its type prints as that of a tensor on any device does


class Dispatch(TorchDispatchMode):
    """Sends operations that name the device, and have no tensor on it yet, to it."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _dispatch(func, args, kwargs or {})


class Attention(TorchFunctionMode):
    """Refuses what an accelerator would fuse; this device has attention's plain form only."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func is torch.nn.functional.scaled_dot_product_attention:
            dropout = kwargs.get("dropout_p", args[4] if len(args) > 4 else 0)
            cuda = torch.backends.cuda
            if dropout and (cuda.flash_sdp_enabled() or cuda.mem_efficient_sdp_enabled()):
                refuse_fused_dropout("scaled_dot_product_attention")
        return func(*args, **kwargs)


class _Module:
    """What torch asks of `torch.fakegpu`."""

    def is_initialized(self) -> bool:
        return True

    def is_available(self) -> bool:
        return True

    def current_device(self) -> int:
        return 0

    def device_count(self) -> int:
        return 1

    def manual_seed_all(self, seed: int) -> None:
        pass

    def synchronize(self, device: Any = None) -> None:
        pass

    def get_amp_supported_dtype(self) -> list[torch.dtype]:
        return []  # it does not cast by itself, and torch warns whoever asks for that

    def _is_in_bad_fork(self) -> bool:
        return False


class _Guard(torch._C._acc.DeviceGuard):
    """Tells torch the device's type, also while an exception of a hook is under way.

    torch asks in the destructor that leaves the failed node of a graph, where an exception of
    Python that is still pending would end the process. It is set aside, for `_Engine`.
    """

    pending: BaseException | None = None

    def type_(self) -> Any:
        try:
            ctypes.pythonapi.PyErr_Occurred()  # raises what is pending
        except BaseException as error:
            _Guard.pending = error
        return torch._C._autograd.DeviceType.PrivateUse1


class _Engine(torch._C._ImperativeEngine):
    """torch's engine, on the caller's thread, which raises what the guard set aside."""

    def run_backward(self, *args: Any, **kwargs: Any) -> Any:
        _Guard.pending = None
        try:
            with torch.autograd.set_multithreading_enabled(False):
                return super().run_backward(*args, **kwargs)
        except SystemError:
            if _Guard.pending is None:
                raise
            raise _Guard.pending from None


def set_up() -> None:
    """Register the device with torch, unless this process has."""
    if torch._C._get_privateuse1_backend_name() == NAME:
        return
    _setup_privateuseone_for_python_backend(NAME, _Module(), device_guard=_Guard())
    for name in _KERNELS:
        _LIBRARY.impl(name, _kernel(name), "PrivateUse1")
    torch.autograd.Variable._execution_engine = _Engine()
    torch.accelerator.synchronize = lambda device=None, /: None
    torch.serialization.register_package(0, _tag, _restored)
    torch.serialization.add_safe_globals([_rebuilt])


_LIBRARY = torch.library.Library("aten", "IMPL")


def _kernel(name: str) -> Any:
    packet, _, overload = name.partition(".")
    operation = getattr(getattr(torch.ops.aten, packet), overload or "default")
    return lambda *args, **kwargs: _dispatch(operation, args, kwargs)


def _dispatch(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    leaves = pytree.tree_leaves((args, kwargs))
    on_fake = any(isinstance(leaf, FakeTensor) for leaf in leaves)
    target = kwargs.get("device")
    to_fake = target is not None and torch.device(target).type == NAME
    to_other = target is not None and not to_fake
    if on_fake:
        _refuse_mixture(func, args, leaves)
    if func is torch.ops.aten._efficientzerotensor.default:
        func = torch.ops.aten.zeros.default  # a zero without memory cannot be wrapped
    raw_args, raw_kwargs = pytree.tree_map(_unwrapped, (args, kwargs))
    try:
        if torch.Tag.nondeterministic_seeded in func.tags and (to_fake or on_fake):
            with torch.random.fork_rng([]):
                torch.manual_seed(_SEED_OF_ITS_OWN)
                result = func(*raw_args, **raw_kwargs)
        else:
            result = func(*raw_args, **raw_kwargs)
    except NotImplementedError as error:
        if str(error).startswith("Could not run"):
            raise NotImplementedError(f"{NAME} has no {func._schema.name}") from None
        raise
    if not (to_fake or (on_fake and not to_other)):
        return result

    def wrapped(leaf: Any) -> Any:
        if not isinstance(leaf, torch.Tensor) or isinstance(leaf, FakeTensor):
            return leaf
        for original in leaves:  # an operation in place gives its argument back
            if isinstance(original, FakeTensor) and original.raw is leaf:
                if (original.shape, original.stride()) != (leaf.shape, leaf.stride()):
                    torch.Tensor.data.__set__(original, FakeTensor(leaf))
                return original
        return FakeTensor(leaf)

    return pytree.tree_map(wrapped, result)


def _refuse_mixture(func: Any, args: Any, leaves: list[Any]) -> None:
    """Refuse tensors on two devices; a copy, an index and a number may be the CPU's."""
    if "copy_" in str(func):
        return
    if func.name().startswith(("aten::index.", "aten::index_put", "aten::_index_put")):
        leaves = pytree.tree_leaves((args[0], args[2:]))
    for leaf in leaves:
        if isinstance(leaf, torch.Tensor) and not isinstance(leaf, FakeTensor) and leaf.dim():
            raise RuntimeError(
                "Expected all tensors to be on the same device, but found at least two devices, "
                f"{NAME}:0 and {leaf.device}!"
            )


def _unwrapped(leaf: Any) -> Any:
    if isinstance(leaf, FakeTensor):
        return leaf.raw
    if isinstance(leaf, torch.device) and leaf.type == NAME:
        return torch.device("cpu")
    return leaf


def _marked(raw: torch.Tensor) -> torch.Tensor:
    """Mark the memory of a tensor as the device's, so that a file says where it was."""
    raw.untyped_storage()._precis_device = NAME
    return raw


def _tag(storage: Any) -> str | None:
    return getattr(storage, "_precis_device", None)


def _restored(storage: Any, location: str) -> Any:
    """Return memory read from a file, marked if it was the device's or is to be."""
    if not location.startswith(NAME):
        return None
    storage._precis_device = NAME
    return storage


def _rebuilt(raw: torch.Tensor, requires_grad: bool, is_parameter: bool) -> torch.Tensor:
    """Return a tensor that was saved or copied: on the device, or where it was mapped to."""
    tensor = FakeTensor(raw) if _tag(raw.untyped_storage()) else raw
    if is_parameter:
        return torch.nn.Parameter(tensor, requires_grad)
    return tensor.requires_grad_(requires_grad)
