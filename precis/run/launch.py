"""Start child processes for snippets, by forking a server (`precis.run.server`).

A server has imported the packages of its snippets, so a fork takes milliseconds where the imports
take seconds. A bare server has imported none; it is for runs on an accelerator, which must not be
initialised before the fork, and for snippets with a file beside them that shadows a package.
Without `os.fork`, each snippet starts an interpreter.
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
from precis.run.server import OPTIMIZER
from precis.source.snippet import Snippet

FORKS = hasattr(os, "fork")

_START = [sys.executable, "-P", str(Path(__file__).with_name("start.py"))]
"""The command of a child; `-P` keeps the working directory out of `sys.path`."""


class Process(Protocol):
    """A child process that runs a snippet."""

    messages: queue.SimpleQueue[list[Any]]
    """The messages of `precis.run.child`; the last one is `["exited", code]`."""

    def kill(self, pid: int) -> None:
        """Kill the process, whose number its first message has, and those that it started."""


class Launcher:
    """Starts child processes for snippets in one setting."""

    def __init__(self, snippets: Iterable[Snippet], setting: Setting) -> None:
        self._setting = setting
        self._modules = () if has_accelerator(setting.device) else _modules_to_preload(snippets)
        self._lock = threading.Lock()

    def warm_up(self) -> None:
        """Start the server without waiting for it."""
        if FORKS:
            with self._lock:
                _server(self._modules, self._setting)

    def wait_until_ready(self) -> None:
        """Wait until the server has imported its modules."""
        if FORKS:
            with self._lock:
                self.ready_server()

    def launch(self, snippet: Snippet, scratch: str) -> Process:
        """Start a child for a snippet whose task is in a scratch folder."""
        if not FORKS:
            return _Interpreter(scratch, self._setting)
        with self._lock:  # other threads wait for the same server
            server = self.ready_server()
            if _shadows_package(snippet, server.packages):
                server = _server((), self._setting)
                server.wait_until_ready()
        return server.fork(scratch)

    def ready_server(self) -> _Server:
        """Return a server that has imported all modules that it can.

        Raises RuntimeError if no bare server can be started either.
        """
        while True:
            server = _server(self._modules, self._setting)
            if server.wait_until_ready():
                return server
            if not self._modules:
                raise RuntimeError(f"cannot start a fork server: {server.unsafe}")
            noisy = set(server.noisy)
            self._modules = tuple(m for m in self._modules if noisy and m not in noisy)


class _Server:
    """A handle on a process that runs `precis.run.server`."""

    def __init__(self, modules: tuple[str, ...], setting: Setting) -> None:
        self.noisy: list[str] = []
        """The modules that failed to import or printed; with any, the server exits."""

        self.unsafe = ""
        """The reason why it must not fork; with one, the server exits."""

        self.packages: frozenset[str] = frozenset()
        """The imported top-level packages."""

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
                start_new_session=True,  # Ctrl-C is for the parent, whose end stops the server
            )

    def is_running(self) -> bool:
        return self._process.poll() is None

    def wait_until_ready(self) -> bool:
        """Wait for the imports; return whether the server can fork."""
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
        """Fork a child for the task in a scratch folder."""
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
    """A child forked from a server."""

    def __init__(self, server: _Server, messages: int) -> None:
        self.messages: queue.SimpleQueue[list[Any]] = queue.SimpleQueue()
        self._server = server
        _forward(messages, self.messages)

    def kill(self, pid: int) -> None:
        self._server.kill(pid)


class _Interpreter:
    """A child with a new interpreter."""

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
    """Put the messages of a pipe into a queue, in a thread, and the exit code at its end."""

    def forward() -> None:
        with contextlib.suppress(OSError, ValueError), open(descriptor, encoding="utf-8") as lines:
            for line in lines:
                messages.put(json.loads(line))
        messages.put(["exited", process.wait() if process else None])

    threading.Thread(target=forward, daemon=True).start()


@dataclass(frozen=True)
class _ServerKey:
    """The properties by which servers are shared."""

    modules: tuple[str, ...]
    variables: tuple[tuple[str, str], ...]
    installed: tuple[int, ...]
    """The fingerprint of the installed packages."""

    def covers(self, other: _ServerKey) -> bool:
        """Return whether this server can replace another one."""
        is_alike = (self.variables, self.installed) == (other.variables, other.installed)
        # a bare server must not have modules: only an identical key gets it
        return is_alike and bool(other.modules) and set(other.modules) <= set(self.modules)


_servers: dict[_ServerKey, _Server] = {}
_servers_lock = threading.Lock()


def _server(modules: tuple[str, ...], setting: Setting) -> _Server:
    """Return a server with these modules in an environment; start one if there is none."""
    variables = tuple(sorted(_variables(setting).items()))
    key = _ServerKey(modules, variables, installed.fingerprint())
    with _servers_lock:
        for other, running in _servers.items():
            if other.covers(key) and running.is_running():
                return running
        server = _servers.get(key)
        if server is None or not (server.is_running() or server.noisy or server.unsafe):
            server = _servers[key] = _Server(modules, setting)
        return server


def _variables(setting: Setting) -> dict[str, str]:
    return environment(setting.device, setting.threads, other_machine=setting.other_machine)


def _modules_to_preload(snippets: Iterable[Snippet]) -> tuple[str, ...]:
    """Return the installed modules that snippets import, and OPTIMIZER if they need it."""
    snippets = list(snippets)
    modules = set[str]().union(*(snippet.imports for snippet in snippets))
    top = {module: module.partition(".")[0] for module in modules}
    installed_modules = sorted(
        module
        for module in modules
        if top[module] not in sys.stdlib_module_names
        and installed.is_importable(top[module])
        # `version` is faster, but needs a distribution of the same name
        and (installed.version(top[module]) or installed.distributions(top[module]))
    )
    uses_optimizer = any(OPTIMIZER in snippet.text for snippet in snippets)
    if uses_optimizer and "torch" in installed_modules:
        installed_modules.append(OPTIMIZER)
    return tuple(installed_modules)


def _shadows_package(snippet: Snippet, packages: frozenset[str]) -> bool:
    """Return whether a file beside a snippet has the name of a package."""
    names = os.listdir(snippet.path.resolve().parent)
    return not packages.isdisjoint(name.partition(".")[0] for name in names)
