"""Run a snippet on a device other than the CPU, with results that can be compared.

Tensors are created on the device, random numbers come from the CPU, and float32 is not reduced to
TF32. torch is imported on use.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator
from typing import Any

FAKE = "fakegpu"


def why_unavailable(device: str) -> str:
    """Return why this machine cannot verify on a device; "" if it can.

    Raises ModuleNotFoundError without torch.
    """
    if device == "cpu":
        return ""
    torch: Any = importlib.import_module("torch")
    if device == FAKE:
        return ""
    module = getattr(torch, device, None)
    if device == "mps":
        module = torch.backends.mps
    if module is None or not module.is_available():
        return f"there is no {device} device here that torch {torch.__version__} can use"
    return ""


def device_name(device: str) -> str:
    """Return the hardware's name, such as the graphics card's; the type if torch has none."""
    if device != "cuda":
        return device
    torch: Any = importlib.import_module("torch")
    return str(torch.cuda.get_device_name())


@contextlib.contextmanager
def on_device(device: str) -> Iterator[None]:
    """Create tensors on a device inside the block, unless the code names another."""
    torch: Any = importlib.import_module("torch")
    from precis.run.randomness import CpuRandomNumbers

    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction = False
    torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = False
    with contextlib.ExitStack() as stack:
        if device == FAKE:
            importlib.import_module("precis.run.fakegpu_backend").set_up()
            fake: Any = importlib.import_module("precis.run.fakegpu")
            stack.enter_context(fake.DispatchWithCpuNumbers())
            stack.enter_context(fake.Attention())
        else:
            stack.enter_context(CpuRandomNumbers())
        stack.enter_context(torch.device(device))
        yield


def hide_accelerators(torch: Any) -> None:
    """Make torch report no accelerator, as on a machine without one.

    Environment variables hide the others (`precis.run.environment`), but not Apple's, nor the type
    of accelerator for which torch was built.
    """
    torch._C._mps_is_available = lambda: False
    torch._C._accelerator_getAccelerator = lambda *_: None
