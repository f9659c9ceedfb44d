"""What a first visit costs a reader: our pages beside a stock Material site of the same text.

    npm ci --prefix benchmarks && python benchmarks/reading.py [--rounds 5] [PAGE ...]

Lighthouse, as a telephone, over the loopback with gzip, in one run. The stock site has the
Markdown that ours offers for download, without its formulas: Material as it comes renders none.
Prints the median of the rounds for each page, and the kilobytes and requests of one first view.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import gzip
import http.server
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
LIGHTHOUSE = ROOT / "benchmarks/node_modules/.bin/lighthouse"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")

STOCK = """
site_name: Stock
theme: {name: material, font: false, language: fr}
plugins: [search]
markdown_extensions:
  - abbr
  - admonition
  - attr_list
  - def_list
  - footnotes
  - md_in_html
  - tables
  - toc: {permalink: true}
  - pymdownx.details
  - pymdownx.highlight
  - pymdownx.superfences
  - pymdownx.tabbed: {alternate_style: true}
"""

FORMULA = re.compile(r"\$\$.*?\$\$|\$[^$\n]+\$", re.DOTALL)


class Compressed(http.server.SimpleHTTPRequestHandler):
    """Files as a host of static sites sends them: text compressed, kept for a while."""

    protocol_version = "HTTP/1.1"
    TEXT = ("text/", "application/json", "application/javascript", "image/svg+xml")

    def send_head(self):
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() else path
        if not path.is_file():
            return super().send_head()
        body, kind = path.read_bytes(), self.guess_type(str(path))
        self.send_response(200)
        if kind.startswith(self.TEXT):
            body = gzip.compress(body, mtime=0)
            self.send_header("Content-Encoding", "gzip")
            kind += "; charset=utf-8"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "max-age=600")
        self.end_headers()
        self.wfile.write(body)
        return None

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def served(folder: Path, port: int = 0) -> Iterator[str]:
    handler = functools.partial(Compressed, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def build(config: Path, site: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "-f", config, "-d", site]
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"})


def audited(address: str, report: Path) -> dict:
    flags = "--headless=new --no-sandbox --disable-gpu --disable-background-networking"
    command = [LIGHTHOUSE, address, "--quiet", "--output=json", f"--output-path={report}"]
    command += [f"--only-categories={','.join(CATEGORIES)}", f"--chrome-flags={flags}"]
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    subprocess.run(command, check=True, env={**os.environ, "CHROME_PATH": str(chromium)})
    return json.loads(report.read_text())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("pages", nargs="*", default=["", "tensors/", "autograd/"])
    arguments = parser.parse_args()
    if not LIGHTHOUSE.exists():
        sys.exit("lighthouse is not installed: npm ci --prefix benchmarks")
    print(f"{platform.platform()}, {os.cpu_count()} CPUs; medians of {arguments.rounds} rounds\n")
    print(f"{'page':28} {' '.join(f'{c[:13]:>13}' for c in CATEGORIES)}   CLS     KB requests")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        with served(folder / "ours") as ours, served(folder / "stock/site") as stock:
            # alternates and canonical addresses name the place where the pages are
            config = ROOT / ".lighthouse.yml"
            try:
                config.write_text(f"INHERIT: mkdocs.yml\nsite_url: {ours}\n")
                build(config, folder / "ours")
            finally:
                config.unlink()
            for page in arguments.pages:
                text = (folder / "ours" / page / "index.md").read_text(encoding="utf-8")
                copy = folder / "stock/docs" / page / "index.md"
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_text(FORMULA.sub("", text), encoding="utf-8")
            (folder / "stock/mkdocs.yml").write_text(STOCK)
            build(folder / "stock/mkdocs.yml", folder / "stock/site")
            for page in arguments.pages:
                for name, address in (("ours", ours), ("stock", stock)):
                    runs = [
                        audited(address + page, folder / "report.json")
                        for _ in range(arguments.rounds)
                    ]
                    show(f"{name} /{page}", runs)


def show(name: str, runs: list[dict]) -> None:
    scores = [
        round(100 * statistics.median(run["categories"][category]["score"] for run in runs))
        for category in CATEGORIES
    ]
    audits = runs[-1]["audits"]
    shift = max(run["audits"]["cumulative-layout-shift"]["numericValue"] for run in runs)
    requests = audits["network-requests"]["details"]["items"]
    size = sum(request["transferSize"] for request in requests) / 1024
    figures = " ".join(f"{score:13}" for score in scores)
    print(f"{name:28} {figures} {shift:5.3f} {size:6.0f} {len(requests):8}", flush=True)
    lost = {
        reference["id"]
        for run in runs
        for category in CATEGORIES[1:]
        for reference in run["categories"][category]["auditRefs"]
        if reference["weight"]
        and (run["audits"][reference["id"]]["score"] or 0) < 1
        and run["audits"][reference["id"]]["scoreDisplayMode"] not in ("notApplicable", "manual")
    }
    for audit in sorted(lost):
        print(f"    {audit}: {audits[audit]['title']}")


if __name__ == "__main__":
    main()
