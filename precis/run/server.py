"""A fork server: it imports packages once, then forks a child process for each snippet.

It reads requests from a socket, each a length of four bytes and a JSON object. `{"scratch": …}`
forks a child, and comes with the file descriptor for its messages (`precis.run.child`);
`{"kill": pid}` kills a child and the processes that it started. When the socket closes because the
parent ended, the server kills all children, deletes their folders and exits.

It has one thread, initialises no accelerator, and imports installed packages only. With `--run` it
runs a single snippet without forking.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import selectors
import shutil
import signal
import socket
import struct
import sys
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from precis.run.child import Preloaded, Send, execute
from precis.run.observe import MissingImports, imported_packages

OPTIMIZER = "optim"
"""A pseudo-module: preloading it takes the step of an optimiser, which imports more of torch."""


def main() -> None:
    """Serve on a file descriptor, or run one snippet: called by `precis.run.start`."""
    standard = list(warnings.filters)
    missing = MissingImports()
    mode, argument, *modules = sys.argv[1:]
    if mode == "--run":
        die_with_parent()
        messages = os.dup(1)
        execute(argument, _sender(messages), Preloaded(missing, {}, standard))
        os._exit(0)
    control = socket.socket(fileno=int(argument))
    noisy, filters = _preload(modules)
    answer = {"noisy": noisy, "unsafe": _why_unsafe(), "packages": imported_packages()}
    control.sendall((json.dumps(answer) + "\n").encode())
    if noisy or answer["unsafe"]:
        os._exit(0)  # the parent starts a server without these modules
    _serve(control, Preloaded(missing, filters, standard))


def _preload(modules: Sequence[str]) -> tuple[list[str], dict[str, list[Any]]]:
    """Import modules; return those that failed or printed, and the warning filters each added.

    The output of an import belongs to each snippet that imports the module.
    """
    noisy: list[str] = []
    filters: dict[str, list[Any]] = {}
    for module in modules:
        before = list(warnings.filters)
        if _is_noisy_import(module):
            noisy.append(module)
        filters[module] = [added for added in warnings.filters if added not in before]
    return noisy, filters


def _is_noisy_import(module: str) -> bool:
    """Import a module; return whether that failed or printed anything."""
    saved = os.dup(1), os.dup(2)
    with tempfile.TemporaryFile() as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
        try:
            if module == OPTIMIZER:
                _take_optimizer_step()
            else:
                importlib.import_module(module)
        except Exception:
            return True
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os.dup2(saved[0], 1)
            os.dup2(saved[1], 2)
            os.close(saved[0])
            os.close(saved[1])
        return os.fstat(output.fileno()).st_size > 0


def _take_optimizer_step() -> None:
    """Import the modules that an optimiser's first step imports.

    The gradient is set by hand: with an accelerator, `backward` would start threads, and then fail
    in every child.
    """
    import torch

    weight = torch.zeros(1, requires_grad=True)
    weight.grad = torch.zeros(1)
    torch.optim.SGD([weight], lr=0.1).step()


def _why_unsafe() -> str:
    """Return why this process must not fork; "" if it may."""
    with contextlib.suppress(OSError):  # Linux only
        if (threads := len(os.listdir("/proc/self/task"))) > 1:
            return f"{threads} threads"
    torch: Any = sys.modules.get("torch")
    for kind in ("cuda", "xpu"):
        module = getattr(torch, kind, None)
        if module is not None and module.is_initialized():
            return f"{kind} is initialised"
    return ""


@dataclass
class _Child:
    scratch: str
    messages: int
    """The file descriptor for its messages; the server adds its exit code."""


def _serve(control: socket.socket, preloaded: Preloaded) -> None:
    children: dict[int, _Child] = {}
    exits, wakeup = os.pipe()
    os.set_blocking(exits, False)
    os.set_blocking(wakeup, False)
    signal.set_wakeup_fd(wakeup, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    with selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        selector.register(exits, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj == exits:
                    with contextlib.suppress(BlockingIOError):
                        os.read(exits, 4096)
                    _reap(children)
                    continue
                request, messages = _receive(control)
                if request is None:
                    _exit(children)
                elif "kill" in request:
                    if request["kill"] in children:
                        _kill_group(request["kill"])
                else:
                    pid = os.fork()
                    if pid == 0:
                        selector.close()
                        _detach_child(control, (exits, wakeup), children)
                        execute(request["scratch"], _sender(messages), preloaded)
                        os._exit(0)
                    children[pid] = _Child(request["scratch"], messages)


def _receive(control: socket.socket) -> tuple[dict[str, Any] | None, int]:
    """Return the next request and its file descriptor; None when the socket closed."""
    with contextlib.suppress(ConnectionError):
        head, descriptors, _, _ = socket.recv_fds(control, 4, 1)
        if len(head) == 4:
            (size,) = struct.unpack("!I", head)
            body = b""
            while len(body) < size:
                body += control.recv(size - len(body))
            for descriptor in descriptors:
                os.set_inheritable(descriptor, False)
            return json.loads(body), descriptors[0] if descriptors else -1
    return None, -1


def _detach_child(
    control: socket.socket, wakeup: tuple[int, int], children: dict[int, _Child]
) -> None:
    """Close the server's descriptors in a new child."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    die_with_parent()
    os.setsid()  # its own process group, to kill the processes that it starts with it
    control.close()
    for descriptor in (*wakeup, *(child.messages for child in children.values())):
        os.close(descriptor)


def die_with_parent() -> None:
    """Ask Linux to kill this process when its parent ends."""
    if sys.platform == "linux":
        import ctypes

        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def _reap(children: dict[int, _Child]) -> None:
    """Send the exit codes of ended children, after killing the processes that they started."""
    for pid in list(children):
        if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            continue
        _kill_group(pid)  # before `waitpid`, which frees the number
        _, status = os.waitpid(pid, 0)
        child = children.pop(pid)
        _sender(child.messages)("exited", os.waitstatus_to_exitcode(status))
        os.close(child.messages)


def _kill_group(pid: int) -> None:
    for kill in (os.killpg, os.kill):  # a new child has no group yet
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)


def _exit(children: dict[int, _Child]) -> None:
    for pid, child in children.items():
        _kill_group(pid)
        os.waitpid(pid, 0)
        shutil.rmtree(child.scratch, ignore_errors=True)
    os._exit(0)


def _sender(messages: int) -> Send:
    def send(*message: object) -> None:
        line = (json.dumps(message) + "\n").encode()
        with contextlib.suppress(BrokenPipeError):  # the parent stopped reading
            while line:
                line = line[os.write(messages, line) :]

    return send
