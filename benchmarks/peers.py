"""What a build costs: the engine against its peers, on the same generated book, in one run.

    python benchmarks/peers.py [--sizes 6,24] [--peers ours,markdown-exec] [--rounds 3]

Prints a table of medians. Times depend on the machine and on what else it does: rounds go
through all peers in turn, and the ratios to Material alone are what to compare. The peers are
installed by the first run into .venv-peers; Material and the engine run in the project's own
environment, the one that runs this script. Linux only: memory is read from /proc.
"""

from __future__ import annotations

import argparse
import html
import json
import os
import platform
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PEERS = ROOT / ".venv-peers"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")

LANGUAGES = ("fr", "en")
SECTIONS, PARAGRAPHS, SENTENCES, WORDS = 10, 3, 5, 10  # 1,500 words a page
STATES = ("cold", "nothing changed", "one chapter changed")

VOCABULARY = {
    "fr": re.findall(
        r"\w+",
        "une le modèle lit des mots puis calcule sa perte avec soin parce que chaque pas compte"
        " et la pente guide les poids vers leur place sans bruit dans cette page claire",
    ),
    "en": re.findall(
        r"\w+",
        "a model reads the words then computes its loss with care because every step counts"
        " and the slope guides all weights toward their place without noise on this clear page",
    ),
}


@dataclass(frozen=True)
class Section:
    """A part of a chapter: the cell it shows and, in every other one, a formula."""

    name: str
    code: str
    formula: str


