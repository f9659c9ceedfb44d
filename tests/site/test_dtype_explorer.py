"""The explorer of dtypes: its arithmetic against torch, bit by bit, then its page."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Literal

import pytest
import torch
from built import open_page, violations
from playwright.sync_api import Browser, Locator, Page, expect

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
    yield from ("1/-3", "-1/-3", "0/-3", "-0/3", "7", str(2**1024 - 2**970), "1" + "0" * 309)
    yield from (str(2**1024 - 2**970 - 1), str(-(10**320)))
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
            yield from (exact(middle), exact(-middle))
            for little in (2**-18, 2**-30, 2**-70):  # float32 and float64 round some of them away
                aside = (Fraction(above) - middle) * Fraction(little)
                yield from (exact(middle + aside), exact(middle - aside))
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
    page.evaluate(
        "url => import(url).then(module => { window.dtype = module })",
        f"{address}assets/dtype-explorer/dtype.js",
    )
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
    large = [isinstance(n, int) and math.isinf(_float(n)) for n in numbers]
    assert sum(large) == 3
    with pytest.raises(OverflowError):
        torch.tensor(2**1024 - 2**970, dtype=torch.float64)
    expected = [
        *([None if no else n for no, n in zip(large, row, strict=True)] for row in floats),
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


@pytest.mark.parametrize("dtype", INTEGERS, ids=name)
def test_it_is_known_where_the_dtype_asked_for_at_once_is_refused(
    module: Page, dtype: torch.dtype
) -> None:
    info = torch.iinfo(dtype)
    near = [limit + step for limit in (info.min, info.max, -info.max, 0) for step in range(-3, 4)]
    texts = [f"{n}{rest}" for n in near for rest in ("", ".0", ".5")] + ["-0.25", "-1e-300", "-0.0"]

    found = module.evaluate(
        """([texts, dtype]) => texts.map(text => {
            const { bits, indirect } = window.dtype.held(window.dtype.read(text), dtype);
            return bits === undefined ? null : indirect;
        })""",
        [texts, name(dtype)],
    )

    expected = [is_refused(as_python(text), dtype) for text in texts]
    differ = [
        (text, got, wanted)
        for text, got, wanted in zip(texts, found, expected, strict=True)
        if got is not None and got != wanted
    ]
    assert differ == []
    assert {True, False} <= {*found} or dtype is torch.int64


def is_refused(number: float, dtype: torch.dtype) -> bool:
    try:
        torch.tensor(number, dtype=dtype)
    except (RuntimeError, ValueError):
        return True
    return False


def _float(number: int | float) -> float:
    """float(number), with an infinity where Python's int is too large for one."""
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


@pytest.mark.parametrize("dtype", VIEWS, ids=name)
def test_digits_class_and_neighbours_of_a_float_are_right(module: Page, dtype: torch.dtype) -> None:
    draw = random.Random(7)
    are_right(module, dtype, [draw.randrange(2 ** size(dtype)) for _ in range(4000)])


@pytest.mark.exhaustive
@pytest.mark.parametrize("dtype", [dtype for dtype in VIEWS if dtype.itemsize == 2], ids=name)
def test_every_float_of_16_bits_is_right(module: Page, dtype: torch.dtype) -> None:
    are_right(module, dtype, [*range(2**16)])


def are_right(module: Page, dtype: torch.dtype, patterns: list[int]) -> None:
    """Hold what the explorer says of these bits to what torch says."""
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


LANGUAGES = {"fr": "dtype-explorer/", "en": "en/dtype-explorer/"}


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, service_workers="block")
    yield context.new_page()
    context.close()


def row(page: Page, dtype: torch.dtype) -> Locator:
    return page.locator(f'[data-dtype="{name(dtype)}"]')


def stored(page: Page, dtype: torch.dtype) -> str:
    return row(page, dtype).locator(".dtype-value strong").inner_text()


