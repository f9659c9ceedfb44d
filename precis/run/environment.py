"""The environment variables of a snippet's process, the same on every machine.

Nothing of the caller's environment reaches a snippet but what the machine itself needs: where
its home, libraries and temporary files are, and which kernels OpenBLAS may use on its processor.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

_FIXED = {
    "LC_ALL": "C.UTF-8",
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "COLUMNS": "80",
    "LINES": "24",
    "TERM": "dumb",
    "OMP_WAIT_POLICY": "passive",  # threads that spin take the processor from other snippets
    "PYTHONHASHSEED": "0",  # read at start-up, then removed: see `precis.run.child`
    "MPLBACKEND": "svg",
    "MATPLOTLIBRC": str(Path(__file__).with_name("matplotlibrc")),
}

_ELSEWHERE = {
    "LC_ALL": "fr_FR.UTF-8",
    "LANG": "fr_FR.UTF-8",
    "LANGUAGE": "fr",
    "TZ": "<+1245>-12:45",
    "COLUMNS": "57",
    "LINES": "33",
    "PYTHONHASHSEED": "1",
}
"""What differs on another machine; `precis verify --twice` compares a run in each environment."""

_THREADS = (
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)

_HIDDEN_ACCELERATORS = {
    "CUDA_VISIBLE_DEVICES": "",
    "HIP_VISIBLE_DEVICES": "",
    "ROCR_VISIBLE_DEVICES": "",
    "ONEAPI_DEVICE_SELECTOR": "*:cpu",
    "ZE_AFFINITY_MASK": "",
}
"""Variables that hide accelerators. None hides Apple's: `precis.run.device.hide` does."""

_ACCELERATORS = ("CUDA", "HIP", "HSA", "NVIDIA", "ONEAPI", "ROCR", "SYCL", "ZE")
"""First words of the variables that select or configure an accelerator."""

_KERNELS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
"""Which kernels OpenBLAS takes; older ones choose wrongly on some processors."""

_MACHINE = (
    "APPDATA",
    "DYLD_LIBRARY_PATH",
    "HOME",
    "LD_LIBRARY_PATH",
    "LOCALAPPDATA",
    "SYSTEMDRIVE",
    "SYSTEMROOT",
    "USERPROFILE",
    "XDG_CACHE_HOME",
)
"""Where the machine keeps things. Not part of a record's key: values do not depend on it."""


def environment(device: str, threads: int, *, elsewhere: bool = False) -> dict[str, str]:
    """Return all variables of a process that runs on a device type with so many threads."""
    kept = {name: os.environ[name] for name in _MACHINE if name in os.environ}
    path = [os.path.dirname(sys.executable), *os.defpath.split(os.pathsep)]
    accelerators = _HIDDEN_ACCELERATORS
    if has_accelerator(device):
        accelerators = {k: v for k, v in os.environ.items() if k.split("_")[0] in _ACCELERATORS}
    return {
        **kept,
        **kernels(),
        "PATH": os.pathsep.join(path),
        **_FIXED,
        **(_ELSEWHERE if elsewhere else {}),
        **dict.fromkeys(_THREADS, str(threads)),
        **accelerators,
    }


def kernels() -> dict[str, str]:
    """Return the variables that choose numeric kernels: values may depend on them."""
    return {name: os.environ[name] for name in _KERNELS if name in os.environ}


def has_accelerator(device: str) -> bool:
    """Return whether a run on a device type needs an accelerator of this machine."""
    return device not in ("cpu", "fakegpu")