@dataclass(frozen=True)
class Chapter:
    """A generated chapter, before any tool's syntax."""

    number: int
    seed: int = 0
    """Drawn by no cell: to change it changes the code, so it runs again, and no output."""

    @property
    def slug(self) -> str:
        return f"chapter{self.number:03}"

    def sections(self) -> Iterator[Section]:
        letters = random.Random(self.number).sample("abcdefghkmnpqrsuvwxyz", 8)
        for at in range(SECTIONS):
            lines = [
                f"w = torch.tensor([{self.number + 1}.5, {at + 1}.25], requires_grad=True)",
                f"loss = torch.tanh(w / {self.number + at + 3}).square().sum()",
                "loss.backward()",
                "print(loss.item(), w.grad)",
            ]
            if at == 0:
                lines[:0] = ["import torch", "", f"generator = torch.manual_seed({self.seed})"]
            a, b, c, d = (letters[(at // 2 + shift) % 8] for shift in range(4))
            formula = rf"\frac{{\partial {a}}}{{\partial {b}_{{{c}}}}} = \sum_{{{c}}} {d}_{{{c}}}"
            yield Section(f"cell-{at}", "\n".join(lines), "" if at % 2 else formula)

    def text(self, language: str, at: int) -> Iterator[str]:
        """The paragraphs of a section."""
        drawn = random.Random(f"{self.number} {language} {at}")
        for _ in range(PARAGRAPHS):
            sentences = (
                " ".join(drawn.choices(VOCABULARY[language], k=WORDS)).capitalize() + "."
                for _ in range(SENTENCES)
            )
            yield " ".join(sentences)


def pages(chapters: list[Chapter]) -> Iterator[tuple[str, Chapter]]:
    return ((language, chapter) for language in LANGUAGES for chapter in chapters)


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def markdown(
    language: str, chapter: Chapter, cell: Callable[[Section], str], ids: bool = True
) -> str:
    parts = [f"# {language} {chapter.slug}"]
    for at, section in enumerate(chapter.sections()):
        parts.append(f"## {section.name}" + (f" {{#{section.name}}}" if ids else ""))
        parts += chapter.text(language, at)
        parts += [f"$$\n{section.formula}\n$$"] if section.formula else []
        parts.append(cell(section))
    return "\n\n".join(parts) + "\n"


def fenced(first: str) -> Callable[[Section], str]:
    return lambda section: f"```{first}\n{section.code}\n```"


MATERIAL = """\
site_name: Benchmark
theme: {name: material, font: false}
markdown_extensions:
  - abbr
  - admonition
  - attr_list
  - def_list
  - footnotes
  - md_in_html
  - tables
  - toc: {permalink: "#"}
  - pymdownx.arithmatex: {generic: true}
  - pymdownx.details
  - pymdownx.highlight: {line_spans: __span, pygments_lang_class: true}
  - pymdownx.superfences
  - pymdownx.tabbed: {alternate_style: true}
"""

I18N = """\
  - i18n:
      docs_structure: folder
      fallback_to_default: false
      reconfigure_material: true
      languages:
        - {locale: fr, name: Français, default: true}
        - {locale: en, name: English}
"""


def mkdocs(folder: Path, config: str) -> None:
    put(folder / "mkdocs.yml", config)
    for language in LANGUAGES:
        put(folder / "docs" / language / "index.md", f"# {language} index\n")


def with_results(section: Section) -> str:
    """A fence as Material alone would show it: outputs are text that somebody typed."""
    return f"```python\n{section.code}\n#> 0.123456789 tensor([0.1234, 0.1234])\n```"


def write_material(folder: Path, chapters: list[Chapter]) -> None:
    mkdocs(folder, MATERIAL + "plugins:\n  - search\n")
    put(folder / "docs/index.md", "# Index\n")
    for language, chapter in pages(chapters):
        page = folder / f"docs/{language}/{chapter.slug}.md"
        put(page, markdown(language, chapter, with_results))


def write_material_i18n(folder: Path, chapters: list[Chapter]) -> None:
    write_material(folder, chapters)
    (folder / "docs/index.md").unlink()
    mkdocs(folder, MATERIAL + "plugins:\n  - search\n" + I18N)


def write_markdown_exec(folder: Path, chapters: list[Chapter]) -> None:
    write_material(folder, chapters)
    mkdocs(folder, MATERIAL + "plugins:\n  - search\n  - markdown-exec\n")
    for language, chapter in pages(chapters):
        first = f'python exec="1" source="above" result="text" session="{chapter.slug}-{language}"'
        page = folder / f"docs/{language}/{chapter.slug}.md"
        put(page, markdown(language, chapter, fenced(first)))


def write_ours(folder: Path, chapters: list[Chapter]) -> None:
    own = "  - precis.formula\n  - precis.typography\n"
    mkdocs(folder, MATERIAL + own + "plugins:\n  - search\n" + I18N + "  - precis\n")
    for chapter in chapters:
        cells = (f"# %% {section.name}\n{section.code}\n" for section in chapter.sections())
        put(folder / f"snippets/{chapter.slug}.py", "\n".join(cells))
        for language in LANGUAGES:
            put(
                folder / f"docs/{language}/{chapter.slug}.md",
                markdown(
                    language,
                    chapter,
                    lambda section, file=chapter.slug: f"```snippet\n{file}.py:{section.name}\n```",
                ),
            )
    # what the author does before a build: take what the code prints, read the two pages
    done([sys.executable, "-m", "precis", "update"], folder)
    slugs = [chapter.slug for chapter in chapters]
    done([sys.executable, "-m", "precis", "bless", "index", *slugs], folder)


def write_mkdocs_jupyter(folder: Path, chapters: list[Chapter]) -> None:
    plugin = "  - mkdocs-jupyter: {execute: true, include_source: false}\n"
    mkdocs(folder, MATERIAL + "plugins:\n  - search\n" + plugin)
    put(folder / "docs/index.md", "# Index\n")
    for language, chapter in pages(chapters):
        cells = [_prose(f"# {language} {chapter.slug}")]
        for at, section in enumerate(chapter.sections()):
            formula = [f"$$\n{section.formula}\n$$"] if section.formula else []
            text = [f"## {section.name}", *chapter.text(language, at), *formula]
            cells += [_prose("\n\n".join(text)), _code(section.code)]
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook = {
            "cells": [{**cell, "id": f"cell-{n}"} for n, cell in enumerate(cells)],
            "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        put(folder / f"docs/{language}/{chapter.slug}.ipynb", json.dumps(notebook))


def _prose(text: str) -> dict[str, object]:
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def _code(text: str) -> dict[str, object]:
    empty = {"outputs": [], "execution_count": None}
    return {"cell_type": "code", "metadata": {}, "source": text, **empty}


def sphinx(folder: Path, chapters: list[Chapter], conf: str, names: list[str]) -> None:
    put(folder / "docs/conf.py", f"project = 'Benchmark'\n{conf}")
    toc = "".join(f"   {name}\n" for name in names)
    put(folder / "docs/index.rst", f"Benchmark\n=========\n\n.. toctree::\n\n{toc}")


def write_myst_nb(mode: str) -> Callable[[Path, list[Chapter]], None]:
    def write(folder: Path, chapters: list[Chapter]) -> None:
        conf = (
            "extensions = ['myst_nb']\nmyst_enable_extensions = ['dollarmath']\n"
            f"nb_execution_mode = {mode!r}\nnb_execution_raise_on_error = True\n"
        )
        names = [f"{language}/{chapter.slug}" for language, chapter in pages(chapters)]
        sphinx(folder, chapters, conf, names)
        head = (
            "---\nfile_format: mystnb\nkernelspec:\n  name: python3\n  display_name: python3\n---\n"
        )
        for language, chapter in pages(chapters):
            text = markdown(language, chapter, fenced("{code-cell} python"), ids=False)
            put(folder / f"docs/{language}/{chapter.slug}.md", head + text)

    return write


def write_sphinx_gallery(folder: Path, chapters: list[Chapter]) -> None:
    galleries = [f"gallery_{language}" for language in LANGUAGES]
    conf = (
        "extensions = ['sphinx_gallery.gen_gallery']\nsphinx_gallery_conf = dict(\n"
        f"    examples_dirs={[f'../{name}' for name in galleries]!r},\n"
        f"    gallery_dirs={galleries!r}, filename_pattern='chapter',\n"
        "    abort_on_example_error=True)\n"
    )
    sphinx(folder, chapters, conf, [f"{name}/index" for name in galleries])
    for language in LANGUAGES:
        put(folder / f"gallery_{language}/README.rst", f"{language}\n==\n")
    for language, chapter in pages(chapters):
        parts = [f'"""\n{chapter.slug}\n{"=" * 10}\n"""']
        for at, section in enumerate(chapter.sections()):
            text = [
                section.name,
                "-" * 10,
                "",
                *"\n\n".join(chapter.text(language, at)).split("\n"),
            ]
            text += ["", ".. math::", "", f"   {section.formula}"] if section.formula else []
            parts.append("\n".join(["# %%", *(f"# {line}".rstrip() for line in text)]))
            parts.append(section.code)
        put(folder / f"gallery_{language}/{chapter.slug}.py", "\n\n".join(parts) + "\n")


@dataclass(frozen=True)
class Peer:
    """A tool, how the book is written for it and how it is built."""

    write: Callable[[Path, list[Chapter]], None]
    build: tuple[str, ...]
    is_ours: bool = False
    """Whether it runs in the project's environment."""

    runs: bool = True

    @property
    def command(self) -> list[str]:
        python = sys.executable if self.is_ours else str(PEERS / "bin/python")
        return [python, "-m", *self.build]


MKDOCS = ("mkdocs", "build", "--quiet")
SPHINX = ("sphinx", "-q", "-b", "html", "docs", "site")
KNOWN = {
    "material": Peer(write_material, MKDOCS, is_ours=True, runs=False),
    "material-i18n": Peer(write_material_i18n, MKDOCS, is_ours=True, runs=False),
    "ours": Peer(write_ours, MKDOCS, is_ours=True),
    "markdown-exec": Peer(write_markdown_exec, MKDOCS),
    "sphinx-gallery": Peer(write_sphinx_gallery, SPHINX),
    "myst-nb": Peer(write_myst_nb("force"), SPHINX),
    "myst-nb-cache": Peer(write_myst_nb("cache"), SPHINX),
    "mkdocs-jupyter": Peer(write_mkdocs_jupyter, MKDOCS),
}
FLOOR = "material-i18n"


def done(command: list[str], folder: Path) -> None:
    paths = [str(Path(command[0]).parent), os.environ["PATH"]]  # where kernels are looked for
    env = {**os.environ, "PATH": os.pathsep.join(paths), "NO_MKDOCS_2_WARNING": "1"}
    env["PYTHONPATH"] = str(ROOT) if command[0] == sys.executable else ""
    ended = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    if ended.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{ended.stdout[-3000:]}{ended.stderr[-3000:]}")


def seconds(command: list[str], folder: Path) -> float:
    started = time.perf_counter()
    done(command, folder)
    return time.perf_counter() - started


def peak(command: list[str], folder: Path) -> float:
    """The most memory, in MB, that a build and its processes hold together (shared pages once)."""
    most = 0
    building = threading.Thread(target=done, args=(command, folder))
    building.start()
    while building.is_alive():
        most = max(most, sum(map(_proportional, _below(os.getpid()))))
        time.sleep(0.1)
    return most / 1024


def _below(pid: int) -> Iterator[int]:
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                yield child
                yield from _below(child)


def _proportional(pid: int) -> int:
    with suppress(OSError):
        found = re.search(r"^Pss: +(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)
        return int(found[1]) if found else 0
    return 0


def check(peer: str, folder: Path, chapters: list[Chapter], last: str) -> None:
    """Stop where a peer built a site without the outputs: it would look fast."""
    for language in LANGUAGES:
        found = [
            path
            for path in (folder / "site").rglob("*.html")
            if chapters[-1].slug in str(path) and (language in str(path) or language == "fr")
        ]
        texts = (html.unescape(re.sub(r"<[^>]+>", "", p.read_text("utf-8"))) for p in found)
        if not any(last in text for text in texts):
            sys.exit(f"{peer}: no page of {chapters[-1].slug} in {language} shows {last}")


def install() -> None:
    stamp = PEERS / "ready"
    if stamp.exists() and stamp.read_text() == REQUIREMENTS.read_text():
        return
    print(f"installing the peers into {PEERS.name}", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", PEERS], check=True)
    pip = [PEERS / "bin/python", "-m", "pip", "install", "--quiet"]
    constraints = "".join(  # `-e .` is no constraint
        line
        for line in (ROOT / "requirements.txt").read_text().splitlines(keepends=True)
        if not line.startswith("-")
    )
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(constraints)
        file.flush()
        subprocess.run([*pip, "-r", REQUIREMENTS, "-c", file.name], check=True)
    stamp.write_text(REQUIREMENTS.read_text())


def measure(size: int, names: list[str], rounds: int, scratch: Path) -> dict[str, dict[str, float]]:
    """Medians by peer and state, in seconds, and the peak of memory of a cold build, in MB."""
    times: dict[tuple[str, str], list[float]] = defaultdict(list)
    peaks = {}
    for at in range(rounds):
        # others go before and after each other in turn
        for name in names if at % 2 == 0 else names[::-1]:
            peer, folder = KNOWN[name], scratch / f"{name}-{size}"
            chapters = [Chapter(number) for number in range(size)]
            shutil.rmtree(folder, ignore_errors=True)
            peer.write(folder, chapters)
            fresh = scratch / "fresh"
            if at == 0:
                shutil.copytree(folder, fresh)
                peaks[name] = peak(peer.command, fresh)
                shutil.rmtree(fresh)
            times[name, "cold"].append(seconds(peer.command, folder))
            if peer.runs:
                check(name, folder, chapters, _last(chapters[-1]))
            times[name, "nothing changed"].append(seconds(peer.command, folder))
            change(folder, chapters[0])
            times[name, "one chapter changed"].append(seconds(peer.command, folder))
            shutil.rmtree(folder)
            print(f"  {size} {name}, round {at + 1}", file=sys.stderr)
    return {
        name: {state: statistics.median(times[name, state]) for state in STATES}
        | {"MB": peaks[name]}
        for name in names
    }


def change(folder: Path, chapter: Chapter) -> None:
    """Write another seed into one chapter, in every language and syntax."""
    for path in folder.rglob(f"{chapter.slug}.*"):
        if not {"site", ".precis"} & set(path.relative_to(folder).parts[:-1]):
            with suppress(UnicodeDecodeError):
                text = path.read_text("utf-8")
                if "manual_seed(0)" in text:
                    path.write_text(text.replace("manual_seed(0)", "manual_seed(1)"), "utf-8")


def _last(chapter: Chapter) -> str:
    """What the last cell of a chapter prints first."""
    code = "\n".join(section.code for section in chapter.sections())
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return ran.stdout.splitlines()[-1].split()[0]


def table(size: int, found: dict[str, dict[str, float]]) -> str:
    lines = [
        f"{size} chapters × {len(LANGUAGES)} languages",
        f"{'':16}" + "".join(f"{state:>26}" for state in STATES) + f"{'memory':>10}",
    ]
    for name, medians in found.items():
        row = f"{name:16}"
        for state in STATES:
            ratio = ""
            if FLOOR in found:
                ratio = f"{medians[state] / found[FLOOR][state]:8.2f} ×"
            row += f"{medians[state]:14.2f} s{ratio:>10}"
        lines.append(row + f"{medians['MB']:7.0f} MB")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sizes", default="6,24,96", help="chapters, e.g. 6,24")
    parser.add_argument("--peers", default=",".join(KNOWN), help="some of: %(default)s")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    names = asked.peers.split(",")
    if unknown := set(names) - set(KNOWN):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(KNOWN)}")
    if not all(KNOWN[name].is_ours for name in names):
        install()
    print(f"{platform.platform()}, {os.cpu_count()} CPUs, Python {platform.python_version()}")
    print(f"medians of {asked.rounds} rounds; × is the ratio to {FLOOR}, in the same column")
    with tempfile.TemporaryDirectory(prefix="peers-") as scratch:
        for size in map(int, asked.sizes.split(",")):
            load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
            found = measure(size, names, asked.rounds, Path(scratch))
            print(f"\n{table(size, found)}\nload before: {load}", flush=True)


if __name__ == "__main__":
    main()