@pytest.mark.parametrize("text", ["0.1", "1e-8", "-70000.0", "16777217", "inf"])
def test_a_row_shows_the_bits_of_torch(page: Page, address: str, text: str) -> None:
    page.goto(f"{address}en/dtype-explorer/?x={text}")

    for dtype in VIEWS:
        (bits,) = bits_of(torch.tensor(float(text), dtype=dtype))
        cells = row(page, dtype).locator(".dtype-bit").all_inner_texts()
        assert "".join(cells) == f"{bits:0{size(dtype)}b}"
        assert (
            row(page, dtype).locator(".dtype-hex").inner_text() == f"0x{bits:0{size(dtype) // 4}x}"
        )


def test_a_comma_is_a_point_and_french_pages_write_one(page: Page, address: str) -> None:
    page.goto(address + LANGUAGES["fr"])
    field = page.get_by_label("Nombre", exact=True)

    field.fill("0,2")

    kept = torch.tensor(0.2, dtype=torch.bfloat16).item()
    assert stored(page, torch.bfloat16) == str(kept).replace(".", ",")
    field.fill("0.2")
    assert stored(page, torch.bfloat16) == str(kept).replace(".", ",")
    page.goto(address + LANGUAGES["en"] + "?x=0,2")
    assert stored(page, torch.bfloat16) == str(kept)


def test_a_bit_is_turned_with_the_keyboard_alone(page: Page, address: str) -> None:
    page.goto(address + LANGUAGES["en"] + "?x=1.0")
    page.get_by_label("Number", exact=True).focus()

    page.keyboard.press("Tab")  # the sign of float32
    page.keyboard.press("Space")
    assert stored(page, torch.float32) == "−1"
    expect(page.get_by_role("status")).to_have_text("float32: −1")

    page.keyboard.press("Tab")  # the sign of bfloat16
    for _ in range(9):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")  # the first bit of its fraction
    expect(page.get_by_label("Number", exact=True)).to_have_value("-1.5")
    assert (
        page.evaluate("document.activeElement.getAttribute('aria-label')") == "fraction, bit 6: 1"
    )

    page.keyboard.press("End")
    page.keyboard.press("Space")
    (bits,) = bits_of(torch.tensor(-1.5, dtype=torch.bfloat16))
    assert stored(page, torch.bfloat16) == f"−{-from_bits([bits + 1], torch.bfloat16).item()}"


def test_a_bit_of_an_integer_is_exact_beyond_what_a_float_holds(page: Page, address: str) -> None:
    page.goto(f"{address}en/dtype-explorer/?x={2**62}")

    row(page, torch.int64).locator(".dtype-bit").last.click()

    expect(page.get_by_label("Number", exact=True)).to_have_value(str(2**62 + 1))


def test_a_nan_keeps_the_bits_that_were_turned(page: Page, address: str) -> None:
    page.goto(address + LANGUAGES["en"] + "?x=nan")

    row(page, torch.float16).locator(".dtype-bit").last.click()

    assert stored(page, torch.float16) == "nan"
    assert row(page, torch.float16).locator(".dtype-hex").inner_text() == "0x7e01"
    row(page, torch.float16).locator(".dtype-bit").nth(1).click()
    expected = from_bits([0x7E01 ^ 0x4000], torch.float16).item()
    assert stored(page, torch.float16) == str(expected)


def test_the_address_holds_the_number(page: Page, address: str) -> None:
    page.goto(address + LANGUAGES["fr"])
    page.get_by_label("Nombre", exact=True).fill("0,3")
    expect(page).to_have_url(re.compile(r"\?x=0\.3$"))
    page.evaluate("window.same = true")

    page.get_by_role("link", name="1/3").click()
    expect(page).to_have_url(re.compile(r"\?x=1/3$"))
    assert stored(page, torch.float16) == str(torch.tensor(1 / 3).half().item()).replace(".", ",")
    page.go_back()
    expect(page.get_by_label("Nombre", exact=True)).to_have_value("0,3")
    assert page.evaluate("window.same")  # the page was not loaded again

    page.locator(".md-header button.md-icon:has(+ .md-select__inner)").hover()
    page.locator(".md-select__link[hreflang=en]").click()
    expect(page.get_by_label("Number", exact=True)).to_have_value("0.3")


