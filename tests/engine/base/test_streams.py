"""Messages on streams of any encoding: none is lost or raises an error."""

from __future__ import annotations

import io
import itertools
import json
import os
import subprocess
import sys

import pytest
from project import Project

from precis.base.streams import set_output_encoding

SNIPPET = '# %% a\nprint("→ é 日本 \U0001f600")\n#> → é\n'
PRINTED = "→ é 日本 \U0001f600"

SITE = "site_name: A\nplugins: [precis]\nmarkdown_extensions: [pymdownx.superfences]\n"


def run(project: Project, encoding: str, *command: str) -> tuple[int, str, str]:
    """Run `python -m …` with streams in an encoding; return its output as UTF-8."""
    ran = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=project.folder,
        capture_output=True,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONIOENCODING": encoding},
    )
    return ran.returncode, ran.stdout.decode("utf-8"), ran.stderr.decode("utf-8")


SAMPLE = [
    *(("ascii", "text"), ("cp1252", "json"), ("utf-16", "github")),
    ("utf-8:surrogateescape", "text"),
]


@pytest.mark.parametrize(
    ("encoding", "style"),
    [
        pytest.param(*pair, marks=() if pair in SAMPLE else pytest.mark.exhaustive)
        for pair in itertools.product(
            ["ascii", "cp1252", "utf-16", "utf-8:surrogateescape"], ["text", "json", "github"]
        )
    ],
)
def test_findings_are_printed_in_utf_8_in_any_encoding(
    project: Project, encoding: str, style: str
) -> None:
    project.write(snippets__a_py=SNIPPET)

    code, out, err = run(project, encoding, "precis", "verify", "--format", style)

    assert code == 1
    assert PRINTED in (err if style == "text" else out)
    assert "Traceback" not in err
    if style == "json":
        assert PRINTED in json.loads(out)["findings"][0]["hint"]


def test_usage_errors_are_printed_in_any_encoding(project: Project) -> None:
    code, _, err = run(project, "ascii", "precis", "vérifier→")

    assert code == 2
    assert "No such command 'vérifier→'" in err


def test_a_file_name_that_is_not_utf_8_is_refused_and_escaped(project: Project) -> None:
    project.write(snippets__a_py=SNIPPET)
    try:
        os.rename(
            os.fsencode(project.path("snippets/a.py")),
            os.fsencode(project.path("snippets")) + b"/a\xff.py",
        )
    except OSError:
        pytest.skip("this file system has no such names")

    code, out, err = run(project, "utf-8", "precis", "verify", "--json")

    assert code == 1, err
    (finding,) = json.loads(out)["findings"]
    assert finding["path"] == "snippets/a\udcff.py"
    assert finding["what"] == "a file name that is not UTF-8"


def test_a_build_prints_findings_in_any_encoding(project: Project) -> None:
    project.write(mkdocs_yml=SITE, snippets__a_py=SNIPPET, docs__index_md="# A\n")

    code, _, err = run(project, "cp1252", "mkdocs", "build")

    assert code == 1
    assert PRINTED in err
    assert "Traceback" not in err


class Terminal(io.TextIOWrapper):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_keeps_its_encoding_and_escapes_other_characters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", Terminal(shown, encoding="cp1252"))

    set_output_encoding()
    print("é →", flush=True)

    assert shown.getvalue() == b"\xe9 \\u2192" + os.linesep.encode()


def test_a_replaced_stream_is_not_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    monkeypatch.setattr(sys, "stdout", None)

    set_output_encoding()
