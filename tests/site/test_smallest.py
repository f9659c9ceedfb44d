"""The site that `precis init` writes, in a browser: what its blocks need comes with the engine."""

from __future__ import annotations

import functools
import http.server
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from playwright.sync_api import Browser

SCHEMES = """
  palette: {scheme: SCHEME}
plugins:"""


@pytest.mark.parametrize(
    ("scheme", "colour"), [("default", "rgb(20, 83, 45)"), ("slate", "rgb(134, 239, 172)")]
)
def test_outputs_are_told_apart_and_not_copied(
    browser: Browser, tmp_path: Path, scheme: str, colour: str
) -> None:
    run = functools.partial(subprocess.run, cwd=tmp_path, check=True, capture_output=True)
    run([sys.executable, "-m", "precis", "init"])
    config = tmp_path / "mkdocs.yml"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("\nplugins:", SCHEMES.replace("SCHEME", scheme), 1), "utf-8")
    run([sys.executable, "-m", "mkdocs", "build"])
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path / "site")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/")

        page.locator("[data-md-type=copy]").click()
        copied = page.evaluate("navigator.clipboard.readText()")
        output = page.locator(".precis-output .go")
        shown = output.inner_text()
        style = output.evaluate("element => getComputedStyle(element).color")
        page.locator(".precis-seal").hover()
        tick = page.locator(".precis-seal").evaluate(
            "element => getComputedStyle(element, '::after').content"
        )
        context.close()
        server.shutdown()

    assert copied == "numbers = range(1, 101)\nprint(sum(numbers) / len(numbers))"
    assert (shown.strip(), style) == ("#> 50.5", colour)
    assert "Verified: CPU" in tick
