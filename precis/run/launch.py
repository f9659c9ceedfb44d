"""Start the processes in which snippets run: forked from a server (`precis.run.server`).

A server holds the installed packages that its snippets import, so a fork of it takes milliseconds
where an import takes seconds. A bare server holds none: for runs on an accelerator, of which the
server must know nothing, and where a file beside the snippet hides a package that the other has
imported. Where there is no fork, each snippet gets an interpreter of its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from precis.base import installed
from precis.run.environment import environment, has_accelerator
from precis.run.outcome import Setting
from precis.run.server import WARM
from precis.source.snippet import Snippet

FORKS = hasattr(os, "fork")

_START = [sys.executable, "-P", str(Path(__file__).with_name("start.py"))]
"""`-P`: without the caller's folder in `sys.path`. No other option or variable reaches it."""


class Process(Protocol):
    """A snippet's process."""

    messages: queue.SimpleQueue[list[Any]]
    """What it sent, message by message (`precis.run.child`), and at last `["exited", code]`."""

    def kill(self, pid: int) -> None:
        """End the process, whose number it sent, and all that it started."""


class Launcher:
    """Starts processes for snippets that run in the same setting."""

    def __init__(self, snippets: Iterable[Snippet], setting: Setting) -> None:
        self._setting = setting
        self._modules = () if has_accelerator(setting.device) else _to_preload(snippets)
        self._lock = threading.Lock()

    def warm_up(self) -> None:
        """Start the server, and do not wait for it."""
        if FORKS:
            with self._lock:
                _server(self._modules, self._setting)

    def wait_until_ready(self) -> None:
        """Wait until the server has imported what it must."""
        if FORKS:
            with self._lock:
                self.ready_server()

    def launch(self, snippet: Snippet, scratch: str) -> Process:
        """Start the process of a snippet whose task lies in a scratch folder."""
        if not FORKS:
            return _Interpreter(scratch, self._setting)
        with self._lock:  # those who come meanwhile want the same server
            server = self.ready_server()
            if _hides(snippet, server.packages):
                server = _server((), self._setting)
                server.wait_until_ready()
        return server.fork(scratch)

    def ready_server(self) -> _Server:
        """Return a server that has imported what it can.

        Raises RuntimeError if not even a bare one can be started.
        """
        while True:
            server = _server(self._modules, self._setting)
            if server.wait_until_ready():
                return server
            if not self._modules:
                raise RuntimeError(f"no process for snippets: {server.unsafe}")
            noisy = set(server.noisy)
            self._modules = tuple(m for m in self._modules if noisy and m not in noisy)


class _Server:
    """A running `precis.run.server`, as its parent sees it."""

    def __init__(self, modules: tuple[str, ...], setting: Setting) -> None:
        self.noisy: list[str] = []
        """The modules that failed to import or said something: it ended at once."""

        self.unsafe = ""
        """Why it may not fork, and ended at once."""

        self.packages: frozenset[str] = frozenset()
        """The top-level packages that it has imported."""

        self._answered = False
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [*_START, "--serve", str(theirs.fileno()), *modules],
                env=_variables(setting),
                cwd=os.sep,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,  # Ctrl-C is for the parent, whose end ends it
            )

    def is_running(self) -> bool:
        return self._process.poll() is None

    def wait_until_ready(self) -> bool:
        """Wait until it has imported its modules; return whether it may fork."""
        if not self._answered:
            self._answered = True
            line = b""
            with contextlib.suppress(OSError):
                while not line.endswith(b"\n") and (more := self._control.recv(65536)):
                    line += more
            answer: dict[str, Any] = {"noisy": [], "unsafe": "it ended", "packages": []}
            if line.endswith(b"\n"):
                answer = json.loads(line)
            self.noisy, self.unsafe = answer["noisy"], answer["unsafe"]
            self.packages = frozenset(answer["packages"])
        return not self.noisy and not self.unsafe and self.is_running()

    def fork(self, scratch: str) -> _Fork:
        """Fork a process for the task in a scratch folder."""
        ours, theirs = os.pipe()
        try:
            self._send({"scratch": scratch}, theirs)
        except OSError:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        return _Fork(self, ours)

    def kill(self, pid: int) -> None:
        with contextlib.suppress(OSError):
            self._send({"kill": pid})

    def _send(self, request: dict[str, object], *descriptors: int) -> None:
        body = json.dumps(request).encode()
        frame = struct.pack("!I", len(body)) + body
        with _SENDING:
            socket.send_fds(self._control, [frame], descriptors)


