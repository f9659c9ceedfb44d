"""The explorer of dtypes: its arithmetic against torch, bit by bit, then its page."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from functools import cache

import pytest
import torch
from playwright.sync_api import Browser, Page

VIEWS = {
    torch.float32: torch.int32,
    torch.bfloat16: torch.int16,
    torch.float16: torch.int16,
    torch.float64: torch.int64,
}
"""Each float, and the integer of its size through which its bits are read."""

INTEGERS = (torch.int8, torch.uint8, torch.int32, torch.int64)


def name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def size(dtype: torch.dtype) -> int:
    return dtype.itemsize * 8


def bits_of(tensor: torch.Tensor) -> list[int]:
    """The bits of each element, as unsigned integers."""
    if tensor.dtype in VIEWS:
        tensor = tensor.view(VIEWS[tensor.dtype])
    return [number % 2 ** size(tensor.dtype) for number in tensor.reshape(-1).tolist()]


def from_bits(patterns: list[int], dtype: torch.dtype) -> torch.Tensor:
    half = 2 ** (size(dtype) - 1)
    signed = [(pattern + half) % (2 * half) - half for pattern in patterns]
    return torch.tensor(signed, dtype=VIEWS[dtype]).view(dtype)


def exact(number: Fraction) -> str:
    """All the digits of a number whose denominator is a power of two."""
    places = number.denominator.bit_length() - 1
    digits = abs(number.numerator) * 5**places
    return f"{'-' * (number < 0)}{digits}e-{places}"


def texts() -> Iterator[str]:
    """Numbers as a reader could type them, the hard ones first of all."""
    yield from ("nan", "inf", "-inf", "0", "-0", "0.0", "-0.0", "1e400", "-1e400", "1e-400")
    yield from ("65504", "65519.99", "65520", "65520.0", "1/3", "2/3", "1e-8", "1e-45", "16777217")
    yield from ("1.000488281250001", "1.00390625000001", "9007199254740993", "9007199254740993.0")
    draw = random.Random(2026)

    for dtype in VIEWS:
        infinite = bits_of(torch.tensor(math.inf, dtype=dtype))[0]
        first_normal = bits_of(torch.tensor(torch.finfo(dtype).tiny, dtype=dtype))[0]
        patterns = [draw.randrange(2 ** size(dtype)) for _ in range(600)]
        patterns += [draw.randrange(first_normal + 1) for _ in range(200)]
        patterns += [0, 1, 2, first_normal - 1, first_normal, infinite - 2, infinite - 1]
        for one in from_bits(patterns, dtype).to(torch.float64).tolist():
            yield repr(one)

        # halfway between neighbours, and a little to each side of it
        low = [draw.randrange(infinite - 1) for _ in range(200)]
        low += [draw.randrange(first_normal) for _ in range(100)] + [0, infinite - 2]
        ends = [
            from_bits([pattern + step for pattern in low], dtype).to(torch.float64).tolist()
            for step in (0, 1)
        ]
        for below, above in zip(*ends, strict=True):
            middle = (Fraction(below) + Fraction(above)) / 2
            little = (Fraction(above) - middle) / 2**70
            for number in (middle, -middle, middle + little, middle - little):
                yield exact(number)
        largest = Fraction(torch.finfo(dtype).max)
        step = Fraction(ends[1][-1]) - Fraction(ends[0][-1])
        for number in (largest + step / 2, largest + step / 2 - step / 2**70, largest + step):
            yield exact(number)

    for _ in range(1500):
        digits = draw.randint(1, 40)
        mantissa = draw.randrange(10**digits)
        yield f"{draw.choice(['', '-'])}{mantissa}e{draw.randint(-350, 310) - digits}"

    for dtype in INTEGERS:
        info = torch.iinfo(dtype)
        for limit in (info.min, info.max, 0):
            for step in range(-3, 4):
                yield str(limit + step)
                yield f"{limit + step}.0"
                yield f"{limit + step}.5"
    for _ in range(500):
        whole = draw.randrange(-(2**63), 2**63) >> draw.randrange(63)
        yield str(whole)
        yield f"{whole}.{draw.randrange(1000):03}"


def as_python(text: str) -> int | float:
    if "/" in text:
        top, bottom = text.split("/")
        return int(top) / int(bottom)
    try:
        return int(text)
    except ValueError:
        return float(text)


def in_floats(numbers: list[float]) -> Iterator[list[int | None]]:
    for dtype in VIEWS:
        yield list(bits_of(torch.tensor(numbers, dtype=dtype)))


def in_integer(number: int | float, dtype: torch.dtype) -> int | None:
    """What torch converts a Python number to; None where it refuses, or C++ defines nothing."""
    info = torch.iinfo(dtype)
    if isinstance(number, int):
        if not -(2**63) <= number < 2**63:
            with pytest.raises((RuntimeError, ValueError)):
                torch.tensor(number)
            return None
        return bits_of(torch.tensor([number]).to(dtype))[0]
    if not math.isfinite(number) or not info.min <= math.trunc(number) <= info.max:
        return None
    return bits_of(torch.tensor([number], dtype=torch.float64).to(dtype))[0]


@cache
def typed() -> list[str]:
    return list(texts())


@pytest.fixture(scope="module")
def module(browser: Browser, address: str) -> Iterator[Page]:
    """A page in which `dtype` is the arithmetic of the explorer."""
    page = browser.new_page()
    page.goto(address + "verified.json")
    page.evaluate(f"import('{address}assets/dtype-explorer/dtype.js').then(module => {{ window.dtype = module }})")
    yield page
    page.close()


def test_bits_are_those_of_torch(module: Page) -> None:
    numbers = [as_python(text) for text in typed()]

    found = module.evaluate(
        """texts => texts.map(text => {
            const number = dtype.read(text);
            return Object.keys(dtype.DTYPES).map(name => dtype.held(number, name).bits?.toString());
        })""",
        typed(),
    )

    floats = in_floats([_float(number) for number in numbers])
    expected = [
        *floats,
        *([in_integer(number, dtype) for number in numbers] for dtype in INTEGERS),
    ]
    names = [name(dtype) for dtype in (*VIEWS, *INTEGERS)]
    differences = [
        (text, dtype, got, wanted)
        for text, row, *column in zip(typed(), found, *expected, strict=True)
        for dtype, got, wanted in zip(names, row, column, strict=True)
        if (None if got is None else int(got)) != wanted
    ]
    values = sum(wanted is not None for column in expected for wanted in column)
    print(f"{len(numbers)} numbers, {values} values, {len(differences)} differences from torch")
    assert differences == []
    assert values > 40_000


def _float(number: int | float) -> float:
    """float(number), with an infinity where Python's int is too large for one."""
    try:
        return float(number)
    except OverflowError:
        return math.copysign(math.inf, number)


