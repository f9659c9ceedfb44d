"""The package: what it brings, what it asks for, and what it says without it."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution
from pathlib import Path

import pytest
from installed import ROOT, Environment, build
from packaging.requirements import Requirement

import precis
from precis.base.extras import EXTRAS

IMPORT_NAMES = {"beautifulsoup4": "bs4", "math-core": "math_core", "mkdocs-jupyter":
    "mkdocs_jupyter", "mkdocs-material": "material", "mkdocs-static-i18n": "mkdocs_static_i18n",
    "pymdown-extensions": "pymdownx", "pyyaml": "yaml"}  # fmt: skip

BROUGHT_ALONG = {"mkdocs": {"jinja2"}, "jupyter": {"nbconvert"}}
"""What comes with the packages of an extra, and is imported by its import name."""

OF_SNIPPETS = {"matplotlib", "pytest"}
"""What only a snippet, or pytest, can have imported before."""

SNIPPET = "# %% one\nprint(0.5)\n#> 0.5\n"


@pytest.fixture(scope="module")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The engine without extras."""
    return Environment(tmp_path_factory.mktemp("bare") / "venv", wheel)


def test_two_builds_of_one_commit_give_the_same_bytes(tmp_path: Path) -> None:
    built = []
    for number in (1, 2):
        copy = tmp_path / f"source-{number}"
        copy.mkdir()
        for name in ("precis", "LICENSE", "pyproject.toml"):
            copied = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copied(ROOT / name, copy / name)
        for path in copy.rglob("*"):
            os.utime(path, (number * 1e9, number * 1e9))
        built.append([path.read_bytes() for path in build(copy, tmp_path / f"built-{number}")])

    assert built[0] == built[1]


def test_wheel_and_sdist_have_all_files_of_the_engine(tmp_path: Path) -> None:
    wheel, sdist = build(ROOT, tmp_path / "built")
    ours = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "precis").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    with zipfile.ZipFile(wheel) as files:
        assert ours <= set(files.namelist())
    with tarfile.open(sdist) as files:
        assert {f"{sdist.name.removesuffix('.tar.gz')}/{name}" for name in ours} <= {
            *files.getnames()
        }


@pytest.mark.parametrize(
    "command", [["twine", "check", "--strict"], ["check-wheel-contents"]], ids=lambda c: c[0]
)
def test_what_is_built_is_as_an_index_wants_it(command: list[str], tmp_path: Path) -> None:
    program, *options = command
    beside = Path(sys.executable).with_name(program)
    found = str(beside) if beside.exists() else shutil.which(program)
    if not found:
        reason = f"{program} is not installed: pip install -r .github/requirements.txt"
        pytest.fail(reason) if os.environ.get("PRECIS_REQUIRE_LINTERS") else pytest.skip(reason)
    wheel, sdist = build(ROOT, tmp_path / "built")
    files = [wheel, sdist] if program == "twine" else [wheel]

    checked = subprocess.run([found, *options, *files], capture_output=True, text=True)

    assert checked.returncode == 0, checked.stdout + checked.stderr


def imported() -> Iterator[str]:
    """Yield the packages that the modules of the engine import."""
    for path in (ROOT / "precis").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module.partition(".")[0]


