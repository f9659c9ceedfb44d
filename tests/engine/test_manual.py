"""The manual: made from the engine, verified by it, and typed as it says."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from installed import ROOT, Environment
from markdown import Markdown
from project import Project

import manual
from precis.text.fences import Fence, FenceFinder, register_snippet_fence

MANUAL = ROOT / "manual"
PAGES = sorted((MANUAL / "docs").glob("*.md"))


def fences(page: Path) -> list[Fence]:
    md = Markdown(extensions=["attr_list", "pymdownx.superfences"])
    register_snippet_fence(md)
    return FenceFinder(md).find(page.read_text(encoding="utf-8").split("\n"))


def typed(page: Path, name: str) -> Iterator[tuple[str, str]]:
    """Yield the files that a page writes, by name, and its commands, with what they print."""
    for fence in fences(page):
        if file := fence.options.get("data-file"):
            yield f"> {file}", fence.body
        elif fence.options.get("data-session") == name:
            for command in re.split(r"^\$ ", fence.body, flags=re.M)[1:]:
                first, _, printed = command.partition("\n")
                yield first, printed


SESSIONS = [
    (page, name)
    for page in PAGES
    for name in dict.fromkeys(fence.options.get("data-session", "none") for fence in fences(page))
    if name != "none"
]


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    folder = tmp_path_factory.mktemp("manual") / "venv"
    return Environment(folder, wheel, "languages", "mkdocs")


def test_the_reference_is_what_the_engine_has() -> None:
    written = manual.PAGE.read_text(encoding="utf-8")

    assert written == manual.reference(), "python tools/manual.py"


def test_the_manual_is_verified_by_the_engine(tmp_path: Path) -> None:
    copy = Project(tmp_path)
    for path in MANUAL.rglob("*.*"):
        if path.is_file() and not {".precis", "site"} & set(path.relative_to(MANUAL).parts):
            target = copy.path(path.relative_to(MANUAL).as_posix())
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())

    built = copy.run("mkdocs", "build", "--strict")

    assert built.returncode == 0, built.stderr
    assert "2 outputs: 2 verified on cpu" in built.stderr


def test_sources_that_a_page_shows_are_the_files() -> None:
    shown = [
        (MANUAL / title, fence.body)
        for page in PAGES
        for fence in fences(page)
        if "data-file" not in fence.options
        and (title := fence.options.get("title", "")).startswith("snippets/")
    ]

    assert shown
    for path, body in shown:
        assert body.strip() == path.read_text(encoding="utf-8").strip()


def test_each_extra_is_named_where_one_installs() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "optional-dependencies"
    ]
    for page in (MANUAL / "docs/index.md", ROOT / "precis/README.md"):
        rows = re.findall(r"^\| `(\w+)` \|", page.read_text(encoding="utf-8"), re.M)
        assert sorted(rows) == sorted(set(extras) - {"text"})  # which the others bring


@pytest.mark.parametrize(
    ("page", "name"),
    [
        pytest.param(page, name, id=name, marks=[] if name == "alone" else pytest.mark.exhaustive)
        for page, name in SESSIONS
    ],
)
def test_what_the_manual_types_prints_what_it_says(
    page: Path, name: str, environment: Environment, tmp_path: Path
) -> None:
    folder, steps = tmp_path, list(typed(page, name))
    assert any(not command.startswith("> ") for command, _ in steps)
    for command, expected in steps:
        program, *words = command.split()
        if program == "cd":
            folder = folder / words[0]
            continue
        if program == ">":
            (folder / words[0]).parent.mkdir(exist_ok=True)
            (folder / words[0]).write_text(expected + "\n", encoding="utf-8")
            continue
        if program in ("precis", "mkdocs", "pytest"):
            said = environment.run(folder, program, *shlex.split(command)[1:])
        else:
            said = subprocess.run(
                shlex.split(command), cwd=folder, capture_output=True, text=True, check=True
            )
        printed = re.sub(r"\x1b\[[\d;]*m", "", said.stderr + said.stdout).rstrip("\n") + "\n"
        assert re.fullmatch(_pattern(expected), printed), f"$ {command}\n{printed}"


def _pattern(expected: str) -> str:
    """Return the pattern of an output, in which … stands for what is left out."""
    lines = (
        r"(?:[^\n]*\n)*?" if line == "…" else re.escape(line).replace("…", r"[^\n]*") + r"\n"
        for line in expected.rstrip("\n").split("\n")
    )
    return "".join(lines)


def test_the_tool_writes_the_reference(tmp_path: Path) -> None:
    code = "import manual, sys; sys.stdout.write(manual.reference())"
    made = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        encoding="utf-8",
        check=True,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'tools'}", "PYTHONIOENCODING": "utf-8"},
    )

    assert made.stdout == manual.PAGE.read_text(encoding="utf-8")
