"""How long a saved file takes to be seen: `mkdocs serve`, ours and stock, in one run.

    python benchmarks/serving.py [--books real,6,24] [--rounds 5]

Saves a file as an author does and waits, as the script in an open page does, for livereload's
answer; then asks for the page, which must hold what was saved. Stock is Material with static-i18n,
whose outputs somebody typed, on the same text: a generated book of peers.py, or the text that the
real site offers of its pages, labs included. It has no snippets: what saving one takes is compared
with saving a French page. Ours shows the pages first and builds the site after that: the next save
waits until all of it is built, which is measured too. Both servers are open at once, and are saved
to in turn. Up to half a second of each time passes until MkDocs, which looks at all files twice a
second, sees the change. Linux and Python's `mkdocs` only.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import random
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from peers import I18N, LANGUAGES, MATERIAL, ROOT, Chapter, done, mkdocs, put, write_material_i18n
from peers import write_ours as write_generated

BOOK = ("docs", "hooks", "material", "snippets", ".precis", "mkdocs.yml", "translations.lock")
"""What the real site is made of, and the records of its runs."""

AHEAD, STATE = "precis-shown", "assets/precis/shown"
"""What is in a page that is ahead of its site, and the file that says `waiting` while it is."""

BUILD = [sys.executable, "-m", "mkdocs", "build", "--quiet"]


@dataclass(frozen=True)
class Save:
    """A file that is saved, and the page that is to show it."""

    file: str
    page: str


@dataclass(frozen=True)
class Book:
    """A folder for each server, and what is saved in it by what it is."""

    ours: Path
    stock: Path
    saves: dict[str, tuple[Save, Save]]


def generated(size: int, scratch: Path) -> Book:
    chapters = [Chapter(number) for number in range(size)]
    ours, stock = scratch / f"ours-{size}", scratch / f"stock-{size}"
    write_generated(ours, chapters)
    write_material_i18n(stock, chapters)
    return Book(ours, stock, saves(chapters[size // 2].slug))


def real(scratch: Path) -> Book:
    """The site, and the same text for stock: each page's Markdown, which the site offers."""
    ours, stock = scratch / "ours-real", scratch / "stock-real"
    for name in BOOK:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile
        ours.mkdir(exist_ok=True)
        copy(ROOT / name, ours / name)
    done(BUILD, ours)
    mkdocs(stock, MATERIAL + "plugins:\n  - search\n" + I18N)
    for text in (ours / "site").rglob("index.md"):
        name = text.parent.relative_to(ours / "site").as_posix()
        language = "en" if name.startswith("en") else "fr"
        name = name.removeprefix("en").strip("/.") or "index"
        put(stock / f"docs/{language}/{name}.md", text.read_text(encoding="utf-8"))
    shutil.rmtree(ours / "site")
    lab = (Save("snippets/labs/vanishing.py", "labs/vanishing/"),)
    return Book(ours, stock, saves("autograd") | {"lab": lab + saves("autograd")["page, fr"][1:]})


def saves(slug: str) -> dict[str, tuple[Save, Save]]:
    pages = [
        Save(f"docs/{language}/{slug}.md", f"{'en/' if language == 'en' else ''}{slug}/")
        for language in LANGUAGES
    ]
    snippet = Save(f"snippets/{slug}.py", pages[0].page)
    both = {
        f"page, {language}": (page, page) for language, page in zip(LANGUAGES, pages, strict=True)
    }
    return both | {"snippet": (snippet, pages[0])}


@dataclass(frozen=True)
class Seen:
    """Seconds from a save."""

    answered: float
    """Until livereload tells the open page to load itself again."""

    shown: float
    """Until the page, asked for then, holds what was saved."""

    built: float
    """Until the page no longer says that the site is yet to be built."""


