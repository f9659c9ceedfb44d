"""The environment variables of a child process, the same on every machine.

Of the caller's variables, a snippet gets only those that the machine needs: the paths of its home,
libraries and caches, and the kernels that OpenBLAS may use.
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
    "OMP_WAIT_POLICY": "passive",  # spinning threads would slow other snippets down
    "PYTHONHASHSEED": "0",  # read at start-up, then removed: see `precis.run.child`
    "MPLBACKEND": "svg",
    "MATPLOTLIBRC": str(Path(__file__).with_name("matplotlibrc")),
}

_OTHER_MACHINE = {
    "LC_ALL": "fr_FR.UTF-8",
    "LANG": "fr_FR.UTF-8",
    "LANGUAGE": "fr",
    "TZ": "<+1245>-12:45",
    "COLUMNS": "57",
    "LINES": "33",
    "PYTHONHASHSEED": "1",
}
"""The variables of `precis verify --twice`, which compares a run in each environment."""

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
"""Variables that hide accelerators; `precis.run.device.hide_accelerators` hides Apple's."""

_ACCELERATORS = ("CUDA", "HIP", "HSA", "NVIDIA", "ONEAPI", "ROCR", "SYCL", "ZE")
"""Prefixes of the variables that select or configure an accelerator."""

_KERNELS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
"""Variables that set OpenBLAS's kernels: old versions detect some processors wrongly."""

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
"""Variables with paths of the machine. Results do not depend on them, nor do records' keys."""


def environment(device: str, threads: int, *, other_machine: bool = False) -> dict[str, str]:
    """Return all variables of a process that runs on a device type with a number of threads."""
    machine = {name: os.environ[name] for name in _MACHINE if name in os.environ}
    path = [os.path.dirname(sys.executable), *os.defpath.split(os.pathsep)]
    accelerators = _HIDDEN_ACCELERATORS
    if has_accelerator(device):
        accelerators = {k: v for k, v in os.environ.items() if k.split("_")[0] in _ACCELERATORS}
    return {
        **machine,
        **kernels(),
        "PATH": os.pathsep.join(path),
        **_FIXED,
        **(_OTHER_MACHINE if other_machine else {}),
        **dict.fromkeys(_THREADS, str(threads)),
        **accelerators,
    }


def kernels() -> dict[str, str]:
    """Return the variables that select numeric kernels, on which results may depend."""
    return {name: os.environ[name] for name in _KERNELS if name in os.environ}


def has_accelerator(device: str) -> bool:
    """Return whether a run on a device type uses an accelerator of this machine."""
    return device not in ("cpu", "fakegpu")