@pytest.mark.parametrize("dtype", VIEWS, ids=name)
def test_digits_class_and_neighbours_of_a_float_are_right(module: Page, dtype: torch.dtype) -> None:
    draw = random.Random(7)
    every = range(2**16) if size(dtype) == 16 else None
    patterns = list(every or (draw.randrange(2 ** size(dtype)) for _ in range(4000)))

    found = module.evaluate(
        """([patterns, name]) => patterns.map(text => {
            const bits = BigInt(text);
            const value = dtype.value(bits, name);
            const back = dtype.read(dtype.literal(value));
            const next = dtype.neighbours(bits, name);
            return {
                digits: dtype.decimal(value),
                kind: dtype.classOf(bits, name),
                back: dtype.held(back, name).bits.toString(),
                below: next[0]?.toString() ?? null,
                above: next[1]?.toString() ?? null,
            };
        })""",
        [[str(pattern) for pattern in patterns], name(dtype)],
    )

    tensor = from_bits(patterns, dtype)
    smallest = torch.finfo(dtype).tiny
    for pattern, number, row in zip(patterns, tensor.tolist(), found, strict=True):
        if math.isnan(number):
            assert (row["digits"], row["kind"]) == ("nan", "nan")
            assert row["below"] is None
            continue
        assert Decimal(row["digits"]) == Decimal(number)
        assert row["digits"].startswith("-") == (math.copysign(1, number) < 0)
        assert row["kind"] == kind(abs(number), smallest)
        assert int(row["back"]) == pattern
    for side, limit in (("below", -math.inf), ("above", math.inf)):
        beyond = torch.nextafter(tensor, torch.tensor(limit, dtype=dtype)) + 0.0  # -0 is 0 here
        for number, row, wanted in zip(tensor.tolist(), found, bits_of(beyond), strict=True):
            if row[side] is None:
                assert math.isnan(number) or number == limit
            else:
                assert int(row[side]) == wanted


def kind(magnitude: float, smallest: float) -> str:
    if magnitude == 0 or magnitude == math.inf:
        return "zero" if magnitude == 0 else "inf"
    return "normal" if magnitude >= smallest else "subnormal"

