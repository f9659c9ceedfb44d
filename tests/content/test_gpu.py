"""The record that *What a GPU changes* prints has a known format, and so has what measures again.

Nothing here is about a card's times. `benchmarks/gpu.py` runs on the CPU with tiny sizes, which
shows that each measurement ends, computes what it claims, and returns what the format asks for.
"""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import pytest
import torch

from precis.base.project import Project
from precis.book.book import Book
from precis.run.record import Records

ROOT = Path(__file__).parents[2]
SNIPPET = ROOT / "snippets/gpu.py"
DATA = ROOT / "snippets/data/gpu.json"
RECORD = json.loads(DATA.read_text(encoding="utf-8"))
SCHEMA = json.loads((ROOT / "benchmarks/gpu.schema.json").read_text(encoding="utf-8"))

TABLES = {
    "record", "launch", "card-formats", "peak-measured", "steps", "ridge", "roofline",
    "writing", "kernels", "compile", "determinism", "messages",
}  # fmt: skip
"""The cells that print measurements."""
FIGURES = {"formats-figure", "peak-figure", "roofline-figure"}
"""The figures that show measurements: their captions say so."""


@pytest.fixture(scope="module")
def benchmark() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("gpu_benchmark", ROOT / "benchmarks/gpu.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture(scope="module")
def small(benchmark: ModuleType) -> dict[str, Any]:
    """A record of tiny measurements on the CPU."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # more of them only wait for each other
    record, failed = benchmark.measure("cpu", benchmark.SMALL)
    torch.set_num_threads(threads)
    assert failed == []
    return record


def times(value: Any) -> Iterator[dict[str, float]]:
    """Yield each object with a median."""
    if isinstance(value, dict):
        if "median_ms" in value:
            yield value
        for part in value.values():
            yield from times(part)
    elif isinstance(value, list):
        for part in value:
            yield from times(part)


# The record


def test_the_record_has_the_format_of_the_benchmark() -> None:
    jsonschema.validate(RECORD, SCHEMA)


def test_a_record_without_a_spread_is_refused() -> None:
    broken = deepcopy(RECORD)
    del broken["launch"]["finished"]["max_ms"]

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, SCHEMA)


def test_a_median_lies_between_the_shortest_and_the_longest_time() -> None:
    found = [*times(RECORD)]

    assert len(found) > 20
    for row in found:
        assert row["min_ms"] <= row["median_ms"] <= row["max_ms"], row


def test_what_the_record_derives_follows_from_what_it_measured() -> None:
    context = RECORD["training"]["context"]
    for row in RECORD["training"]["rows"]:
        tokens = row["batch"] * context / row["time"]["median_ms"] * 1e3
        assert row["tokens_per_s"] == pytest.approx(tokens, abs=1)
    k, m = RECORD["roofline"]["shape"]
    for point in RECORD["roofline"]["points"]:
        rate = 2 * point["rows"] * k * m / point["time"]["median_ms"] / 1e9
        assert point["teraflops"] == pytest.approx(rate, rel=2e-2)  # rounded to three decimals
    copy = RECORD["roofline"]["copy"]
    rate = copy["bytes"] / copy["time"]["median_ms"] / 1e9
    assert copy["terabytes_per_s"] == pytest.approx(rate, abs=1e-3)
    assert RECORD["formats"]["operations"] == 2 * RECORD["formats"]["size"] ** 3


def test_a_record_names_a_commit_that_has_its_program_or_says_why_it_cannot(
    benchmark: ModuleType,
) -> None:
    made = RECORD["recorded"]

    if made["program"] != benchmark.PROGRAM:
        assert made["commit"] is None
        assert "another program" in made["note"]
        return
    shown = subprocess.run(
        ["git", "cat-file", "-e", f"{made['commit']}:{benchmark.PROGRAM}"], cwd=ROOT, check=False
    )
    assert shown.returncode == 0


# The program that measures again


def test_each_measurement_returns_what_the_format_asks_for(small: dict[str, Any]) -> None:
    jsonschema.validate(small, SCHEMA)


def test_the_small_run_measures_all_that_the_record_has(small: dict[str, Any]) -> None:
    assert small.keys() == RECORD.keys()
    variants = [
        [row[name] for name in ("autocast", "recompute", "fused")]
        for row in RECORD["training"]["rows"]
    ]
    # the record has one batch more than the small run, and the same variants of the last
    assert variants[1:] == [
        [row[name] for name in ("autocast", "recompute", "fused")]
        for row in small["training"]["rows"]
    ]
    assert small["messages"].keys() == RECORD["messages"].keys()


def test_writing_with_the_cache_gives_the_same_tokens(
    benchmark: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = benchmark.make

    def make_decided(*arguments: Any) -> torch.nn.Module:
        """Return a model with larger weights: positions and the past decide what it writes."""
        model: torch.nn.Module = make(*arguments)
        for parameter in model.parameters():
            parameter.data *= 10
        return model

    monkeypatch.setattr(benchmark, "make", make_decided)

    row = benchmark.generation("cpu", benchmark.SMALL)

    assert row["same_tokens"] == row["tokens"] == 6


def test_on_the_cpu_training_is_repeated_bit_by_bit(small: dict[str, Any]) -> None:
    assert [row["bit_equal"] for row in small["determinism"]["rows"]] == [True, True]
    assert small["determinism"]["cpu"]["largest_difference"] == 0


def test_variants_of_the_step_begin_with_one_loss(small: dict[str, Any]) -> None:
    last = [row for row in small["training"]["rows"] if row["batch"] == 2]
    plain, autocast, recomputed, written_out, _ = (row["first_loss"] for row in last)

    assert recomputed == plain
    assert written_out == pytest.approx(plain, abs=2e-3)
    assert autocast == pytest.approx(plain, abs=2e-2)


def test_errors_of_formats_are_in_the_order_of_their_bits(small: dict[str, Any]) -> None:
    errors = {row["format"]: row["error"] for row in small["formats"]["rows"]}

    assert errors["float32"] < 1e-5 < errors["float16"] < errors["bfloat16"] < 1e-1


def test_written_out_attention_is_causal_with_and_without_a_cache(benchmark: ModuleType) -> None:
    torch.manual_seed(0)
    q, k, v = torch.randn(3, 1, 2, 5, 4)
    fused = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)

    torch.testing.assert_close(benchmark.written_out(q, k, v), fused)
    torch.testing.assert_close(benchmark.written_out(q[:, :, 4:], k, v), fused[:, :, 4:])


def test_a_failed_measurement_does_not_cost_the_others(
    benchmark: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(device: str, sizes: Any) -> dict[str, Any]:
        raise RuntimeError("no memory left")

    chosen = {"machine": benchmark.machine, "launch": broken, "attention": benchmark.attention}
    monkeypatch.setattr(benchmark, "MEASUREMENTS", chosen)

    record, failed = benchmark.measure("cpu", benchmark.SMALL)

    assert failed == ["launch"]
    assert {"machine", "attention"} <= record.keys()
    assert "launch" not in record


def test_a_run_on_the_cpu_does_not_replace_the_record() -> None:
    command = [sys.executable, str(ROOT / "benchmarks/gpu.py"), "--device", "cpu", "--small"]
    refused = subprocess.run(command, capture_output=True, text=True, check=False)

    assert refused.returncode == 2
    assert "this is no measurement" in refused.stderr


# The page


def altered(value: Any) -> Any:
    """Change each measurement a little, so that each table that shows one must differ."""
    if isinstance(value, dict):
        return {name: altered(part) for name, part in value.items()}
    if isinstance(value, list):
        return [altered(part) for part in value]
    if isinstance(value, bool):
        return not value
    if isinstance(value, float):
        return value * 1.25
    if isinstance(value, str):
        return "x" + value
    return value


def test_a_table_that_differs_from_the_file_is_refused(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "snippets/data", tmp_path / "snippets/data")
    shutil.copy(SNIPPET, tmp_path / "snippets")
    changed = altered(RECORD)
    changed["training"]["rows"] = [
        row | {"peak_bytes": row["peak_bytes"] + 10**9} for row in changed["training"]["rows"]
    ]
    # names by which cells look for their rows, and numbers that they sum up, stay
    for name in ("autocast", "recompute", "fused"):
        for new, old in zip(changed["training"]["rows"], RECORD["training"]["rows"], strict=True):
            new[name] = old[name]
    (tmp_path / "snippets/data/gpu.json").write_text(json.dumps(changed), encoding="utf-8")
    path = tmp_path / "snippets/gpu.py"

    project = Project(tmp_path, tmp_path / "docs", tmp_path / "snippets")
    book = Book(project, Records(tmp_path))
    verified = book.verified(path)

    assert verified.record.run.fault is None, "a cell failed, so those after it were not compared"
    assert {mismatch.cell for mismatch in verified.mismatches} >= TABLES


@pytest.mark.parametrize(
    ("language", "date"), [("en", "27 November 2026"), ("fr", "27 novembre 2026")]
)
def test_each_table_and_figure_says_that_it_was_measured_once(language: str, date: str) -> None:
    assert RECORD["recorded"]["date"] == "2026-11-27", "the captions name another day"
    said = {
        "en": ("Measured once", "does not verify it"),
        "fr": ("Mesuré une fois", "ne le vérifie pas"),
    }
    text = (ROOT / f"docs/{language}/gpu.md").read_text(encoding="utf-8").replace("\xa0", " ")

    found = re.findall(r"```snippet ?(.*)\n *gpu\.py:([\w-]+)\n", text)
    fences = {name: options for options, name in found}
    for name in TABLES | FIGURES:
        for part in (*said[language], RECORD["machine"]["device"], date):
            assert part in fences[name], name
    others = fences.keys() - TABLES - FIGURES
    assert not any(said[language][0] in fences[name] for name in others)