class Server:
    """`mkdocs serve` in a folder."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.folder = folder
        self.address = f"http://127.0.0.1:{port}/"
        self.log = folder.with_suffix(".log")
        command = [sys.executable, "-m", "mkdocs", "serve", "--dev-addr", f"127.0.0.1:{port}"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_MKDOCS_2_WARNING": "1"}
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command, cwd=folder, env=environment, stdout=log, stderr=log
            )

    def get(self, path: str) -> str:
        with urllib.request.urlopen(self.address + path, timeout=90) as answer:
            return answer.read().decode("utf-8")

    def page(self, path: str) -> str:
        """A page, once the server is up."""
        while self.process.poll() is None:
            with contextlib.suppress(urllib.error.URLError):
                return self.get(path)
            time.sleep(0.1)
        sys.exit(self.log.read_text())

    def seen(self, save: Save, mark: str) -> Seen:
        """Save a file with a mark in it, and wait for the page that shows it."""
        epoch = self._epoch(self.page(save.page))  # which waits for a build that goes on
        written(self.folder / save.file, mark)
        saved = time.perf_counter()
        answered = 0.0
        while True:
            newer = int(self.get(f"livereload/{epoch}/0"))
            answered = answered or time.perf_counter() - saved
            if newer > epoch and mark in (page := self.get(save.page)):
                shown = time.perf_counter() - saved
                while AHEAD in page and self.get(STATE) == "waiting":
                    time.sleep(0.05)
                return Seen(answered, shown, time.perf_counter() - saved)
            epoch = newer

    @staticmethod
    def _epoch(page: str) -> int:
        found = re.search(r"livereload\((\d+), \d+\);", page)
        assert found, "a page of `mkdocs serve` says of which build it is"
        return int(found[1])

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


def written(file: Path, mark: str) -> None:
    """Put a mark where the page shows it: a paragraph of a page, a comment of the first cell."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".py":
        text = re.sub(
            r"^(# %% [^\[\n]*\n)(?:# saved-.*\n)?", rf"\1# {mark}\n", text, count=1, flags=re.M
        )
    else:
        text = re.sub(r"\n\nsaved-\w+\n\Z|\n*\Z", f"\n\n{mark}\n", text, count=1)
    file.write_text(text, encoding="utf-8")


@contextlib.contextmanager
def serving(*folders: Path) -> Iterator[list[Server]]:
    servers = [Server(folder) for folder in folders]
    try:
        yield servers
    finally:
        for server in servers:
            server.stop()


def measure(book: Book, rounds: int) -> dict[str, tuple[list[Seen], list[Seen]]]:
    """What was seen by what was saved, ours and stock."""
    found: dict[str, tuple[list[Seen], list[Seen]]] = defaultdict(lambda: ([], []))
    with serving(book.ours, book.stock) as servers:
        for at in range(rounds + 1):
            for kind, save in book.saves.items():
                for which in (0, 1) if at % 2 else (1, 0):
                    # a save comes anywhere between two looks, and after what the last one started
                    time.sleep(1 + random.random() / 2)
                    seen = servers[which].seen(save[which], f"saved-{at}{kind[-2:]}")
                    if at:  # the first round warms up: the process that snippets are forked from
                        found[kind][which].append(seen)
    return found


def table(found: dict[str, tuple[list[Seen], list[Seen]]]) -> str:
    titles = ("livereload answers", "the page shows it", "the site is built")
    lines = [" " * 10 + "".join(f"{title:>38}" for title in titles)]
    lines.append(f"{'saved':10}" + f"{'ours':>12}{'stock':>12}{'ratio':>14}" * 3)
    for kind, pair in found.items():
        row = f"{kind:10}"
        for value in ("answered", "shown", "built"):
            ours, stock = (statistics.median(getattr(s, value) for s in side) for side in pair)
            row += f"{ours:10.2f} s{stock:10.2f} s{ours / stock:12.2f} ×"
        lines.append(row)
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--books", default="real,6,24", help="real, or numbers of chapters")
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    print(f"{platform.platform()}, {os.cpu_count()} CPUs, Python {platform.python_version()}")
    print(f"medians of {asked.rounds} rounds, after one that warms up")
    with tempfile.TemporaryDirectory(prefix="serving-") as scratch:
        for name in asked.books.split(","):
            load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
            book = real(Path(scratch)) if name == "real" else generated(int(name), Path(scratch))
            found = measure(book, asked.rounds)
            what = "the real book" if name == "real" else f"{name} chapters × {len(LANGUAGES)}"
            print(f"\n{what}\n{table(found)}\nload before: {load}", flush=True)


if __name__ == "__main__":
    main()
