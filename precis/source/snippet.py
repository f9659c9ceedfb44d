"""Parse a snippet: text in, cells, statements and expectations out; nothing runs.

A snippet is a Python program in the percent format. Only comment *tokens* are
read as cell lines (`# %% name`) and expectations (`#> text`), so a string that
contains either stays a string.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import groupby
from pathlib import Path
from typing import NoReturn

from precis.base.characters import code_point, control, nfc
from precis.base.finding import Finding, Malformed, display_path

DEVICE_TYPES = ("cpu", "cuda", "mps", "xpu", "fakegpu")
"""The torch device types that an expectation can be marked for."""

MAX_BYTES = 1_000_000
"""Bytes of a snippet or a page; a long page has a twentieth of that."""

_TEXT = re.compile(r'# %% \[markdown\] lang="(?P<language>[a-z]{2})"\s*')
_CELL = re.compile(r"# %%(?P<title>.*)")
_TITLE = re.compile(r'\s+(?P<name>[A-Za-z0-9][\w-]*)(?P<options>(?:\s+\w+="[^"]*")*)\s*')
_OPTION = re.compile(r'(\w+)="([^"]*)"')
_MARKED = re.compile(rf"\[(?P<device>{'|'.join(DEVICE_TYPES)})\] ?(?P<text>.*)")


@dataclass(frozen=True)
class Expectation:
    """One `#>` line."""

    line: int
    text: str
    """What must be printed, without `#> ` and without the device mark."""

    device: str | None = None
    """The only device type that it speaks of; None for all."""


@dataclass(frozen=True)
class Statement:
    """A top-level statement and what it must print."""

    line: int
    """Its first line, decorators included."""

    end: int
    """Its last line, that of an indented comment below it included."""

    code: str
    expectations: tuple[Expectation, ...]

    def expected(self, device: str = "cpu") -> list[str]:
        """The lines that it must print on a device of this type."""
        marked = [e.text for e in self.expectations if e.device == device]
        return marked or [e.text for e in self.expectations if e.device is None]


@dataclass(frozen=True)
class Cell:
    """A named part of a snippet."""

    name: str
    line: int
    """The line of `# %% name`."""

    end: int
    """Its last line, blank ones at the end left out."""

    options: tuple[tuple[str, str], ...]
    statements: tuple[Statement, ...]

    @property
    def expected(self) -> frozenset[int]:
        """The lines that say what it must print."""
        return frozenset(e.line for s in self.statements for e in s.expectations)


@dataclass(frozen=True)
class Text:
    """What a lab says in one language between two of its cells: Markdown in comments."""

    language: str
    line: int
    """The line of `# %% [markdown] lang="…"`."""

    end: int


@dataclass(frozen=True)
class Snippet:
    """A parsed file of `snippets/`."""

    path: Path
    text: str
    cells: tuple[Cell, ...]
    texts: tuple[Text, ...] = ()
    """Those of a lab; a chapter's text stands in its pages."""

    imports: frozenset[str] = frozenset()
    """The modules that it names in `import` statements."""

    @property
    def name(self) -> str:
        """What an embed calls it."""
        return nfc(self.path.name)

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """Its lines, the first one at index 0."""
        return tuple(self.text.split("\n"))

    @property
    def packages(self) -> frozenset[str]:
        """The top-level names of the modules that it imports."""
        return frozenset(name.partition(".")[0] for name in self.imports)

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """Its statements in the order in which they run."""
        return tuple(statement for cell in self.cells for statement in cell.statements)

    def code(self, cell: Cell) -> list[str]:
        """A cell's lines, from `# %% name` on, without those that say what it must print."""
        expected = cell.expectation_lines
        numbered = enumerate(self.lines[cell.line - 1 : cell.end], cell.line)
        return [line for number, line in numbered if number not in expected]

    def missing_expectations(self, cell: Cell) -> list[Finding]:
        """A cell's calls of `print` that have no `#>` line, seen without running."""
        return [
            Finding(
                display_path(self.path),
                statement.line,
                1,
                "a print without expectation",
                self._how_to_expect(statement),
            )
            for statement in cell.statements
            if not statement.expectations and _prints(statement.code)
        ]

    def _how_to_expect(self, statement: Statement) -> str:
        below = self.lines[statement.end :]
        if below and below[0].startswith("# >"):
            return "A formatter made its #> lines comments, # >: take the blanks off."
        return f"Write what it prints in #> lines under it, or run: precis update {display_path(self.path)}"


def has_device_mark(text: str) -> bool:
    """Whether the text of a `#>` line starts with a device mark."""
    return _MARKED.fullmatch(text) is not None


def load(path: Path) -> Snippet:
    """Read and parse a file.

    Raises Malformed with all that is wrong, or OSError where it cannot be read.
    """
    return parse(read(path), path)


