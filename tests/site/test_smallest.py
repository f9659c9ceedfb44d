"""The site that `precis init` writes, in a browser: what its blocks need comes with the engine."""

from __future__ import annotations

import functools
import http.server
import importlib.util
import os
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


ZENSICAL = """
markdown_extensions:
  - attr_list
  - pymdownx.superfences
  - precis.zensical
extra_css:
  - assets/precis/cells.css
watch: [snippets]
"""


def test_zensical_builds_it_too_and_refuses_its_first_wrong_digit(tmp_path: Path) -> None:
    if importlib.util.find_spec("zensical") is None:
        if os.environ.get("PRECIS_REQUIRE_ZENSICAL"):
            pytest.fail("PRECIS_REQUIRE_ZENSICAL is set, and Zensical is not installed")
        pytest.skip("Zensical is not installed: pip install -r .github/requirements.txt")
    run = functools.partial(subprocess.run, cwd=tmp_path, capture_output=True, text=True)
    run([sys.executable, "-m", "precis", "init"], check=True)
    run([sys.executable, "-m", "precis.sites.styles", "docs"], check=True)
    with (tmp_path / "mkdocs.yml").open("a", encoding="utf-8") as file:
        file.write(ZENSICAL)
    build = [sys.executable, "-m", "zensical", "build", "--strict"]

    built = run(build)
    page = (tmp_path / "site/index.html").read_text(encoding="utf-8")
    snippet = tmp_path / "snippets/first.py"
    saved = snippet.stat().st_mtime
    snippet.write_text(snippet.read_text(encoding="utf-8").replace("#> 50.5", "#> 50.6"), "utf-8")
    # Zensical compares whole seconds; on a fast machine all of this happens within one.
    os.utime(snippet, (saved + 2, saved + 2))
    refused = run(build)
    os.utime(snippet, (saved, saved))
    cleaned = run([*build, "--clean"])

    assert built.returncode == 0, built.stderr
    assert 'data-source="first.py" data-cell="mean"' in page
    assert "50.5" in page
    assert (tmp_path / "site/assets/precis/cells.css").is_file()
    assert refused.returncode != 0
    assert cleaned.returncode != 0
    for said in (refused.stdout + refused.stderr, cleaned.stdout + cleaned.stderr):
        assert "printed something else than its #> lines say" in said
