"""Register the fake device with torch: its module, its autograd engine, and a few kernels."""

from __future__ import annotations

import ctypes
from typing import Any

import torch
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

from precis.run.fakegpu import NAME, dispatch, rebuild, restore, tag

_KERNELS = (
    "empty.memory_format", "empty_strided", "copy_", "_copy_from", "_copy_from_and_resize",
    "_to_copy", "_local_scalar_dense", "view", "as_strided",
)  # fmt: skip
"""The operations that torch calls below Python's dispatch, for instance to read an index."""


class _Module:
    """The module `torch.fakegpu`, with the functions that torch calls."""

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
        return []  # no autocast: torch warns if it is used

    def _is_in_bad_fork(self) -> bool:
        return False


class _Guard(torch._C._acc.DeviceGuard):
    """Returns the device type to torch, even while an exception of a hook is pending.

    torch asks for it in the destructor of a failed graph node, where a pending Python exception
    would abort the process. The guard stores the exception, and `_Engine` raises it.
    """

    pending: BaseException | None = None

    def type_(self) -> Any:
        try:
            ctypes.pythonapi.PyErr_Occurred()  # raises the pending exception
        except BaseException as error:
            _Guard.pending = error
        return torch._C._autograd.DeviceType.PrivateUse1


class _Engine(torch._C._ImperativeEngine):
    """torch's autograd engine on the caller's thread; raises the exception stored by the guard."""

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
    """Register the device with torch, once per process."""
    if torch._C._get_privateuse1_backend_name() == NAME:
        return
    _setup_privateuseone_for_python_backend(NAME, _Module(), device_guard=_Guard())
    for name in _KERNELS:
        _LIBRARY.impl(name, _kernel(name), "PrivateUse1")
    torch.autograd.Variable._execution_engine = _Engine()
    torch.accelerator.synchronize = lambda device=None, /: None
    torch.serialization.register_package(0, tag, restore)
    torch.serialization.add_safe_globals([rebuild])


_LIBRARY = torch.library.Library("aten", "IMPL")


def _kernel(name: str) -> Any:
    packet, _, overload = name.partition(".")
    operation = getattr(getattr(torch.ops.aten, packet), overload or "default")
    return lambda *args, **kwargs: dispatch(operation, args, kwargs)
