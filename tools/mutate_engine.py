"""Break the engine in one place at a time: does a test of `make test` turn red?

    python tools/mutate_engine.py [WORD ...]

tries each mutation of the table below, or those whose file or change has one of these words, in a
copy of the engine and its tests; prints how many turned their tests red, then each survivor.
A mutation whose text is no longer in its file is an error: bring the table up to date.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
COPIED = (
    "precis",
    "tests/engine",
    "tests/content",
    "tests/conftest.py",
    "conftest.py",
    "pyproject.toml",
)


class Mutation(NamedTuple):
    """One change of one file, and the tests that must notice it."""

    file: str
    old: str
    new: str
    tests: str


MUTATIONS = (
    Mutation(
        "precis/compare/text.py",
        "    if printed == expected:\n",
        "    if len(printed) == len(expected):\n",
        "tests/engine/compare/test_text.py",
    ),
    Mutation(
        "precis/compare/text.py",
        "    if outcome.warnings:\n",
        "    if False:\n",
        "tests/engine/compare tests/engine/run/test_parent.py tests/engine/cli/test_cli.py",
    ),
    Mutation(
        "precis/compare/text.py",
        "    if outcome.open_line:\n",
        "    if False:\n",
        "tests/engine/compare tests/engine/run/test_parent.py tests/engine/cli/test_cli.py",
    ),
    Mutation(
        "precis/compare/text.py",
        "    return [*mismatches, fault] if fault else mismatches\n",
        "    return mismatches\n",
        "tests/engine/compare/test_text.py tests/engine/cli/test_cli.py",
    ),
    Mutation(
        "precis/compare/text.py",
        "        if a != b:\n",
        "        if a is b:\n",
        "tests/engine/compare tests/engine/cli/test_cli.py",
    ),
    Mutation(
        "precis/compare/values.py",
        "    if not (math.isfinite(x) and math.isfinite(y)):\n        return False\n",
        "    if not (math.isfinite(x) and math.isfinite(y)):\n        return True\n",
        "tests/engine/compare/test_values.py",
    ),
    Mutation(
        "precis/compare/values.py",
        "        return x == y\n",
        "        return True\n",
        "tests/engine/compare/test_values.py",
    ),
    Mutation(
        "precis/compare/values.py",
        "1.0001 * unit",
        "20 * unit",
        "tests/engine/compare/test_values.py tests/engine/run/test_device.py",
    ),
    Mutation(
        "precis/compare/values.py",
        '"float32": (1.3e-6, 1e-5)',
        '"float32": (1.3e-1, 1e-1)',
        "tests/engine/compare/test_values.py tests/engine/run/test_device.py",
    ),
    Mutation(
        "precis/compare/values.py",
        '    text = _DEVICE.sub("", text)\n',
        "",
        "tests/engine/compare/test_values.py tests/engine/run/test_device.py",
    ),
    Mutation(
        "precis/source/parse.py",
        "    if path.is_symlink():\n",
        "    if False:\n",
        "tests/engine/source tests/engine/test_hostile.py",
    ),
    Mutation(
        "precis/source/parse.py",
        'warnings.simplefilter("always")',
        'warnings.simplefilter("ignore")',
        "tests/engine/source tests/engine/test_hostile.py",
    ),
    Mutation(
        "precis/source/parse.py",
        "    if statements and statements[0].line < first_cell:\n",
        "    if False:\n",
        "tests/engine/source",
    ),
    Mutation(
        "precis/source/snippet.py",
        "        return marked or [e.text for e in self.expectations if e.device is None]",
        "        return [e.text for e in self.expectations]",
        "tests/engine/source tests/engine/run/test_device.py",
    ),
    Mutation(
        "precis/source/snippet.py",
        "for number, line in numbered if number not in expectations]",
        "for number, line in numbered]",
        "tests/engine/export tests/engine/book",
    ),
    Mutation(
        "precis/run/record.py",
        "    return not run.fault and not run.untracked",
        "    return not run.fault",
        "tests/engine/run/test_inputs.py",
    ),
    Mutation(
        "precis/run/record.py",
        "return not inputs.first_change(self._records[key].run.inputs, str(self.root))",
        "return True",
        "tests/engine/run/test_inputs.py",
    ),
    Mutation(
        "precis/run/record.py",
        "snippet.name, snippet.text, *python",
        "snippet.name, *python",
        "tests/engine/run/test_record.py",
    ),
    Mutation(
        "precis/run/inputs.py",
        '    "file": file_digest,\n',
        '    "file": lambda path: "",\n',
        "tests/engine/run/test_inputs.py tests/engine/run/test_record.py",
    ),
    Mutation(
        "precis/run/inputs.py",
        '    "folder": _folder,\n',
        '    "folder": lambda path: "",\n',
        "tests/engine/run/test_inputs.py",
    ),
    Mutation(
        "precis/run/inputs.py",
        '    "distribution": installed.version,\n',
        '    "distribution": lambda name: "",\n',
        "tests/engine/run/test_inputs.py",
    ),
    Mutation(
        "precis/run/environment.py",
        "        **_FIXED,\n",
        "        **os.environ,\n",
        "tests/engine/run/test_inputs.py tests/engine/run/test_parent.py",
    ),
    Mutation(
        "precis/base/cache.py",
        '            if value["fingerprint"] == fingerprint:\n',
        '            if value["fingerprint"]:\n',
        "tests/engine/text/test_checks.py tests/engine/sites/test_serve.py",
    ),
    Mutation(
        "precis/base/files.py",
        "        os.replace(name, path)\n",
        "        path.write_bytes(content)\n",
        "tests/engine/run/test_record.py",
    ),
    Mutation(
        "precis/book/checks.py",
        " if f.line not in lines",
        "",
        "tests/engine/book/test_snippet_findings.py",
    ),
    Mutation(
        "precis/book/book.py",
        "        if others:\n",
        "        if False:\n",
        "tests/engine/book/test_names.py",
    ),
    Mutation(
        "precis/text/parity.py",
        "            if left[fact.text] < 0:\n",
        "            if False:\n",
        "tests/engine/text/test_parity.py",
    ),
    Mutation(
        "precis/text/parity.py",
        "    if section.level != twin_section.level:\n",
        "    if False:\n",
        "tests/engine/text/test_parity.py",
    ),
    Mutation(
        "precis/text/lock.py",
        "        if read == section.hash and twin_read == twin_section.hash:\n",
        "        if read == section.hash:\n",
        "tests/engine/text/test_parity.py tests/engine/cli/test_status.py",
    ),
    Mutation(
        "precis/text/witness.py",
        "                elif _is_cited(claim):\n",
        "                elif True:\n",
        "tests/engine/text/test_witness.py",
    ),
    Mutation(
        "precis/text/witness.py",
        "arithmetic.are_equal(a, b)",
        "True",
        "tests/engine/text/test_witness.py",
    ),
    Mutation(
        "precis/page/completeness.py",
        "        if name in seen:\n",
        "        if False:\n",
        "tests/engine/page/test_completeness.py",
    ),
    Mutation(
        "precis/page/completeness.py",
        "            if incomplete or cell.name not in embedded:\n",
        "            if False:\n",
        "tests/engine/page/test_completeness.py",
    ),
    Mutation(
        "precis/page/embeds.py",
        '    if has_figure and not fence.options.get("alt"):\n',
        "    if False:\n",
        "tests/engine/page/test_extension.py",
    ),
    Mutation(
        "precis/cli/audit.py",
        "            if outputs != expected:\n",
        "            if False:\n",
        "tests/engine/book/test_attest.py",
    ),
    Mutation(
        "precis/cli/audit.py",
        "        if cells.get(name) != now.cells.get(name):\n",
        "        if False:\n",
        "tests/engine/book/test_attest.py",
    ),
    Mutation(
        "precis/sites/page_cache.py",
        "            if key and asked and not ours.findings and not messages.get_counts():\n",
        "            if key and asked:\n",
        "tests/engine/sites/test_serve.py",
    ),
    Mutation(
        "precis/export/notebook.py",
        "        if recorded or drawn:\n",
        "        if drawn:\n",
        "tests/engine/export/test_notebook.py tests/engine/text/test_lab.py",
    ),
)


def lay_out(folder: Path) -> None:
    """Copy what the tests of the engine need."""
    for name in COPIED:
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)


def is_killed(folder: Path, mutation: Mutation) -> bool:
    """Apply a mutation, run its tests, undo it; return whether a test failed."""
    path = folder / mutation.file
    text = path.read_text(encoding="utf-8")
    if text.count(mutation.old) != 1:
        sys.exit(f"{mutation.file} has {text.count(mutation.old)} times: {mutation.old}")
    path.write_text(text.replace(mutation.old, mutation.new), encoding="utf-8")
    options = ["-q", "-x", "-p", "no:cacheprovider", "-m", "not exhaustive"]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *mutation.tests.split()],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
    )
    path.write_text(text, encoding="utf-8")
    return run.returncode == 1  # 2 and more: pytest itself did not understand


def main() -> None:
    words = sys.argv[1:]
    wanted = [m for m in MUTATIONS if not words or any(w in f"{m.file} {m.new}" for w in words)]
    survivors = []
    with tempfile.TemporaryDirectory() as name:
        lay_out(Path(name))
        for mutation in wanted:
            if not is_killed(Path(name), mutation):
                survivors.append(mutation)
    print(f"{len(wanted) - len(survivors)}/{len(wanted)} killed")
    for file, old, new, tests in survivors:
        print(f"{file}: {old!r} → {new!r} survives {tests}")
    sys.exit(bool(survivors))


if __name__ == "__main__":
    main()
