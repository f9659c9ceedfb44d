"""Parse a snippet: its text in, cells, statements and expectations out; nothing runs.

Only comment *tokens* count as cell lines (`# %% name`) and expectations (`#> text`), so a string
that contains either stays a string.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import NoReturn

from precis.base.characters import code_point, find_control_character
from precis.base.finding import Finding, Malformed, display_path
from precis.source.snippet import DEVICE_TYPES, Cell, Expectation, Snippet, Statement, Text

MAX_BYTES = 1_000_000
"""The largest size of a snippet or a page: twenty times that of a long page."""

WHOLE_FILE = "all"
"""The name of the only cell of a file without cell lines."""

_TEXT = re.compile(r'# %% \[markdown\] lang="(?P<language>[a-z]{2,3}(?:-[A-Za-z]+)?)"\s*')
_CELL = re.compile(r"# %%(?P<title>.*)")
_TITLE = re.compile(r'\s+(?P<name>[A-Za-z0-9][\w-]*)(?P<options>(?:\s+\w+="[^"]*")*)\s*')
_OPTION = re.compile(r'(\w+)="([^"]*)"')
_MARKED = re.compile(rf"\[(?P<device>{'|'.join(DEVICE_TYPES)})\] ?(?P<text>.*)")


def load(path: Path) -> Snippet:
    """Read and parse a file. Raises Malformed with all findings, or OSError."""
    return parse(read(path), path)


def read(path: Path) -> str:
    """Return a file's text, decoded by `decode`.

    Raises Malformed if the file is a symbolic link, is larger than MAX_BYTES, or if its name or
    content is not UTF-8.
    """
    if path.is_symlink():
        _refuse(path, "a symbolic link", "Put the file itself here.")
    try:
        path.name.encode("utf-8")
    except UnicodeEncodeError:
        _refuse(path, "a file name that is not UTF-8", "Rename the file.")
    _check_size(path.stat().st_size, path)
    return decode(path.read_bytes(), path)


def decode(content: bytes, path: Path) -> str:
    """Return a file's content as text, with newlines as line ends and no byte order mark.

    Raises Malformed if it is not UTF-8, has control characters, or is larger than MAX_BYTES.
    """
    _check_size(len(content), path)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _refuse(path, "not UTF-8 text", f"Save it as UTF-8 ({error.reason}).")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if match := find_control_character(text, allowed="\f" if path.suffix == ".py" else ""):
        message = f"the control character {code_point(match[0])}"
        hint = "Remove it. In a string of Python, write its escape, such as \\x1b."
        _refuse(path, message, hint, text.count("\n", 0, match.start()) + 1)
    return text


def _check_size(size: int, path: Path) -> None:
    if size > MAX_BYTES:
        _refuse(path, f"more than {MAX_BYTES // 1_000_000} MB", "Split it into several files.")


def _refuse(path: Path, message: str, hint: str, line: int = 1) -> NoReturn:
    raise Malformed(Finding(display_path(path), line, 1, message, hint)) from None


@lru_cache(maxsize=1024)  # a build parses the same text several times
def parse(text: str, path: Path) -> Snippet:
    """Parse a snippet's text; `path` names it in messages. Raises Malformed."""
    lines = text.split("\n")  # not splitlines, which also splits at form feeds and U+2028
    tree, comments = _parse_python(text, lines, path)
    report = _Report(display_path(path))
    titles = list(_parse_titles(comments, report))
    statements = list(_parse_statements(tree, lines, comments, report))
    named = [title for title in titles if not title.language]
    if statements and not titles:
        titles = named = [_Title(0, WHOLE_FILE)]
    first_cell = named[0].line if named else len(lines) + 1
    if statements and statements[0].line < first_cell:
        message = "code before the first cell"
        hint = "Put a line such as # %% inputs above it: pages show cells only."
        report.add(statements[0].line, message, hint)
    elif not named:
        report.add(1, "no cell", "Start the code with a line such as: # %% inputs")
    _check_languages(titles, report)
    report.raise_findings()

    ends = [*(title.line - 1 for title in titles[1:]), len(lines)]
    cells, texts = [], []
    for title, end in zip(titles, ends, strict=True):
        while not lines[end - 1].strip():
            end -= 1
        inside = tuple(s for s in statements if title.line < s.line <= end)
        if not title.language:
            cells.append(Cell(title.name, title.line, end, title.options, inside))
            continue
        texts.append(Text(title.language, title.line, end))
        if inside and inside[0].line > first_cell:
            hint = "Start its cell above it: # %% name"
            report.add(inside[0].line, "code among the text of a lab", hint)
    report.raise_findings()
    return Snippet(path, text, tuple(cells), tuple(texts), frozenset(_imports(tree)))


def has_device_mark(text: str) -> bool:
    """Return whether the text of a `#>` line starts with a device mark."""
    return _MARKED.fullmatch(text) is not None


