"""Run a program on a device that is not the CPU, so that its values can be compared.

Tensors are made on the device, random numbers are drawn by the CPU's generator (a seeded
value is the same everywhere), and float32 means float32. torch is imported only here, and
only where it is asked for.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator
from typing import Any, NoReturn

FAKE = "fakegpu"


def why_unavailable(device: str) -> str:
    """Why this machine cannot verify on a device; nothing if it can."""
    if device in ("cpu", FAKE):
        return ""
    torch: Any = importlib.import_module("torch")
    module = getattr(torch, device, None)
    if device == "mps":
        module = torch.backends.mps
    if module is None or not module.is_available():
        return f"there is no {device} device here that torch {torch.__version__} can use"
    return ""


def described(device: str) -> str:
    """The device's own name, such as that of the graphics card."""
    if device != "cuda":
        return device
    torch: Any = importlib.import_module("torch")
    return str(torch.cuda.get_device_name())


@contextlib.contextmanager
def settled(device: str) -> Iterator[None]:
    """Everything made in the block lies on the device unless the code says otherwise."""
    torch: Any = importlib.import_module("torch")
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction = False
    torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = False
    with contextlib.ExitStack() as stack:
        if device == FAKE:
            fake: Any = importlib.import_module("precis.run.fakegpu")
            fake.set_up()
            stack.enter_context(fake.Dispatch())
            stack.enter_context(fake.Attention())
        stack.enter_context(_cpu_random_numbers(torch))
        stack.enter_context(torch.device(device))
        yield


def draws(operation: Any) -> bool:
    """Return whether an operation tagged `nondeterministic_seeded` draws its result.

    Fused attention and recurrent layers have the tag too, whether they drop out or not.
    """
    arguments = {argument.name for argument in operation._schema.arguments}
    name = operation._schema.name.partition("::")[2]
    if arguments & _FUSED_DROPOUT:
        return False
    return "generator" in arguments or name.startswith("rand") or "dropout" in name


def refuse_fused_dropout(operation: str) -> NoReturn:
    """Raise the error for an operation that draws its dropout in a kernel of the device."""
    raise NotImplementedError(
        f"the dropout of {operation} is drawn by the device, so its values are not the CPU's: "
        "run attention under torch.nn.attention.sdpa_kernel(SDPBackend.MATH), "
        "and put nn.Dropout between recurrent layers"
    )


_FUSED_DROPOUT = {"dropout_p", "dropout"}
"""How an operation that does more than drop out names the probability with which it does."""


def _drops(operation: Any, args: Any, kwargs: Any) -> bool:
    """Return whether a call of a fused operation draws a dropout; choosing a kernel does not."""
    if not any("Tensor" in repr(result.type) for result in operation._schema.returns):
        return False
    arguments = operation._schema.arguments
    given = {a.name: a.default_value for a in arguments if a.has_default_value()}
    given |= dict(zip((a.name for a in arguments), args, strict=False)) | kwargs
    return any(given.get(name) for name in _FUSED_DROPOUT) and given.get("train", True)


def _cpu_random_numbers(torch: Any) -> contextlib.AbstractContextManager[Any]:
    """Return a mode in which whatever draws random numbers draws on the CPU, then moves."""
    from torch.utils import _pytree as pytree
    from torch.utils._python_dispatch import TorchDispatchMode

    class Draws(TorchDispatchMode):
        def __torch_dispatch__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            kwargs = kwargs or {}
            if torch.Tag.nondeterministic_seeded not in func.tags:
                return func(*args, **kwargs)
            leaves = pytree.tree_leaves((args, kwargs))
            tensors = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor)]
            named = [kwargs["device"]] if kwargs.get("device") is not None else []
            device = torch.device(next(iter([*named, *(t.device for t in tensors)]), "cpu"))
            if device.type in ("cpu", "meta"):
                return func(*args, **kwargs)
            if _drops(func, args, kwargs):
                refuse_fused_dropout(func._schema.name)
            if not draws(func):
                return func(*args, **kwargs)
            moved = {id(t): t.cpu() for t in tensors}

            def on_cpu(leaf: Any) -> Any:
                if isinstance(leaf, torch.Tensor):
                    return moved[id(leaf)]
                return torch.device("cpu") if isinstance(leaf, torch.device) else leaf

            cpu_args, cpu_kwargs = pytree.tree_map(on_cpu, (args, kwargs))
            result = func(*cpu_args, **cpu_kwargs)

            def moved_back(leaf: Any) -> Any:
                if not isinstance(leaf, torch.Tensor):
                    return leaf
                for tensor in tensors:  # an operation in place gives its argument back
                    if moved[id(tensor)] is leaf:
                        return tensor.copy_(leaf)
                return leaf.to(device)

            return pytree.tree_map(moved_back, result)

    return Draws()


def hide_accelerators(torch: Any) -> None:
    """Make torch see no accelerator, as on a machine without one.

    Variables of the environment hide the others (`precis.run.environment`). None hides Apple's, or
    the kind of accelerator that torch was built for.
    """
    torch._C._mps_is_available = lambda: False
    torch._C._accelerator_getAccelerator = lambda *_: None
