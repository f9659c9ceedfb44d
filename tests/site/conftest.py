"""The real site, built once, and its address."""

from __future__ import annotations

import functools
import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from built import ROOT, Pages, Site
from filelock import FileLock

pytest.register_assert_rewrite("explorers", "visits")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The site, built by the first process that asks for it."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder, log = shared / "built/site", shared / "build.log"
    with FileLock(shared / "build.lock"):
        if not log.exists():
            command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder]
            build = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
            log.write_text("" if build.returncode == 0 else build.stderr, encoding="utf-8")
    if wrong := log.read_text(encoding="utf-8"):
        pytest.fail(f"the site does not build:\n{wrong}", pytrace=False)
    return Site(folder, Pages(folder))


@pytest.fixture(scope="session")
def address(site: Site) -> Iterator[str]:
    """Where the site is served, on the loopback."""
    handler = functools.partial(_Quiet, directory=str(site.folder))
    with _Server(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


class _Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """A browser that closes a page drops what it was still reading."""


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass
