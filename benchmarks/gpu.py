"""Measure what only an accelerator can tell, and write the record that *What a GPU changes* prints.

    CUBLAS_WORKSPACE_CONFIG=:4096:8 python benchmarks/gpu.py
    python benchmarks/gpu.py --device cpu --small --output small.json

The first line measures on a CUDA device, in less than four minutes, and writes
`snippets/data/gpu.json`, whose format is `benchmarks/gpu.schema.json`. After that,
`precis update snippets/gpu.py` prints the new values, and both pages have to be read again.

**Nobody has run this program on a card yet.** The record in the repository was made by another
program with the same protocol (its field `note` says so). The second line tries each measurement on
the CPU with tiny sizes, as the tests do: that proves that each one ends and returns what the format
asks for, not that its times mean anything.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.checkpoint import checkpoint

ROOT = Path(__file__).resolve().parents[1]
RECORD = ROOT / "snippets/data/gpu.json"
PROGRAM = "benchmarks/gpu.py"

Row = dict[str, Any]
"""An object of the record: see `gpu.schema.json`."""


@dataclass(frozen=True)
class Config:
    """The sizes of a GPT."""

    vocabulary: int = 50257
    context: int = 1024
    width: int = 768
    heads: int = 12
    layers: int = 12


@dataclass(frozen=True)
class Sizes:
    """How much each measurement computes, and how often."""

    product: int = 4096
    """Rows and columns of the two square matrices."""
    copied: int = 2**30
    """Bytes of the tensor that is copied."""
    rows: tuple[int, ...] = (1, 16, 128, 1024, 8192)
    """Rows of the left matrix in the products of the roofline."""
    model: Config = Config()
    batches: tuple[int, ...] = (1, 4, 8)
    """Texts in a training step; the variants are measured with the last."""
    new_tokens: int = 256
    student: Config = Config(256, 64, 64, 4, 2)
    """The model that is trained three times over."""
    training_steps: int = 100
    compiled: Config | None = Config(layers=4)
    """The model to compile; None to leave that out."""
    repetitions: int = 20
    short_repetitions: int = 50
    """Of the products of the roofline, which are short."""
    step_repetitions: int = 5
    writing_repetitions: int = 3


FULL = Sizes()
SMALL = Sizes(
    product=64,
    copied=2**16,
    rows=(1, 16),
    model=Config(100, 32, 32, 2, 2),
    batches=(1, 2),
    new_tokens=6,
    student=Config(256, 64, 16, 2, 1),
    training_steps=4,
    compiled=None,
    repetitions=3,
    short_repetitions=3,
    step_repetitions=2,
    writing_repetitions=2,
)


# The model: that of the book, with attention fused or written out, a cache, and checkpointing.


class Attention(nn.Module):
    """Causal attention, in one fused kernel or operation by operation."""

    def __init__(self, config: Config, *, fused: bool) -> None:
        super().__init__()
        self.heads, self.fused = config.heads, fused
        self.qkv = nn.Linear(config.width, 3 * config.width)
        self.out = nn.Linear(config.width, config.width)

    def forward(self, x: Tensor, cache: list[Tensor] | None = None) -> Tensor:
        heads = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        q, k, v = heads
        if cache:
            k, v = torch.cat([cache[0], k], dim=2), torch.cat([cache[1], v], dim=2)
        if cache is not None:
            cache[:] = [k, v]
        if self.fused:
            y = functional.scaled_dot_product_attention(q, k, v, is_causal=q.shape[2] > 1)
        else:
            y = written_out(q, k, v)
        return self.out(y.transpose(1, 2).flatten(2))


def written_out(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Compute attention with its table of weights in memory."""
    new, old = q.shape[2], k.shape[2] - q.shape[2]
    seen = torch.ones(new, new + old, dtype=torch.bool, device=q.device).tril(old)
    scores = q @ k.mT / math.sqrt(q.shape[-1])
    return scores.masked_fill(~seen, -math.inf).softmax(-1) @ v


class Block(nn.Module):
    """Attention and MLP, each after a normalisation."""

    def __init__(self, config: Config, *, fused: bool) -> None:
        super().__init__()
        d = config.width
        self.ln_1, self.attn = nn.LayerNorm(d), Attention(config, fused=fused)
        self.ln_2, self.up, self.down = nn.LayerNorm(d), nn.Linear(d, 4 * d), nn.Linear(4 * d, d)

    def forward(self, x: Tensor, cache: list[Tensor] | None = None) -> Tensor:
        x = x + self.attn(self.ln_1(x), cache)
        return x + self.down(functional.gelu(self.up(self.ln_2(x)), approximate="tanh"))


class GPT(nn.Module):
    """A GPT-2 with random weights and a tied head."""

    def __init__(self, config: Config, *, fused: bool = True, recompute: bool = False) -> None:
        super().__init__()
        self.recompute = recompute
        self.wte = nn.Embedding(config.vocabulary, config.width)
        self.wpe = nn.Embedding(config.context, config.width)
        self.blocks = nn.ModuleList(Block(config, fused=fused) for _ in range(config.layers))
        self.ln_f = nn.LayerNorm(config.width)
        for parameter in self.parameters():
            if parameter.ndim == 2:
                nn.init.normal_(parameter, std=0.02)

    def forward(
        self, ids: Tensor, caches: list[list[Tensor]] | None = None, start: int = 0
    ) -> Tensor:
        x = self.wte(ids) + self.wpe(torch.arange(start, start + ids.shape[1], device=ids.device))
        for n, block in enumerate(self.blocks):
            if self.recompute:
                x = checkpoint(block, x, use_reentrant=False)
            else:
                x = block(x, None if caches is None else caches[n])
        return self.ln_f(x) @ self.wte.weight.T


def make(config: Config, device: str, **options: bool) -> GPT:
    """Return the same random model on any device: its numbers are drawn on the CPU."""
    torch.manual_seed(0)
    return GPT(config, **options).to(device)