_SENDING = threading.Lock()


class _Fork:
    """A process forked from a server."""

    def __init__(self, server: _Server, messages: int) -> None:
        self.messages: queue.SimpleQueue[list[Any]] = queue.SimpleQueue()
        self._server = server
        _forward(messages, self.messages)

    def kill(self, pid: int) -> None:
        self._server.kill(pid)


class _Interpreter:
    """A process with an interpreter of its own."""

    def __init__(self, scratch: str, setting: Setting) -> None:
        self.messages: queue.SimpleQueue[list[Any]] = queue.SimpleQueue()
        self._process = subprocess.Popen(
            [*_START, "--run", scratch],
            env=_variables(setting),
            cwd=scratch,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        assert self._process.stdout
        _forward(os.dup(self._process.stdout.fileno()), self.messages, self._process)
        self._process.stdout.close()

    def kill(self, pid: int) -> None:
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()


def _forward(
    descriptor: int,
    messages: queue.SimpleQueue[list[Any]],
    process: subprocess.Popen[bytes] | None = None,
) -> None:
    """Put the lines of a pipe into a queue, in a thread; the end too, if nobody tells of it."""

    def forward() -> None:
        with contextlib.suppress(OSError, ValueError), open(descriptor, encoding="utf-8") as lines:
            for line in lines:
                messages.put(json.loads(line))
        messages.put(["exited", process.wait() if process else None])

    threading.Thread(target=forward, daemon=True).start()


@dataclass(frozen=True)
class _Wanted:
    modules: tuple[str, ...]
    variables: tuple[tuple[str, str], ...]
    installed: tuple[int, ...]
    """What an installation changes: an upgrade needs another server."""

    def holds(self, other: _Wanted) -> bool:
        """Return whether a server for this has all that another needs."""
        same = (self.variables, self.installed) == (other.variables, other.installed)
        # where nothing is asked for, nothing may be there: see `Launcher`
        return same and bool(other.modules) and set(other.modules) <= set(self.modules)


_servers: dict[_Wanted, _Server] = {}
_servers_lock = threading.Lock()


def _server(modules: tuple[str, ...], setting: Setting) -> _Server:
    """Return the server that has these modules in an environment; start it if there is none."""
    variables = tuple(sorted(_variables(setting).items()))
    wanted = _Wanted(modules, variables, installed.fingerprint())
    with _servers_lock:
        for other, running in _servers.items():  # one that holds more does as well
            if other.holds(wanted) and running.is_running():
                return running
        server = _servers.get(wanted)
        if server is None or not (server.is_running() or server.noisy or server.unsafe):
            server = _servers[wanted] = _Server(modules, setting)
        return server


def _variables(setting: Setting) -> dict[str, str]:
    return environment(setting.device, setting.threads, other_machine=setting.other_machine)


def _to_preload(snippets: Iterable[Snippet]) -> tuple[str, ...]:
    """Return the installed modules that snippets import, and what else takes long."""
    snippets = list(snippets)
    modules = set[str]().union(*(snippet.imports for snippet in snippets))
    top = {module: module.partition(".")[0] for module in modules}
    found = sorted(
        module
        for module in modules
        if top[module] not in sys.stdlib_module_names
        and installed.is_importable(top[module])
        # most are called like their distribution, and all others take longer to find
        and (installed.version(top[module]) or installed.distributions(top[module]))
    )
    warm = [WARM] if any(WARM in snippet.text for snippet in snippets) and "torch" in found else []
    return (*found, *warm)


def _hides(snippet: Snippet, packages: frozenset[str]) -> bool:
    """Return whether a file beside a snippet has the name of a package."""
    beside = os.listdir(snippet.path.resolve().parent)
    return not packages.isdisjoint(name.partition(".")[0] for name in beside)
