"""The book without network, with a slow one, and after a publication, in a real Chromium."""

from __future__ import annotations

import http.server
import importlib.util
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from built import ROOT, Site, becomes_true, open_page
from playwright.sync_api import Browser, BrowserContext, Page, expect

FILLED = """
async () => {
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    if (await cache.match("/precis-files.json")) return name;
  }
  return "";
}
"""
"""The name of the cache that is complete."""


class Server:
    """A server that one can watch, and slow down."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[str] = []
        self.slow: set[str] = set()
        """Paths that are not answered before `go_on`."""

        self._go_on = threading.Event()
        server = self

        class Handler(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *args: Any) -> None:
                super().__init__(*args, directory=str(folder))

            def do_GET(self) -> None:
                server.asked.append(self.path)
                if self.path in server.slow:
                    server._go_on.wait(60)
                super().do_GET()

            def end_headers(self) -> None:
                self.send_header("Cache-Control", "no-cache")  # what is newer is asked for
                super().end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self.address = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._go_on.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server(site: Site, tmp_path: Path) -> Iterator[Server]:
    """A copy of the site, which may change."""
    server = Server(shutil.copytree(site.folder, tmp_path / "site"))
    yield server
    server.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context()
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, server: Server) -> Page:
    """A page whose worker has the whole book."""
    page = context.new_page()
    page.goto(server.address)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    assert becomes_true(page, "navigator.serviceWorker.controller !== null")
    return page


def write_worker(folder: Path) -> None:
    """Write the worker of a site anew, as its build does."""
    spec = importlib.util.spec_from_file_location("offline", ROOT / "hooks/offline.py")
    assert spec
    assert spec.loader
    offline = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(offline)
    write: Callable[[Path, list[str]], None] = offline.write_worker
    write(folder, ["fr", "en"])


def test_after_a_publication_only_what_changed_is_fetched(page: Page, server: Server) -> None:
    before = page.evaluate(FILLED)
    changed = server.folder / "en/tensors/index.html"
    text = changed.read_text(encoding="utf-8")
    changed.write_text(text.replace("<h1", "<h1 data-edition=2", 1), encoding="utf-8")
    write_worker(server.folder)
    server.asked.clear()
    page.evaluate("navigator.serviceWorker.getRegistration().then(worker => worker.update())")
    assert becomes_true(page, f"({FILLED})().then(name => name !== '' && name !== '{before}')")
    assert server.asked == ["/worker.js", "/en/tensors/"]
    server.close()
    open_page(page, server.address + "en/tensors/")
    expect(page.locator("h1[data-edition='2']")).to_have_count(1)
    open_page(page, server.address + "tensors/")
    expect(page.locator("h1")).to_have_count(1)


def test_a_network_that_hangs_leaves_the_stored_page(page: Page, server: Server) -> None:
    server.slow.add("/tensors/")
    open_page(page, server.address + "tensors/")
    expect(page.locator("h1")).to_contain_text("tenseurs")
    assert "/tensors/" in server.asked


def test_the_network_s_page_is_the_newer_one(page: Page, server: Server) -> None:
    changed = server.folder / "tensors/index.html"
    text = changed.read_text(encoding="utf-8")
    changed.write_text(text.replace("<h1", "<h1 data-edition=2", 1), encoding="utf-8")
    open_page(page, server.address + "tensors/")
    expect(page.locator("h1[data-edition='2']")).to_have_count(1)


def test_a_file_with_a_hash_in_its_name_is_not_asked_for_again(page: Page, server: Server) -> None:
    server.asked.clear()
    open_page(page, server.address + "tensors/")
    hashed = [path for path in server.asked if re.search(r"^[^?]*\.[0-9a-f]{8}\.min\.", path)]
    assert "/tensors/" in server.asked
    assert hashed == []


def test_what_the_book_has_not_is_said_without_network(page: Page, server: Server) -> None:
    server.close()
    for path, title in (
        ("no-such-page/", "Cette page n’existe pas"),
        ("en/no-such-page/", "There is no such page"),
    ):
        answer = page.goto(server.address + path)
        assert answer
        assert answer.status == 404
        expect(page.locator("h1")).to_have_text(title)
    page.goto(server.address + "en/tensors")
    expect(page).to_have_url(server.address + "en/tensors/")


@pytest.mark.parametrize(("path", "words"), [("", "sans réseau"), ("en/", "available offline")])
def test_that_the_book_is_there_is_said_once(
    context: BrowserContext, server: Server, path: str, words: str
) -> None:
    page = context.new_page()
    page.goto(server.address + path)
    note = page.locator(".precis-note")
    expect(note).to_have_text(re.compile(words), timeout=30_000)
    expect(note).to_have_role("status")
    page.goto(server.address + path + "tensors/")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    expect(note).to_have_count(0)