def loss_of(model: nn.Module, ids: Tensor) -> Tensor:
    """Return the mean loss of each text's tokens after its first."""
    return functional.cross_entropy(model(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten())


# The clock


def synchronize(device: str) -> None:
    """Wait until the device has done all that was launched."""
    if device == "cuda":
        torch.cuda.synchronize()


def milliseconds(run: Callable[[], object], device: str) -> float:
    """Return the time of one call on its device, which was idle before it."""
    if device == "cuda":
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        run()
        end.record()
        torch.cuda.synchronize()
        return begin.elapsed_time(end)
    started = time.perf_counter()
    run()
    return 1e3 * (time.perf_counter() - started)


def spread(times: list[float]) -> Row:
    """Return the median of some milliseconds, their range and their number."""
    return {
        "median_ms": round(statistics.median(times), 5),
        "min_ms": round(min(times), 5),
        "max_ms": round(max(times), 5),
        "n": len(times),
    }


def timed(run: Callable[[], object], device: str, repetitions: int, warm_up: int = 3) -> Row:
    """Time a call that has been made before: the first ones also load and choose kernels."""
    for _ in range(warm_up):
        run()
    synchronize(device)
    return spread([milliseconds(run, device) for _ in range(repetitions)])


# The measurements: each takes a device and sizes, and returns an object of the record.


def machine(device: str, sizes: Sizes) -> Row:
    """Say on what all of this is measured."""
    row: Row = {
        "torch": torch.__version__,
        "python": platform.python_version(),
        "cuda": torch.version.cuda,
        "device": platform.machine(),
        "driver": None,
        "memory_bytes": None,
        "multiprocessors": None,
        "capability": None,
    }
    if device == "cuda":
        card = torch.cuda.get_device_properties(0)
        row["device"] = card.name
        row["driver"] = driver()
        row["memory_bytes"] = card.total_memory
        row["multiprocessors"] = card.multi_processor_count
        row["capability"] = [card.major, card.minor]
    return row


def driver() -> str | None:
    """Return the version of NVIDIA's driver, if its tool says one."""
    query = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader", "--id=0"]
    try:
        return subprocess.run(query, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def launch(device: str, sizes: Sizes) -> Row:
    """Time a product until its call returns, and until it is finished."""
    n = sizes.product
    a, b = torch.randn(n, n, device=device), torch.randn(n, n, device=device)
    launched, finished = [], []
    for turn in range(5 + sizes.repetitions):
        synchronize(device)
        begin = time.perf_counter()
        product = a @ b
        returned = time.perf_counter()
        synchronize(device)
        end = time.perf_counter()
        del product
        if turn >= 5:  # the first ones warm up
            launched.append(1e3 * (returned - begin))
            finished.append(1e3 * (end - begin))
    return {"size": n, "launched": spread(launched), "finished": spread(finished)}


def formats(device: str, sizes: Sizes) -> Row:
    """Time one product in four formats, with its largest error over its largest element."""
    n = sizes.product
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(n, n, generator=generator).to(device) for _ in range(2))
    exact = a.double() @ b.double()
    rows = []
    for name in ("float32", "tf32", "float16", "bfloat16"):
        dtype = torch.float32 if name == "tf32" else getattr(torch, name)
        x, y = a.to(dtype), b.to(dtype)
        torch.backends.cuda.matmul.allow_tf32 = name == "tf32"
        times = timed(lambda x=x, y=y: x @ y, device, sizes.repetitions)
        error = ((x @ y).double() - exact).abs().max() / exact.abs().max()
        rows.append({"format": name, "time": times, "error": float(f"{error.item():.2e}")})
    torch.backends.cuda.matmul.allow_tf32 = False
    return {"size": n, "operations": 2 * n**3, "rows": rows}


def roofline(device: str, sizes: Sizes) -> Row:
    """Time a copy, and products with few and with many operations for each byte."""
    source = torch.zeros(sizes.copied, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    copied = timed(lambda: target.copy_(source), device, sizes.repetitions)
    rate = 2 * sizes.copied / copied["median_ms"] / 1e9
    d, wide = 768, 3072
    weight = torch.randn(d, wide, device=device, dtype=torch.bfloat16)
    points = []
    for n in sizes.rows:
        x = torch.randn(n, d, device=device, dtype=torch.bfloat16)
        times = timed(lambda x=x: x @ weight, device, sizes.short_repetitions, warm_up=10)
        operations, moved = 2 * n * d * wide, 2 * (n * d + d * wide + n * wide)
        points.append(
            {
                "rows": n,
                "intensity": round(operations / moved, 1),
                "time": times,
                "teraflops": round(operations / times["median_ms"] / 1e9, 3),
            }
        )
    copy: Row = {"bytes": 2 * sizes.copied, "time": copied, "terabytes_per_s": round(rate, 3)}
    return {"copy": copy, "shape": [d, wide], "points": points}


def training(device: str, sizes: Sizes) -> Row:
    """Measure memory and time of one AdamW step, plain and in variants."""
    rows = [training_step(device, sizes, batch) for batch in sizes.batches]
    batch = sizes.batches[-1]
    rows.append(training_step(device, sizes, batch, autocast=True))
    rows.append(training_step(device, sizes, batch, recompute=True))
    rows.append(training_step(device, sizes, batch, fused=False))
    rows.append(training_step(device, sizes, batch, fused=False, autocast=True))
    return {"context": sizes.model.context, "rows": rows}


def training_step(
    device: str,
    sizes: Sizes,
    batch: int,
    *,
    autocast: bool = False,
    recompute: bool = False,
    fused: bool = True,
) -> Row:
    """Measure one variant of the step, on a model of its own."""
    config = sizes.model
    gc.collect()  # the model before this one, if something in a cycle still refers to it
    if device == "cuda":
        torch.cuda.empty_cache()
    model = make(config, device, fused=fused, recompute=recompute)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    ids = torch.randint(config.vocabulary, (batch, config.context + 1)).to(device)

    def step() -> Tensor:
        optimizer.zero_grad()
        with torch.autocast(device, dtype=torch.bfloat16, enabled=autocast):
            loss = loss_of(model, ids)
        loss.backward()
        optimizer.step()
        return loss.detach()

    first = step().item()
    step()
    synchronize(device)
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    times = timed(step, device, sizes.step_repetitions, warm_up=1)
    on_card = device == "cuda"
    return {
        "batch": batch,
        "autocast": autocast,
        "recompute": recompute,
        "fused": fused,
        "parameters": sum(p.numel() for p in model.parameters()),
        "first_loss": round(first, 3),
        "time": times,
        "tokens_per_s": round(batch * config.context / times["median_ms"] * 1e3),
        "peak_bytes": torch.cuda.max_memory_allocated() if on_card else None,
        "rest_bytes": torch.cuda.memory_allocated() if on_card else None,
    }


def generation(device: str, sizes: Sizes) -> Row:
    """Write greedily with and without a cache, one text alone."""
    model = make(sizes.model, device).eval()
    prompt = torch.randint(100, (1, 8)).to(device)

    @torch.no_grad()
    def plain() -> Tensor:
        ids = prompt
        for _ in range(sizes.new_tokens):
            ids = torch.cat([ids, model(ids)[:, -1:].argmax(-1)], dim=1)
        return ids

    @torch.no_grad()
    def cached() -> Tensor:
        caches: list[list[Tensor]] = [[] for _ in model.blocks]
        ids, new, start = [prompt], prompt, 0
        for _ in range(sizes.new_tokens):
            following = model(new, caches, start)[:, -1:].argmax(-1)
            start += new.shape[1]
            new = following
            ids.append(new)
        return torch.cat(ids, dim=1)

    row: Row = {"prompt": prompt.shape[1], "tokens": sizes.new_tokens}
    for name, write in (("plain", plain), ("cached", cached)):
        write()
        times = []
        for _ in range(sizes.writing_repetitions):
            synchronize(device)
            begin = time.perf_counter()
            write()
            synchronize(device)
            times.append(1e3 * (time.perf_counter() - begin))
        rate = sizes.new_tokens / statistics.median(times) * 1e3
        row[name] = {"time": spread(times), "tokens_per_s": round(rate, 1)}
    row["same_tokens"] = int((plain() == cached())[:, prompt.shape[1] :].sum())
    return row


def determinism(device: str, sizes: Sizes) -> Row:
    """Train a small model three times, free and deterministic, and once on the CPU."""
    rows = []
    for wanted in (False, True):
        torch.use_deterministic_algorithms(wanted, warn_only=True)
        runs = [train(device, sizes) for _ in range(3)]
        rows.append(
            {
                "deterministic": wanted,
                "bit_equal": all(torch.equal(runs[0][1], other) for _, other in runs[1:]),
                "last_losses": [losses[-1] for losses, _ in runs],
            }
        )
    torch.use_deterministic_algorithms(False)
    on_cpu, _ = train("cpu", sizes)
    apart = [abs(a - b) for a, b in zip(on_cpu, runs[0][0], strict=True)]
    return {
        "steps": sizes.training_steps,
        "rows": rows,
        "cpu": {"last_loss": on_cpu[-1], "largest_difference": max(apart)},
    }


def train(device: str, sizes: Sizes) -> tuple[list[float], Tensor]:
    """Return the loss of each step and the parameters after the last one."""
    config, batch = sizes.student, 12
    model = make(config, device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    generator = torch.Generator().manual_seed(0)
    text = torch.randint(256, (4096,), generator=generator).cumsum(0) // 97 % 256
    losses = []
    for _ in range(sizes.training_steps):
        starts = torch.randint(len(text) - config.context - 1, (batch, 1), generator=generator)
        loss = loss_of(model, text[starts + torch.arange(config.context + 1)].to(device))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, torch.cat([p.detach().flatten().cpu() for p in model.parameters()])


def attention(device: str, sizes: Sizes) -> Row:
    """Try which kernels of fused attention accept which format."""
    names = ("FLASH_ATTENTION", "EFFICIENT_ATTENTION", "MATH", "CUDNN_ATTENTION")
    row: Row = {}
    for dtype in (torch.float32, torch.bfloat16, torch.float16):
        q = torch.randn(2, 4, 128, 64, device=device, dtype=dtype)
        accepted = {name: accepts(getattr(SDPBackend, name), q) for name in names}
        row[str(dtype).removeprefix("torch.")] = accepted
    return row


def accepts(kernel: SDPBackend, q: Tensor) -> bool:
    """Whether a kernel of attention computes with a tensor like this one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a refusal gives its reasons as warnings
        try:
            with sdpa_kernel(kernel):
                functional.scaled_dot_product_attention(q, q, q, is_causal=True)
        except RuntimeError:
            return False
    return True


def messages(device: str, sizes: Sizes) -> Row:
    """Return the first line of what PyTorch says to common mistakes."""
    ones, integers = torch.ones(2, 2), torch.ones(2, 2, dtype=torch.int64)
    causes: dict[str, Callable[[], object]] = {
        "two devices, add": lambda: torch.ones(2, device=device) + torch.ones(2),
        "two devices, matmul": lambda: ones.to(device) @ ones,
        "embedding on another device": lambda: nn.Embedding(3, 2).to(device)(torch.tensor([1])),
        "numpy of a device tensor": lambda: ones.to(device).numpy(),
        "out of memory": lambda: torch.empty(2**45, dtype=torch.uint8, device=device),
        "integers, matmul": lambda: integers.to(device) @ integers.to(device),
        "generator on the wrong device": lambda: torch.randn(
            2, device=device, generator=torch.Generator()
        ),
    }
    return {name: message_of(cause) for name, cause in causes.items()}


def message_of(cause: Callable[[], object]) -> str | None:
    """Return an error's name and the beginning of its text, or None where there is none."""
    try:
        cause()
    except Exception as error:
        return f"{type(error).__name__}: {str(error).splitlines()[0][:260]}"
    return None


def compiled(device: str, sizes: Sizes) -> Row | None:
    """Time a forward pass as it is, compiled for the first time, and compiled."""
    if sizes.compiled is None:
        return None
    model = make(sizes.compiled, device).eval()
    ids = torch.randint(sizes.compiled.vocabulary, (4, 512)).to(device)
    with torch.no_grad(), torch.autocast(device, dtype=torch.bfloat16):
        eager = timed(lambda: model(ids), device, sizes.repetitions // 2)
        faster = torch.compile(model)
        begin = time.perf_counter()
        faster(ids)
        synchronize(device)
        first = time.perf_counter() - begin
        after = timed(lambda: faster(ids), device, sizes.repetitions // 2)
    return {"eager": eager, "first_call_s": round(first, 2), "compiled": after}


MEASUREMENTS: dict[str, Callable[[str, Sizes], Row | None]] = {
    "machine": machine,
    "launch": launch,
    "formats": formats,
    "roofline": roofline,
    "training": training,
    "generation": generation,
    "determinism": determinism,
    "attention": attention,
    "messages": messages,
    "compile": compiled,
}


# The record


def measure(device: str, sizes: Sizes) -> tuple[Row, list[str]]:
    """Run all measurements; return the record, and the names of those that failed."""
    record: Row = {"recorded": provenance(), "seconds": {}}
    failed = []
    for name, measurement in MEASUREMENTS.items():
        begin = time.perf_counter()
        try:
            record[name] = measurement(device, sizes)
        except Exception:  # one failure must not cost the others: the card's time is short
            traceback.print_exc()
            failed.append(name)
        record["seconds"][name] = round(time.perf_counter() - begin, 2)
        print(name, json.dumps(record.get(name))[:300], flush=True)
    return record, failed


def provenance() -> Row:
    """Say when, with what and from which commit a record is made."""
    workspace = os.environ.get("CUBLAS_WORKSPACE_CONFIG")
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "program": PROGRAM,
        "commit": commit(),
        "command": "python " + " ".join([PROGRAM, *sys.argv[1:]]),
        "environment": f"CUBLAS_WORKSPACE_CONFIG={workspace}" if workspace else "",
        "note": None,
    }


def commit() -> str | None:
    """Return the commit of this program, or None where it is not committed as it is."""
    try:
        if git("status", "--porcelain", "--", PROGRAM):
            return None
        return git("rev-parse", "HEAD")
    except (OSError, subprocess.CalledProcessError):
        return None


def git(*arguments: str) -> str:
    """Return what git prints."""
    run = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return run.stdout.strip()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--small", action="store_true", help="tiny sizes, to try the program")
    parser.add_argument("--output", type=Path, default=RECORD)
    options = parser.parse_args()
    if options.output.resolve() == RECORD and (options.small or options.device == "cpu"):
        parser.error(f"this is no measurement: name another --output than {RECORD.name}")
    if options.device == "cuda" and not torch.cuda.is_available():
        parser.error("no CUDA device is available")
    record, failed = measure(options.device, SMALL if options.small else FULL)
    output = options.output.with_suffix(".partial.json") if failed else options.output
    output.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(f"{output} written, {sum(record['seconds'].values()):.0f} s")
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
