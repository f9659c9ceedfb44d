"""The real site, built once, and a real Chromium to open it in."""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from bs4 import BeautifulSoup
from built import ROOT, Site
from playwright.sync_api import Browser, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    folder = tmp_path_factory.mktemp("built") / "site"
    build = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert build.returncode == 0, build.stderr
    pages = {
        path.parent.relative_to(folder).as_posix().removeprefix(".") + "/": BeautifulSoup(
            path.read_text(encoding="utf-8"), "html.parser"
        )
        for path in sorted(folder.rglob("index.html"))
    }
    return Site(folder, {path.removeprefix("/"): page for path, page in pages.items()})


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


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        if os.environ.get("PRECIS_REQUIRE_CHROMIUM"):
            pytest.fail("PRECIS_REQUIRE_CHROMIUM is set, and there is no chromium on the PATH")
        pytest.skip("no chromium on the PATH: the browser tests did not run")
    with sync_playwright() as playwright:
        # the flags keep Chromium from calling home, where there may be no network
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        yield chromium
        chromium.close()