def test_what_is_no_number_is_said_and_changes_nothing(page: Page, address: str) -> None:
    page.goto(address + LANGUAGES["en"])
    before = stored(page, torch.float32)

    page.get_by_label("Number", exact=True).fill("0.1.2")

    field = page.get_by_label("Number", exact=True)
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile("not a number"))
    expect(page.get_by_role("status")).to_contain_text("not a number")
    assert stored(page, torch.float32) == before
    dimmed = "rows => rows.every(row => row.inert && getComputedStyle(row).opacity < 0.6)"
    assert page.locator(".dtype-row").evaluate_all(dimmed)
    field.fill("0.5")
    assert not page.locator(".dtype-row").evaluate_all(dimmed)


def test_a_row_says_what_pytorch_refuses(page: Page, address: str) -> None:
    page.goto(f"{address}en/dtype-explorer/?x=300")
    for dtype, refused in ((torch.int8, True), (torch.uint8, True), (torch.int32, False)):
        said = "raises RuntimeError" in row(page, dtype).locator(".dtype-note").inner_text()
        assert said is refused is is_refused(300, dtype)
    page.goto(f"{address}en/dtype-explorer/?x=1{'0' * 309}")
    expect(row(page, torch.float64).locator(".dtype-note")).to_contain_text("OverflowError")
    expect(row(page, torch.float64).locator(".dtype-value")).to_be_hidden()


@pytest.mark.parametrize(
    ("path", "scheme"), [(LANGUAGES["fr"], "light"), (LANGUAGES["en"], "dark")]
)
def test_no_state_of_the_explorer_breaks_a_rule_of_accessibility(
    browser: Browser, address: str, path: str, scheme: Literal["light", "dark"]
) -> None:
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": 360, "height": 800}, service_workers="block"
    )
    page = context.new_page()

    for text in ("1e300", "-129", "nan", "what"):  # a float without an int, an int that wraps, …
        page.goto(f"{address}{path}?x={text}")
        assert violations(page, "precis-dtype") == [], text
    context.close()


@pytest.mark.parametrize("width", [320, 640], ids=["telephone", "zoom-200"])
@pytest.mark.parametrize(
    "text", ["1e-45", "1.7976931348623157e308", "1e-320", "-9223372036854775808"]
)
def test_long_numbers_do_not_scroll_sideways(
    page: Page, address: str, width: int, text: str
) -> None:
    page.set_viewport_size({"width": width, "height": 800})

    open_page(page, f"{address}dtype-explorer/?x={text}")

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(
        "[...document.querySelectorAll('precis-dtype *')].every(e => "
        "e.getBoundingClientRect().right <= document.documentElement.clientWidth)"
    )


def test_fields_can_be_told_apart_in_forced_colours(browser: Browser, address: str) -> None:
    context = browser.new_context(forced_colors="active")
    page = context.new_page()
    page.goto(address + LANGUAGES["en"])

    starts = row(page, torch.float32).locator("[data-field]")
    assert starts.evaluate_all("cells => cells.map(cell => cell.dataset.field)") == [
        "sign",
        "exponent",
        "fraction",
    ]
    inner = row(page, torch.float32).locator(".dtype-bit").nth(2)
    edge = "cell => parseFloat(getComputedStyle(cell).borderInlineStartWidth)"
    assert starts.first.evaluate(edge) > inner.evaluate(edge) >= 1
    context.close()


def test_nothing_of_the_explorer_moves(page: Page, address: str) -> None:
    page.goto(address + LANGUAGES["en"])

    moving = page.evaluate(
        """[...document.querySelectorAll("precis-dtype, precis-dtype *")].filter(element => {
            const { animationName, transitionDuration } = getComputedStyle(element);
            return animationName !== "none" || transitionDuration !== "0s";
        }).map(element => element.outerHTML)"""
    )

    assert moving == []


def test_without_javascript_a_figure_stands_for_it(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address + LANGUAGES["en"])

    expect(page.locator("precis-dtype figure svg")).to_be_visible()
    expect(page.locator("precis-dtype figcaption")).to_contain_text("needs JavaScript")
    assert page.locator("precis-dtype input").count() == 0
    context.close()