def test_each_package_that_is_imported_is_asked_for(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as files:
        files.extractall(tmp_path)
    metadata = Distribution.at(next(tmp_path.glob("precis-*.dist-info")))
    core, extras = set(), {name: set[str]() for name in metadata.metadata.get_all("Provides-Extra")}
    for requirement in map(Requirement, metadata.requires or ()):
        package = requirement.name.lower()
        name = IMPORT_NAMES.get(package, package)
        if requirement.marker is None:
            core.add(name)
        for extra in extras:
            if requirement.marker and requirement.marker.evaluate({"extra": extra}):
                extras[extra].add(name)
    for extra, names in extras.items():  # mkdocs asks for precis[text]
        names |= BROUGHT_ALONG.get(extra, set())
        names |= extras["text"] if "precis" in names else set()

    assert set(EXTRAS.values()) <= set(extras)
    assert {name for name, extra in EXTRAS.items() if name not in extras[extra]} == set()
    others = set(imported()) - sys.stdlib_module_names - {"precis"}
    assert others - OF_SNIPPETS <= core | set(EXTRAS)


def test_the_interface_is_what_other_programs_of_the_book_import() -> None:
    for name in precis.__all__:
        assert getattr(precis, name) is not None
    with pytest.raises(AttributeError, match="no attribute nothing"):
        _ = precis.nothing
    inside = []
    for folder in ("hooks", "material", "tests/site", "benchmarks"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("precis."):
                    inside.append(f"{path.relative_to(ROOT)}: {node.module}")

    assert inside == []


def test_importing_the_package_imports_nothing_more(bare: Environment, tmp_path: Path) -> None:
    (tmp_path / "names.py").write_text(
        "import sys, precis; print([n for n in sys.modules if n.startswith('precis.')])",
        encoding="utf-8",
    )

    assert bare.run(tmp_path, "names").stdout == "[]\n"


def test_without_extras_snippets_are_verified_and_updated(
    bare: Environment, tmp_path: Path
) -> None:
    snippet = tmp_path / "snippets/a.py"
    snippet.parent.mkdir()
    snippet.write_text(SNIPPET.replace("#> 0.5", "#> 0.6"), encoding="utf-8")

    wrong = bare.run(tmp_path, "precis", "verify")
    assert wrong.returncode == 1
    assert wrong.stderr.startswith("snippets/a.py:2:1: printed something else")
    assert bare.run(tmp_path, "precis", "update").stdout == "snippets/a.py: updated\n"
    assert bare.run(tmp_path, "precis", "verify").stdout == "1 output: 1 verified on cpu\n"
    tested = bare.run(tmp_path, "pytest", "--precis", "-q")
    assert tested.returncode == 0, tested.stdout
    assert "1 passed" in tested.stdout


@pytest.mark.parametrize(
    ("command", "extra"),
    [
        (("precis", "verify", "--prose"), "mkdocs"),
        (("precis", "update", "a.md"), "mkdocs"),
        (("precis", "status", "--json"), "mkdocs"),
        (("precis", "bless", "a"), "mkdocs"),
        (("precis", "new", "a", "--fr", "A", "--en", "A"), "mkdocs"),
        (("precis", "audit", "site"), "audit"),
        (("precis", "verify", "--device", "fakegpu"), "torch"),
        (("pytest", "--precis", "--device", "fakegpu"), "torch"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value[:2]),
)
def test_without_an_extra_a_command_says_which_in_one_sentence(
    bare: Environment, tmp_path: Path, command: tuple[str, ...], extra: str
) -> None:
    (tmp_path / "a.md").write_text("# A\n", encoding="utf-8")

    refused = bare.run(tmp_path, *command)

    (said,) = filter(None, refused.stderr.splitlines())
    assert said.endswith(f'which is not installed: pip install "precis[{extra}]"')
    assert refused.returncode == (4 if command[0] == "pytest" else 1)


def test_help_lists_what_is_not_available_with_the_cure(bare: Environment, tmp_path: Path) -> None:
    listed = bare.run(tmp_path, "precis", "--help")

    assert listed.returncode == 0, listed.stderr
    assert "Not available: this needs the package" in listed.stdout
    asked = bare.run(tmp_path, "precis", "audit", "--help").stdout
    assert 'pip install "precis[audit]"' in " ".join(asked.split())


@pytest.mark.parametrize(
    ("extras", "settings", "extra"),
    [
        ((), "plugins: [precis]", "mkdocs"),
        (("mkdocs",), "markdown_extensions: [precis.formula]", "formula"),
    ],
    ids=["plugin", "extension"],
)
def test_a_site_without_an_extra_is_one_sentence(
    wheel: Path, tmp_path: Path, extras: tuple[str, ...], settings: str, extra: str
) -> None:
    environment = Environment(tmp_path / "venv", wheel, *extras)
    environment.add("mkdocs")
    (tmp_path / "docs").mkdir()
    (tmp_path / "mkdocs.yml").write_text(f"site_name: a\n{settings}\n", encoding="utf-8")

    refused = environment.run(tmp_path, "mkdocs", "build")

    assert refused.returncode == 1
    (said,) = refused.stderr.splitlines()
    assert said.startswith("precis: this needs the package ")
    assert said.endswith(f'which is not installed: pip install "precis[{extra}]"')
