"""A small project in a temporary folder, as a contributor has it."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
import urllib.error
import urllib.request
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from unittest import mock

import click
import pytest
from click.testing import CliRunner

from precis.base import project as configured
from precis.base.policy import DEFAULT, REQUIRED, parse_policy
from precis.book.book import Book
from precis.cli.main import main
from precis.run.record import Records

BILINGUAL = """\
site_name: test
strict: true
theme: {name: material, font: false}
plugins:
  - i18n:
      docs_structure: folder
      fallback_to_default: false
      languages:
        - {locale: fr, name: Français, default: true}
        - {locale: en, name: English}
  - precis: {checks: required}
markdown_extensions: [attr_list, pymdownx.superfences]
"""
"""An `mkdocs.yml` for both languages, with all checks."""

PLAIN = """
    site_name: test
    strict: true
    theme: mkdocs
    plugins: [precis: {checks: required}]
    validation: {links: {anchors: warn}}
    markdown_extensions: [attr_list, pymdownx.superfences]
    """
"""An `mkdocs.yml` for one language, in MkDocs' own theme, with all checks."""

_FRENCH, _ENGLISH = (line + "\n" for line in BILINGUAL.splitlines() if "locale" in line)


def site_in(*languages: str) -> str:
    """An `mkdocs.yml` for other languages, the first of which is the default."""
    lines = [f"        - {{locale: {name}, name: {name}}}\n" for name in languages]
    lines[0] = lines[0].replace("}", ", default: true}")
    return BILINGUAL.replace(_FRENCH + _ENGLISH, "".join(lines))


class Project:
    """A folder with files of a project, and the commands that a contributor types in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, **files: str) -> Project:
        """Write files; in names, `__` stands for `/` and `_py`, `_md`, `_yml` for an ending."""
        for name, text in files.items():
            path = name.replace("__", "/")
            for ending in ("py", "md", "yml", "toml", "txt", "html"):
                path = path.removesuffix(f"_{ending}") + (
                    f".{ending}" if path.endswith(f"_{ending}") else ""
                )
            file = self.folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        return self

    def path(self, name: str) -> Path:
        return self.folder / name

    def read(self, name: str) -> str:
        return self.path(name).read_text(encoding="utf-8")

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run `python -m …` in the folder: `precis`, `mkdocs` and `pytest` in this process."""
        match command:
            case "precis", *arguments:
                return self._invoke(main, "precis", *arguments)
            case "mkdocs", *arguments:
                with _as_when_mkdocs_starts() as mkdocs:
                    return self._invoke(mkdocs, "mkdocs", *arguments)
            case "pytest", *arguments:
                return self._test(*arguments)
        return self.start(*command)

    def start(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run `python -m …` in the folder, in a process of its own."""
        return subprocess.run(
            [sys.executable, "-m", *command],
            cwd=self.folder,
            capture_output=True,
            text=True,
            env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        )

    def _invoke(
        self, main: click.Command, name: str, *arguments: str
    ) -> subprocess.CompletedProcess[str]:
        log = mock.patch.object(logging.getLogger(), "handlers", [])  # pytest's is not there
        with contextlib.chdir(self.folder), log:
            result = CliRunner().invoke(main, arguments, prog_name=name)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        command = [name, *arguments]
        return subprocess.CompletedProcess(command, result.exit_code, result.stdout, result.stderr)

    def _test(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run pytest inside pytest."""
        output = io.StringIO()
        options = ["--precis", "--rootdir=.", "-p", "no:cacheprovider", "-p", "no:faulthandler"]
        options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # of our own process
        with (
            contextlib.chdir(self.folder),
            mock.patch.dict(os.environ),
            contextlib.redirect_stdout(output),
            contextlib.redirect_stderr(output),
        ):
            os.environ.pop("PYTEST_ADDOPTS", None)
            code = pytest.main([*options, "--capture=sys", *arguments])
        return subprocess.CompletedProcess(["pytest", *arguments], code, output.getvalue(), "")

    def book(self) -> Book:
        """The book of the folder, with all checks where its mkdocs.yml asks for none."""
        project = configured.Project.read(self.folder)
        if project.policy == DEFAULT:
            project = replace(project, policy=parse_policy(REQUIRED, None))
        return Book(project, Records(self.folder))

    def site(self) -> dict[str, bytes]:
        """Every file of the published site."""
        site = self.folder / "site"
        return {
            path.relative_to(site).as_posix(): path.read_bytes()
            for path in sorted(site.rglob("*"))
            if path.is_file()
        }


@contextlib.contextmanager
def _as_when_mkdocs_starts() -> Iterator[click.Command]:
    """The command `mkdocs`, which finds and leaves this process as if it had one of its own."""
    from mkdocs import utils
    from mkdocs.__main__ import cli
    from mkdocs.commands import build
    from mkdocs.config.config_options import Hooks
    from mkdocs.config.defaults import MkDocsConfig

    Hooks._load_hook.cache_clear()
    plugins: dict[str, object] = MkDocsConfig.plugins.plugin_cache
    with contextlib.ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        stack.enter_context(mock.patch.dict(os.environ))
        stack.enter_context(mock.patch.dict(plugins, clear=True))
        pages = tuple(ending for ending in utils.markdown_extensions if ending != ".ipynb")
        stack.enter_context(mock.patch.object(utils, "markdown_extensions", pages))
        stack.callback(logging.captureWarnings, False)
        for logger in (logging.getLogger("mkdocs"), build.log):
            for known in (logger.handlers, logger.filters):
                stack.callback(known.__setitem__, slice(None), list(known))
                known.clear()
            stack.callback(setattr, logger, "propagate", logger.propagate)
            stack.callback(logger.setLevel, logger.level)
        yield cli


def logging_runs(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str = ".") -> str:
    """A statement that adds a name to the file `ran`: in a cache, a snippet may write."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    path = (folder / "ran").as_posix()
    return f"size = open('{path}', 'a').write('{name}')"


@contextlib.contextmanager
def serving(project: Project, path: str) -> Iterator[Callable[[], str]]:
    """`mkdocs serve` in the project; gives the text of a page."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    log = (project.folder / "serve.log").open("w")
    server = subprocess.Popen(
        [sys.executable, "-m", "mkdocs", "serve", "--dev-addr", address],
        cwd=project.folder,
        stdout=log,
        stderr=log,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        start_new_session=True,
    )

    def page() -> str:
        with urllib.request.urlopen(f"http://{address}/{path}", timeout=20) as answer:
            return str(answer.read().decode("utf-8"))

    try:
        yield page
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def eventually(page: Callable[[], str], holds: Callable[[str], bool], project: Project) -> str:
    """The page once it is as it should be; the server's log if it never is."""
    for _ in range(300):
        try:
            text = page()
            if holds(text):
                return text
        except (urllib.error.URLError, ConnectionError):
            pass
        time.sleep(0.1)
    pytest.fail(project.read("serve.log"))