def read(path: Path) -> str:
    """Return a file's text, as `decode` gives it.

    Raises Malformed where it or its name is not text in UTF-8, where it is too large to be meant,
    or a symbolic link.
    """
    if path.is_symlink():
        _refuse(path, "a symbolic link", "Put the file itself here.")
    try:
        path.name.encode("utf-8")
    except UnicodeEncodeError:
        _refuse(path, "a file name that is not UTF-8", "Rename the file.")
    if path.stat().st_size > MAX_BYTES:
        _refuse_size(path)
    return decode(path.read_bytes(), path)


def decode(content: bytes, path: Path) -> str:
    """Return a file's content as text, its line ends made newlines, without a byte order mark.

    Raises Malformed where it is not text in UTF-8, or too large to be meant.
    """
    if len(content) > MAX_BYTES:
        _refuse_size(path)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _refuse(path, "not UTF-8 text", f"Save it as UTF-8 ({error.reason}).")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if found := control(text, allowed="\f" if path.suffix == ".py" else ""):
        what = f"the control character {code_point(found[0])}"
        hint = "Take it out. In a string of Python, write its escape, such as \\x1b."
        _refuse(path, what, hint, text.count("\n", 0, found.start()) + 1)
    return text


def _refuse_size(path: Path) -> NoReturn:
    _refuse(path, f"more than {MAX_BYTES // 1_000_000} MB", "Cut it into several files.")


def _refuse(path: Path, what: str, hint: str, line: int = 1) -> NoReturn:
    raise Malformed(Finding(display_path(path), line, 1, what, hint)) from None


@lru_cache(maxsize=1024)  # a build asks for the same text several times
def parse(text: str, path: Path) -> Snippet:
    """Parse a snippet's text; `path` names it in messages. Raises Malformed."""
    lines = text.split("\n")  # not splitlines, which also cuts at form feeds and U+2028
    tree, comments = _python(text, lines, path)
    findings: list[Finding] = []

    def report(line: int, column: int, what: str, hint: str) -> None:
        findings.append(Finding(display_path(path), line, column, what, hint))

    titles = list(_titles(comments, report))
    expectations = dict(_expectations(comments, report))
    indented = {comment.line for comment in comments if comment.alone and comment.column > 1}
    statements = list(_statements(tree, lines, indented, expectations, report))
    for line in expectations:
        report(
            line,
            1,
            "an expectation with no statement above it",
            "Put #> lines directly under the statement that prints them, without a blank line.",
        )
    named = [title for title in titles if not title.language]
    first = named[0].line if named else len(lines) + 1
    if statements and statements[0].line < first:
        report(
            statements[0].line,
            1,
            "code before the first cell",
            "Put a line such as # %% inputs above it: pages show cells only.",
        )
    elif not named:
        report(1, 1, "no cell", "Start the code with a line such as: # %% inputs")
    for line, missing in _untold(titles):
        what = f"a text that is not there in {missing}"
        report(line, 1, what, f'Write it below # %% [markdown] lang="{missing}", beside this one.')

    if findings:
        raise Malformed(*sorted(findings))

    lasts = [*(title.line - 1 for title in titles[1:]), len(lines)]
    cells, texts = [], []
    for title, last in zip(titles, lasts, strict=True):
        while not lines[last - 1].strip():
            last -= 1
        own = tuple(s for s in statements if title.line < s.line <= last)
        if not title.language:
            cells.append(Cell(title.name, title.line, last, title.options, own))
            continue
        texts.append(Text(title.language, title.line, last))
        if own and own[0].line > first:
            what = "code among the text of a lab"
            report(own[0].line, 1, what, "Start its cell above it: # %% name")
    if findings:
        raise Malformed(*sorted(findings))
    return Snippet(path, text, tuple(cells), tuple(texts), frozenset(_imports(tree)))


Report = Callable[[int, int, str, str], None]
"""Takes line, column, what is wrong and what to do."""


@dataclass(frozen=True)
class _Title:
    line: int
    name: str
    options: tuple[tuple[str, str], ...] = ()
    language: str = ""
    """That of a text; a cell has none."""


@dataclass(frozen=True)
class _Comment:
    line: int
    column: int
    text: str
    alone: bool
    """Whether nothing else stands on its line."""


def _titles(comments: list[_Comment], report: Report) -> Iterator[_Title]:
    taken: set[str] = set()
    for comment in comments:
        line = _CELL.fullmatch(comment.text)
        if line is None or comment.column != 1:
            continue
        if text := _TEXT.fullmatch(comment.text):
            yield _Title(comment.line, "", language=text["language"])
            continue
        title = _TITLE.fullmatch(line["title"])
        if title is None:
            report(
                comment.line,
                1,
                "a cell line without a name, or with a malformed option",
                'Write # %% name or # %% name key="value" (in names: letters, digits, - and _).',
            )
            yield _Title(comment.line, "")
            continue
        name = title["name"]
        if name in taken:
            report(
                comment.line,
                1,
                f"a second cell called {name}",
                "Give each cell of a file its own name.",
            )
        taken.add(name)
        yield _Title(comment.line, name, tuple(_OPTION.findall(title["options"])))


