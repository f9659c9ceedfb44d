"""Hostile and broken input: each gets one clear message, and nothing hangs or is half done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from project import Project

from precis.base import project as configured
from precis.base.finding import Malformed
from precis.book.book import Book
from precis.run.outcome import Run
from precis.run.record import Records
from precis.source.parse import parse
from precis.text.pages import PageReader

Ran = Callable[..., Run]

FAULTS = {
    "exception": ('raise ValueError("no")', "ValueError: no"),
    "sys.exit": ("raise SystemExit(4)", "sys.exit(4)"),
    "os._exit": ("os._exit(3)", "exited with code 3"),
    "SIGKILL": ("os.kill(os.getpid(), 9)", "killed by SIGKILL"),
    "segmentation fault": ("ctypes.string_at(0)", "killed by SIGSEGV"),
    "endless loop": ("while True: pass", "still running after 1 s"),
    "sleep": ("__import__('time').sleep(60)", "still running after 1 s"),
    "endless output": ("while True: print('x' * 1000)", "printed more than 2 MB"),
    "stdin": ("input()", "EOFError"),
    "broken code in a string": ("exec('x = (')", "SyntaxError: '(' was never closed"),
    "recursion": ("exec('def f(): f()\\nf()')", "RecursionError"),
    "memory": ("bytearray(10**11)", "MemoryError"),
    "file without end": ("open('x', 'wb').write(bytes(10**9))", "File too large"),
    "processes without end": (
        "while True: subprocess.Popen(['true'])",
        "a snippet may start 64 processes",
    ),
    "forks without end": (
        "while True: multiprocessing.get_context('fork').Process(target=time.sleep).start()",
        "a snippet may start 64 processes",
    ),
    "fork of its own": ("os.fork()", "must not fork itself"),
    "end of its parent": ("os.kill(os.getppid(), 9)", "signals to its own processes only"),
    "write elsewhere": ("open(__file__, 'a')", "write in its own folder only"),
    "write by descriptor": ("os.open(__file__, os.O_WRONLY)", "write in its own folder only"),
    "write through a link": (
        "os.symlink(__file__, 'x'), open('x', 'a')",
        "write in its own folder only",
    ),
    "removal": ("os.remove(__file__)", "write in its own folder only"),
    "renaming": ("os.rename(__file__, 'x')", "write in its own folder only"),
    "new folder elsewhere": ("os.mkdir(__file__ + '.d')", "write in its own folder only"),
    "removal of a folder": (
        "shutil.rmtree(os.path.dirname(__file__))",
        "write in its own folder only",
    ),
    "stdout that is no stream": ("exec('sys.stdout = []; print(1)')", "has no attribute 'write'"),
    "stdout closed": ("exec('sys.stdout.close(); print(1)')", "closed file"),
    "descriptor 1 closed": ("os.close(1)", "Bad file descriptor"),
    "print taken away": (
        "exec('builtins.print = None; print(1)')",
        "'NoneType' object is not callable",
    ),
    "network": ("socket.create_connection(('127.0.0.1', 9))", "no network"),
    "name look-up": ("socket.gethostbyname('localhost')", "no network"),
    "datagram": ("socket.socket(type=2).sendto(b'x', ('127.0.0.1', 9))", "no network"),
}


@pytest.mark.parametrize(("statement", "what"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_named_with_its_line_and_what_came_before_is_kept(
    ran: Ran, statement: str, what: str
) -> None:
    modules = "builtins, ctypes, multiprocessing, os, shutil, socket, subprocess, sys, time"
    text = f"# %% a\nimport {modules}\nprint('before')\n{statement}\nprint('after')\n"

    run = ran(text, timeout=1 if "still running" in what else 20)

    assert run.fault is not None
    assert what in run.fault.message
    assert run.fault.line == 4
    assert [outcome.printed for outcome in run.outcomes] == [(), ("before",)]


GOOD = "# %% one\nprint(1)\n#> 1\n"

SNIPPETS = {
    "empty": (b"", "1:1: no cell"),
    "huge": (b"# %% a\n" + b"x = 1\n" * 200_000, "1:1: more than 1 MB"),
    "NUL": (GOOD.encode() + b"\0", "4:1: the control character U+0000"),
    "Markdown's placeholder": (
        GOOD.encode() + b"x = '\x02wzxhzdk:0\x03'\n",
        "4:1: the control character U+0002",
    ),
    "an escape sequence": (GOOD.encode() + b"# \x1b[31m\n", "4:1: the control character U+001B"),
    "C1": (GOOD.encode() + b"# \xc2\x85\n", "4:1: the control character U+0085"),
    "text turned round": (
        GOOD.encode() + "# \u202e\n".encode(),
        "4:1: the control character U+202E",
    ),
    "another NUL after CRs": (b"# %% a\rx = 1\r#\0\r", "3:1: the control character U+0000"),
    "UTF-16": (GOOD.encode("utf-16"), "1:1: not UTF-8 text"),
    "Latin-1": ("# %% a\nx = 'é'\n".encode("latin-1"), "1:1: not UTF-8 text"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "1:1: not UTF-8 text"),
    "deep nesting": (b"# %% a\nx = " + b"(" * 5000 + b")" * 5000, "not Python"),
    "a long sum": (b"# %% a\nx = " + b"1+" * 50_000 + b"1\n", "not Python"),
    "an open string": (b"# %% a\nx = '''\n", "2:5: not Python: unterminated"),
    "a late future": (
        b"# %% one\nx = 1\n\n# %% two\nfrom __future__ import annotations\n",
        "5:1: not Python: from __future__ imports must occur at the beginning of the file",
    ),
    "a late global": (
        b"# %% one\nx = 1\n\n# %% two\nglobal x\nprint(x)\n#> 1\n",
        "5:1: not Python: name 'x' is assigned to before global declaration",
    ),
    "a warning": (b"# %% one\nx = 1\nprint(x is 1)\n#> True\n", '3:1: Python warns: "is" with'),
    "an escape that is none": (
        b'# %% one\nx = "\\d"\nprint(x)\n#> \\d\n',
        "2:1: Python warns: ",
    ),
    "form feeds": (b"\x0c# %% a\n\x0cprint(1)\n", "2:1: a print without expectation"),
}


@pytest.mark.parametrize(("content", "message"), SNIPPETS.values(), ids=SNIPPETS.keys())
def test_a_broken_snippet_is_refused_with_its_place(
    project: Project, content: bytes, message: str
) -> None:
    project.path("snippets").mkdir()
    project.path("snippets/a.py").write_bytes(content)

    run = project.run("precis", "verify")

    assert run.returncode == 1
    head, *rest = run.stderr.splitlines()
    assert head.startswith("snippets/a.py:")
    assert message in head
    assert not [line for line in rest if not line.startswith("  ")], run.stderr


def test_a_long_log_that_differs_in_each_line_is_told_in_a_short_message(
    project: Project,
) -> None:
    log = "".join(f"#> step {i:4d} loss {1 / (i + 2.5):.6f}\n" for i in range(1500))
    project.write(
        snippets__a_py="# %% one\nfor i in range(1500):\n"
        f'    print(f"step {{i:4d}} loss {{1 / (i + 2):.6f}}")\n{log}'
    )

    run = project.run("precis", "verify")

    assert run.returncode == 1
    assert "- step    0 loss 0.400000\n  + step    0 loss 0.500000" in run.stderr
    assert len(run.stderr.splitlines()) < 110


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + GOOD.encode(),
        GOOD.replace("\n", "\r\n").encode(),
        GOOD.replace("\n", "\r").encode(),
    ],
    ids=["byte order mark", "CRLF", "CR"],
)
def test_what_editors_do_to_a_file_is_no_obstacle(project: Project, content: bytes) -> None:
    project.path("snippets").mkdir()
    project.path("snippets/a.py").write_bytes(content)

    run = project.run("precis", "verify")

    assert (run.returncode, run.stdout) == (0, "1 output: 1 verified on cpu\n")


def test_a_symbolic_link_is_refused(project: Project) -> None:
    project.write(elsewhere_py=GOOD, snippets__b_py=GOOD)
    project.path("snippets/a.py").symlink_to("../elsewhere.py")

    run = project.run("precis", "verify")

    assert run.returncode == 1
    assert run.stderr.startswith("snippets/a.py:1:1: a symbolic link\n")


PAGES = {
    "huge": (b"# A\n" + b"a b c d e\n" * 200_000, "more than 1 MB"),
    "NUL": (b"# A\n\nA\0B\n", "3:1: the control character U+0000"),
    "Markdown's placeholder": (
        b"# A\n\n\x02wzxhzdk:0\x03\n",
        "3:1: the control character U+0002",
    ),
    "a form feed": (b"# A\n\n\fB\n", "3:1: the control character U+000C"),
    "text turned round": ("# A\n\n\u202eB\n".encode(), "3:1: the control character U+202E"),
    "UTF-16": ("# A\n".encode("utf-16"), "not UTF-8 text"),
    "Latin-1": ("# é\n".encode("latin-1"), "not UTF-8 text"),
    "a path upwards": (b"```snippet\n../snippets/a.py:one\n```\n", "There is no ../snippets"),
    "an absolute path": (b"```snippet\n/etc/passwd:one\n```\n", "There is no /etc/passwd"),
    "a drive": (b"```snippet\nC:\\a.py:one\n```\n", "There is no C"),
    "no path": (b"```snippet\n:one\n```\n", "There is no  in snippets/"),
    "no end": (b"```snippet\na.py:one\n", "a fence that the renderer does not take"),
}


@pytest.mark.parametrize(("content", "message"), PAGES.values(), ids=PAGES.keys())
def test_a_broken_page_is_refused_and_the_site_stays(
    project: Project, content: bytes, message: str
) -> None:
    project.write(
        mkdocs_yml="site_name: A\nplugins: [precis]\nmarkdown_extensions: [pymdownx.superfences]\n",
        snippets__a_py=GOOD,
        site__index_txt="the earlier site",
    )
    project.path("docs").mkdir()
    project.path("docs/index.md").write_bytes(content)

    build = project.run("mkdocs", "build")

    assert build.returncode == 1
    assert "docs/index.md:" in build.stderr
    assert message in build.stderr
    assert "Traceback" not in build.stderr
    assert list(project.site()) == ["index.txt"]


def test_a_page_that_is_a_link_to_another_place_is_refused(project: Project) -> None:
    project.write(snippets__a_py=GOOD, secret_md="# A secret\n")
    project.path("docs").mkdir()
    project.path("docs/a.md").symlink_to("../secret.md")

    run = project.run("precis", "verify", "--prose")

    assert run.returncode == 1
    assert run.stderr.startswith("docs/a.md:1:1: a symbolic link\n")


ANYTHING = st.text(st.characters(codec="utf-8"), max_size=300)
PYTHON_LIKE = st.lists(
    st.sampled_from(
        ["# %% a", "# %%", "# %% a b=", "#> 1", "#>", "#> [cuda] 1", "x = 1", "print(1)", "'''",
         "if x:", "    y", "\t", "\\", "(", ")", "@f", "def f(): ...", "class C:", "# (1)!", "\x0c",
         "x = 1; y = 2", "\ufeff", "\0", "é = 1", "\u2028", "async", "lambda"]
    ),
    max_size=12,
).map("\n".join)  # fmt: skip


@given(ANYTHING | PYTHON_LIKE)
@settings(deadline=None, max_examples=100)
def test_any_text_is_a_snippet_or_malformed(text: str) -> None:
    try:
        snippet = parse(text, Path("a.py"))
    except Malformed as malformed:
        findings = malformed.findings
        assert findings
        assert all(finding.line >= 1 and finding.message for finding in findings)
        return

    lines = text.split("\n")
    for statement in snippet.statements:
        assert 1 <= statement.line <= statement.end <= len(lines)
    written = [line for line in lines if line.startswith("#>")]
    assert len(written) >= sum(len(s.expectations) for s in snippet.statements)


PAGE_LIKE = st.lists(
    st.sampled_from(
        ["```snippet", "```", "~~~", "a.py:one", "`0.5`", "`", "$x = 1$", "$", "$$", "\\frac{1}{2}",
         "0,5", "1 000", "[^a]", "[^a]: b", "# T {#t}", "!!! note", "    ", "> ", "- ", "1. ",
         "|a|", "<!--", "-->", "<pre>", "**", "[a](b.md#c)", "\ufeff", "\0", "« ", "10^{-3}", "= 2",
         "```` {.text data-reason='a'}", "--8<--"]
    ),
    max_size=14,
)  # fmt: skip


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> PageReader:
    folder = tmp_path_factory.mktemp("book")
    (folder / "snippets").mkdir()
    (folder / "snippets" / "a.py").write_text(GOOD)
    return PageReader(Book(configured.Project.read(folder), Records(folder)))


@given(ANYTHING | PAGE_LIKE.map("\n".join) | PAGE_LIKE.map(" ".join))
@example("`" * 5000)
@example("$" * 5000)
@example("1 " * 5000)
@example("[" * 5000)
@example("<" * 5000)
@example("0,5 " * 2000)
@example("](" * 5000)
@example("{" * 5000)
@example("$" + "\\frac{" * 500 + "$")
@settings(deadline=None, max_examples=100)
def test_any_text_can_be_judged_as_a_page(reader: PageReader, text: str) -> None:
    for language in ("fr", "en"):
        page = reader.parse_page(f"docs/{language}/a.md", text.split("\n"))
        for finding in reader.check_claims(page).findings:
            assert 1 <= finding.line <= text.count("\n") + 1, finding