def first_line(node: ast.stmt) -> int:
    """Return the line where a statement starts, decorators included."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


@dataclass(frozen=True)
class _Report:
    """The findings in one file."""

    path: str
    findings: list[Finding] = field(default_factory=list)

    def add(self, line: int, message: str, hint: str, column: int = 1) -> None:
        self.findings.append(Finding(self.path, line, column, message, hint))

    def raise_findings(self) -> None:
        """Raise Malformed if there are findings."""
        if self.findings:
            raise Malformed(*sorted(self.findings))


@dataclass(frozen=True)
class _Title:
    """The first line of a cell, or of a text."""

    line: int
    name: str
    options: tuple[tuple[str, str], ...] = ()
    language: str = ""
    """The language of a text; "" for a cell."""


@dataclass(frozen=True)
class _Comment:
    line: int
    column: int
    text: str
    alone: bool
    """Whether its line has no code."""


def _parse_titles(comments: list[_Comment], report: _Report) -> Iterator[_Title]:
    names: set[str] = set()
    for comment in comments:
        line = _CELL.fullmatch(comment.text)
        if line is None or comment.column != 1:
            continue
        if text := _TEXT.fullmatch(comment.text):
            yield _Title(comment.line, "", language=text["language"])
            continue
        title = _TITLE.fullmatch(line["title"])
        if title is None:
            message = "a cell line without a name, or with a malformed option"
            hint = 'Write # %% name or # %% name key="value" (in names: letters, digits, - and _).'
            report.add(comment.line, message, hint)
            yield _Title(comment.line, "")
            continue
        name = title["name"]
        if name in names:
            message = f"a second cell called {name}"
            report.add(comment.line, message, "Give each cell of a file its own name.")
        names.add(name)
        yield _Title(comment.line, name, tuple(_OPTION.findall(title["options"])))


def _check_languages(titles: list[_Title], report: _Report) -> None:
    """Report each place between two cells whose text lacks one of the file's languages."""
    languages = sorted({title.language for title in titles if title.language})
    for is_text, group in groupby(titles, key=lambda title: bool(title.language)):
        lines = {title.language: title.line for title in group}
        for language in languages:
            if is_text and language not in lines:
                message = f"a text that is missing in {language}"
                hint = f'Write it below # %% [markdown] lang="{language}", beside this one.'
                report.add(min(lines.values()), message, hint)


def _parse_statements(
    tree: ast.Module, lines: list[str], comments: list[_Comment], report: _Report
) -> Iterator[Statement]:
    """Yield the top-level statements, each with the expectations under it."""
    expectations = dict(_parse_expectations(comments, report))
    indented = {comment.line for comment in comments if comment.alone and comment.column > 1}
    last = 0
    body = tree.body[1:] if ast.get_docstring(tree, clean=False) is not None else tree.body
    for node in body:
        start, end = first_line(node), node.end_lineno or node.lineno
        if start <= last:
            message = "a second statement on one line"
            hint = "Give each statement a line of its own."
            report.add(start, message, hint, node.col_offset + 1)
        last = end = _include_comments(end, lines, indented)
        below: list[Expectation] = []
        while end + len(below) + 1 in expectations:
            below.append(expectations.pop(end + len(below) + 1))
        yield Statement(start, end, "\n".join(lines[start - 1 : end]), tuple(below))
    for line in expectations:
        message = "an expectation with no statement above it"
        hint = "Put #> lines directly under the statement that prints them, without a blank line."
        report.add(line, message, hint)


def _parse_expectations(
    comments: list[_Comment], report: _Report
) -> Iterator[tuple[int, Expectation]]:
    """Yield the expectations by line."""
    for comment in comments:
        if not comment.text.startswith("#>"):
            continue
        if not comment.alone or comment.column != 1:
            message = "an expectation that is not at the start of its own line"
            hint = "Put #> lines under the whole top-level statement, not inside it."
            report.add(comment.line, message, hint, comment.column)
            continue
        text = comment.text[2:].removeprefix(" ").rstrip()
        marked = _MARKED.fullmatch(text)
        device, text = (marked["device"], marked["text"]) if marked else (None, text)
        yield comment.line, Expectation(comment.line, text, device)


def _include_comments(end: int, lines: list[str], indented: Set[int]) -> int:
    """Return a statement's last line, including the indented comments below its block."""
    for line in range(end + 1, len(lines) + 1):
        if line in indented:
            end = line
        elif lines[line - 1].strip():
            break
    return end


def _parse_python(text: str, lines: list[str], path: Path) -> tuple[ast.Module, list[_Comment]]:
    """Return the syntax tree and the comments.

    The file is compiled as a whole, since some errors belong to no single statement. Raises
    Malformed if Python refuses it or warns at compile time.
    """
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            compile(text, str(path), "exec", dont_inherit=True, optimize=0)
        with warnings.catch_warnings(action="ignore"):  # already caught above
            tree = ast.parse(text)
            tokens = tokenize.generate_tokens(io.StringIO(text).readline)
            comments = [_comment(token) for token in tokens if token.type == tokenize.COMMENT]
    except SyntaxError as error:
        line, column, message = error.lineno or 1, error.offset or 1, f"not Python: {error.msg}"
        hint = (lines[line - 1] if line <= len(lines) else "").strip() or "Is it a text file?"
    except (ValueError, RecursionError, MemoryError) as error:
        line, column, message, hint = 1, 1, f"not Python: {error}", "Is it a text file?"
    else:
        # another thread may have compiled another file meanwhile
        findings = {_warning_finding(each, path) for each in caught if each.filename == str(path)}
        if findings:
            raise Malformed(*sorted(findings))
        return tree, comments
    raise Malformed(Finding(display_path(path), line, column, message, hint))


def _warning_finding(warning: warnings.WarningMessage, path: Path) -> Finding:
    message = f"Python warns: {warning.message}"
    hint = "Correct it: readers see the warning too."
    return Finding(display_path(path), warning.lineno, 1, message, hint)


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def _comment(token: tokenize.TokenInfo) -> _Comment:
    line, offset = token.start
    return _Comment(line, offset + 1, token.string, not token.line[:offset].strip())
