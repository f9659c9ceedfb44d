"""The book under `mkdocs serve`, open in a real Chromium while its author saves a file."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from built import ROOT, becomes_true
from playwright.sync_api import Browser

BOOK = ("docs", "hooks", "material", "snippets", "mkdocs.yml", "translations.lock")


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A copy of the book, which a test may write into, with the records of its runs."""
    for name in (*BOOK, ".precis"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / name)
        elif (ROOT / name).exists():
            shutil.copyfile(ROOT / name, tmp_path / name)
    return tmp_path


@contextlib.contextmanager
def serving(book: Path) -> Iterator[str]:
    """`mkdocs serve`; gives its address when it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"
    with (book / "serve.log").open("w") as log:
        command = [sys.executable, "-m", "mkdocs", "serve", "--dev-addr", host]
        server = subprocess.Popen(command, cwd=book, stdout=log, stderr=log, start_new_session=True)
    try:
        end = time.monotonic() + 120
        while True:
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                urllib.request.urlopen(f"http://{host}/", timeout=60)
                break
            assert server.poll() is None, (book / "serve.log").read_text()
            assert time.monotonic() < end
            time.sleep(0.2)
        yield f"http://{host}/"
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def test_a_save_is_shown_in_the_open_page_which_stays_and_so_is_a_wrong_value(
    book: Path, browser: Browser
) -> None:
    snippet = book / "snippets/autograd.py"
    with serving(book) as address:
        page = browser.new_page()
        page.goto(f"{address}autograd/")
        # Chromium keeps where a page is a moment after it was scrolled
        page.evaluate("scrollTo({top: 2000, behavior: 'instant'})")
        assert becomes_true(page, "scrollY === 2000")
        page.wait_for_timeout(500)

        with page.expect_event("load", timeout=120_000):
            text = snippet.read_text(encoding="utf-8")
            snippet.write_text(
                text.replace("import torch\n", "import torch  # saved\n", 1), "utf-8"
            )

        assert becomes_true(page, "document.body.textContent.includes('# saved')")
        # the browser keeps what is read in its place when the switch of predictions comes above it
        assert becomes_true(page, "Math.abs(scrollY - 2000) < 150"), page.evaluate("scrollY")

        with page.expect_event("load", timeout=120_000):
            snippet.write_text(text.replace("= 0.2890", "= 0.2891", 1), "utf-8")
        assert becomes_true(page, "document.querySelector('.precis-finding') !== null")
        with page.expect_event("load", timeout=120_000):
            snippet.write_text(text, "utf-8")
        assert becomes_true(page, "document.querySelector('.precis-finding') === null")
        assert becomes_true(page, "document.querySelector('.precis-shown') === null", 120)
        page.close()
        log = (book / "serve.log").read_text(encoding="utf-8")
    assert log.count("fr/autograd.md") >= 3, "the page was shown before the site was built"