def _untold(titles: list[_Title]) -> Iterator[tuple[int, str]]:
    """Where texts between two cells lack a language that the file has, and which one."""
    languages = sorted({title.language for title in titles if title.language})
    for is_text, together in groupby(titles, key=lambda title: bool(title.language)):
        told = {title.language: title.line for title in together}
        if is_text:
            yield from (
                (min(told.values()), missing) for missing in languages if missing not in told
            )


def _expectations(comments: list[_Comment], report: Report) -> Iterator[tuple[int, Expectation]]:
    for comment in comments:
        if not comment.text.startswith("#>"):
            continue
        if not comment.alone or comment.column != 1:
            report(
                comment.line,
                comment.column,
                "an expectation that does not stand at the start of its own line",
                "Put #> lines under the whole top-level statement, not inside it.",
            )
            continue
        text = comment.text[2:].removeprefix(" ").rstrip()
        marked = _MARKED.fullmatch(text)
        device, text = (marked["device"], marked["text"]) if marked else (None, text)
        yield comment.line, Expectation(comment.line, text, device)


def _statements(
    tree: ast.Module,
    lines: list[str],
    indented: Set[int],
    expectations: dict[int, Expectation],
    report: Report,
) -> Iterator[Statement]:
    """The statements, each with the expectations under it, which it takes out of the dict."""
    before = 0
    body = tree.body[1:] if ast.get_docstring(tree, clean=False) is not None else tree.body
    for node in body:
        start, end = first_line(node), node.end_lineno or node.lineno
        if start <= before:
            report(
                start,
                node.col_offset + 1,
                "a second statement on one line",
                "Give each statement a line of its own.",
            )
        before = end = _with_comments(end, lines, indented)
        under: list[Expectation] = []
        while end + len(under) + 1 in expectations:
            under.append(expectations.pop(end + len(under) + 1))
        yield Statement(start, end, "\n".join(lines[start - 1 : end]), tuple(under))


def _with_comments(end: int, lines: list[str], indented: Set[int]) -> int:
    """Return the last line of a statement, with the indented comments that its block ends with."""
    for line in range(end + 1, len(lines) + 1):
        if line in indented:
            end = line
        elif lines[line - 1].strip():
            break
    return end


def first_line(node: ast.stmt) -> int:
    """The line where a statement starts, its decorators included."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _python(text: str, lines: list[str], path: Path) -> tuple[ast.Module, list[_Comment]]:
    """Return the syntax tree and the comments.

    The whole file is compiled, since some errors are of no single statement. Raises Malformed
    where Python would not run it, or would warn before it runs.
    """
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            compile(text, str(path), "exec", dont_inherit=True, optimize=0)
        with warnings.catch_warnings(action="ignore"):  # the same ones
            tree = ast.parse(text)
            tokens = tokenize.generate_tokens(io.StringIO(text).readline)
            comments = [_comment(token) for token in tokens if token.type == tokenize.COMMENT]
    except SyntaxError as error:
        line, column, what = error.lineno or 1, error.offset or 1, f"not Python: {error.msg}"
        hint = (lines[line - 1] if line <= len(lines) else "").strip() or "Is it a text file?"
    except (ValueError, RecursionError, MemoryError) as error:
        line, column, what, hint = 1, 1, f"not Python: {error}", "Is it a text file?"
    else:
        # another thread may warn meanwhile, of a file of its own
        warned = {_warned(warning, path) for warning in caught if warning.filename == str(path)}
        if warned:
            raise Malformed(*sorted(warned))
        return tree, comments
    raise Malformed(Finding(display_path(path), line, column, what, hint))


def _warned(warning: warnings.WarningMessage, path: Path) -> Finding:
    what = f"Python warns: {warning.message}"
    return Finding(
        display_path(path), warning.lineno, 1, what, "Correct it: readers see the warning too."
    )


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def _comment(token: tokenize.TokenInfo) -> _Comment:
    line, before = token.start
    return _Comment(line, before + 1, token.string, not token.line[:before].strip())


def _prints(code: str) -> bool:
    try:
        (node,) = ast.parse(code).body
    except (SyntaxError, ValueError):
        return False  # a statement cut out of a line that it shares: reported elsewhere
    match node:
        case ast.Expr(value=ast.Call(func=ast.Name(id="print"), keywords=keywords)):
            return not any(keyword.arg == "file" for keyword in keywords)
    return False
