"""The process from which snippets are forked: it has imported what they import.

It takes requests on a socket: a frame is four bytes of length and a JSON object. `{"scratch": …}`
comes with the file descriptor on which the forked process sends its messages (`precis.run.child`);
`{"kill": pid}` ends such a process and all that it started. When the socket closes, since its
parent ended in whatever way, it ends them all, clears their folders and exits.

It has one thread, has initialised no accelerator, and holds installed packages only.

Started for a single snippet (`--run`), it forks nothing and runs it itself.
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

WARM = "optim"
"""In a text that mentions it an optimiser takes a step, which imports another second of torch."""


def main() -> None:
    """Serve on a file descriptor, or run one snippet: see `precis.run.start`."""
    standard = list(warnings.filters)
    missing = MissingImports()
    how, argument, *modules = sys.argv[1:]
    if how == "--run":
        die_with_parent()
        messages = os.dup(1)
        execute(argument, _sender(messages), Preloaded(missing, {}, standard))
        os._exit(0)
    control = socket.socket(fileno=int(argument))
    noisy, filters = _preload(modules)
    answer = {"noisy": noisy, "unsafe": _why_unsafe(), "packages": imported_packages()}
    control.sendall((json.dumps(answer) + "\n").encode())
    if noisy or answer["unsafe"]:
        os._exit(0)  # the parent starts another, without these
    _serve(control, Preloaded(missing, filters, standard))


def _preload(modules: Sequence[str]) -> tuple[list[str], dict[str, list[Any]]]:
    """Import modules; return those that failed or said something, and the filters that each added.

    What an import prints belongs on the page of the snippet that imports it.
    """
    noisy: list[str] = []
    filters: dict[str, list[Any]] = {}
    for module in modules:
        before = list(warnings.filters)
        if _says_something(module):
            noisy.append(module)
        filters[module] = [added for added in warnings.filters if added not in before]
    return noisy, filters


def _says_something(module: str) -> bool:
    kept = os.dup(1), os.dup(2)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
        try:
            if module == WARM:
                _take_optimizer_step()
            else:
                importlib.import_module(module)
        except Exception:
            return True
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os.dup2(kept[0], 1)
            os.dup2(kept[1], 2)
            os.close(kept[0])
            os.close(kept[1])
        return os.fstat(said.fileno()).st_size > 0


def _take_optimizer_step() -> None:
    """Import what an optimiser's first step imports.

    The gradient is set by hand: `backward` would start threads where there is an accelerator,
    and then fail in every forked process.
    """
    import torch

    weight = torch.zeros(1, requires_grad=True)
    weight.grad = torch.zeros(1)
    torch.optim.SGD([weight], lr=0.1).step()


def _why_unsafe() -> str:
    """Return why processes cannot be forked from this one; "" if they can."""
    with contextlib.suppress(OSError):  # Linux alone lists threads there
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
    """The file descriptor of its messages, on which its end is sent too."""


def _serve(control: socket.socket, preloaded: Preloaded) -> None:
    children: dict[int, _Child] = {}
    wake, woken = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    with selectors.DefaultSelector() as ready:
        ready.register(control, selectors.EVENT_READ)
        ready.register(wake, selectors.EVENT_READ)
        while True:
            for key, _ in ready.select():
                if key.fileobj == wake:
                    with contextlib.suppress(BlockingIOError):
                        os.read(wake, 4096)
                    _reap(children)
                    continue
                request, messages = _receive(control)
                if request is None:
                    _end_all(children)
                elif "kill" in request:
                    if request["kill"] in children:
                        _kill_group(request["kill"])
                else:
                    pid = os.fork()
                    if pid == 0:
                        ready.close()
                        _become_snippet(control, (wake, woken), children)
                        execute(request["scratch"], _sender(messages), preloaded)
                        os._exit(0)
                    children[pid] = _Child(request["scratch"], messages)


def _receive(control: socket.socket) -> tuple[dict[str, Any] | None, int]:
    """Return the next request and the file descriptor that came with it; None at the end."""
    with contextlib.suppress(ConnectionError):
        head, descriptors, _, _ = socket.recv_fds(control, 4, 1)
        if len(head) == 4:
            (left,) = struct.unpack("!I", head)
            body = b""
            while len(body) < left:
                body += control.recv(left - len(body))
            for descriptor in descriptors:
                os.set_inheritable(descriptor, False)
            return json.loads(body), descriptors[0] if descriptors else -1
    return None, -1


def _become_snippet(
    control: socket.socket, wake: tuple[int, int], children: dict[int, _Child]
) -> None:
    """Drop what belongs to the server, in a process just forked."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    die_with_parent()
    os.setsid()  # a group of its own, so that all that it starts can be ended with it
    control.close()
    for descriptor in (*wake, *(child.messages for child in children.values())):
        os.close(descriptor)


def die_with_parent() -> None:
    """Ask Linux to kill this process when its parent ends, however that ends."""
    if sys.platform == "linux":
        import ctypes

        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def _reap(children: dict[int, _Child]) -> None:
    """Tell of the processes that ended, after ending all that they started."""
    for pid in list(children):
        if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            continue
        _kill_group(pid)  # whose number is not given to another process yet
        _, status = os.waitpid(pid, 0)
        child = children.pop(pid)
        _sender(child.messages)("exited", os.waitstatus_to_exitcode(status))
        os.close(child.messages)


def _kill_group(pid: int) -> None:
    for kill in (os.killpg, os.kill):  # before it leads a group there is none
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)


def _end_all(children: dict[int, _Child]) -> None:
    for pid, child in children.items():
        _kill_group(pid)
        os.waitpid(pid, 0)
        shutil.rmtree(child.scratch, ignore_errors=True)
    os._exit(0)


def _sender(messages: int) -> Send:
    def send(*message: object) -> None:
        line = (json.dumps(message) + "\n").encode()
        with contextlib.suppress(BrokenPipeError):  # nobody listens any more
            while line:
                line = line[os.write(messages, line) :]

    return send
