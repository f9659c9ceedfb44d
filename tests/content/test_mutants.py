"""What the snippets print and compute, and what the pages show of it, cannot change unnoticed.

A sample of `mutate.py` and `mutate_code.py`, which try all of it on demand.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from mutate import ROOT, tried
from mutate_code import SNIPPETS, UNNOTICED, judged_constants, judged_outputs

from precis.run.record import Records
from precis.source.parse import load

PAGES = sorted((ROOT / "docs").rglob("*.md"))


@pytest.mark.parametrize("path", SNIPPETS, ids=lambda path: path.stem)
def test_another_number_sign_dtype_or_flag_in_an_expectation_is_refused(path: Path) -> None:
    snippet = load(path)
    (record,) = Records(ROOT).get([snippet])

    survivors = [fate for fate in judged_outputs(snippet, record) if not fate.killed]

    # what only another device prints is not verified on this one
    assert [str(fate) for fate in survivors if "[cuda]" not in fate.mutant.change] == []


@pytest.mark.exhaustive
def test_another_constant_is_refused_where_it_changes_what_is_printed() -> None:
    snippet = load(ROOT / "snippets" / "autograd.py")
    (record,) = Records(ROOT).get([snippet])

    fates = [*judged_constants(snippet, record, every=20)]

    assert sum(fate.killed for fate in fates) > len(fates) // 2
    survivors = [fate for fate in fates if not fate.killed]
    assert [str(fate) for fate in survivors if fate.survives == UNNOTICED] == []


@pytest.mark.exhaustive
@pytest.mark.parametrize("path", PAGES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_page_that_embeds_another_cell_is_refused(path: Path) -> None:
    survivors = [o.mutant for o in tried([path], lambda m: m.kind == "embed") if not o.refused]

    assert [f"{m.page.path}:{m.line}: {m.text}" for m in survivors] == []
