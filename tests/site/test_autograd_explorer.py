"""The autograd explorer: its arithmetic beside PyTorch's, and how readers drive it."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import torch
from built import LANGUAGES, Site, open_page, violations
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

PATHS = [f"{start}autograd-explorer/" for start in LANGUAGES.values()]
COUNT = 500
TOLERANCE = 1e-9

DIFFERENTIATE = """
async cases => {
  const { differentiate } = await import("/assets/autograd-explorer/graph.js");
  return cases.map(([text, inputs]) => differentiate(text, inputs));
}
"""


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(reduced_motion="reduce", service_workers="block")
    yield context
    context.close()


@pytest.fixture(scope="module")
def english(browser: Browser, address: str) -> Iterator[Page]:
    """The English page, opened once: for its arithmetic, and for what may be typed again."""
    context = browser.new_context(reduced_motion="reduce", service_workers="block")
    page = context.new_page()
    opened(page, address, PATHS[1])
    yield page
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def opened(page: Page, address: str, path: str = PATHS[0]) -> Locator:
    open_page(page, address + path)
    explorer = page.locator("precis-autograd")
    expect(explorer.locator(".graph")).to_be_attached()
    return explorer


# Arithmetic


class Expressions:
    """Random expressions in the spelling of the page, with the inputs to compute them for."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def case(self) -> tuple[str, dict[str, float]]:
        inputs = {name: round(self.random.uniform(-3, 3), 2) for name in "xwb"}
        inputs["y"] = round(self.random.random(), 2)
        text = self.some(self.random.randint(1, 4))
        return (text, inputs) if re.search(r"\b[xwby]\b", text) else self.case()

    def some(self, depth: int) -> str:
        if depth == 0:
            number = f"{self.random.uniform(0, 3):.1f}"
            return self.random.choice(["x", "w", "b", "y", "x", "w", "b", number])
        inner, other = self.some(depth - 1), self.some(self.random.randrange(depth))
        kinds = ["sum", "product", "call", "power", "minus", "BCE"]
        match self.random.choices(kinds, [4, 5, 5, 2, 1, 1])[0]:
            case "sum":
                return f"{inner} {self.random.choice('+-−')} {other}"
            case "product":
                right = self.random.choice([other, f"({other})"])
                return f"({inner}) {self.random.choice('*×·/÷')} {right}"
            case "call":
                names = ["exp", "log", "tanh", "sigmoid", "σ", "ReLU"]
                return f"{self.random.choice(names)}({inner})"
            case "power":
                base = self.random.choice([f"({inner})", f"exp({inner})", f"σ({inner})"])
                exponent = self.random.choice(["2", "3", "0", "-1", "0.5", f"({other})"])
                return f"{base}{self.random.choice(['^', '**'])}{exponent}"
            case "minus":
                return f"−{inner}"
            case _:
                return f"BCE(σ({inner}), {self.random.choice(['y', f'σ({other})', '1'])})"


def tensor(number: float) -> torch.Tensor:
    return torch.tensor(number, dtype=torch.float64)


PYTHON = {"×": "*", "·": "*", "÷": "/", "−": "-", "^": "**", "σ": "sigmoid"}
TORCH = {
    "tensor": tensor,
    "exp": torch.exp,
    "log": torch.log,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "ReLU": torch.relu,
    "BCE": torch.nn.functional.binary_cross_entropy,
}


def by_torch(text: str, inputs: dict[str, float], nudge: float = 0.0) -> dict[str, float]:
    """The value, and the derivatives by input, as Python reads the text and PyTorch computes it.

    A nudge changes in proportion what each function returns, and scales the gradients on
    their way back so that they round otherwise.
    """
    for sign, python in PYTHON.items():
        text = text.replace(sign, python)
    text = re.sub(r"\d+(\.\d+)?", lambda number: f"tensor({float(number[0])})", text)
    leaves = {name: tensor(value).requires_grad_() for name, value in inputs.items()}

    def nudged(function: Any) -> Any:
        def call(*args: torch.Tensor) -> torch.Tensor:
            result = function(*args)
            result.data.mul_(1 + nudge)  # unseen by autograd, which saved this very tensor
            return result

        return call if nudge and function is not tensor else function

    result = eval(text, {**{name: nudged(one) for name, one in TORCH.items()}, **leaves})
    scale = 3.0 if nudge else 1.0
    if result.requires_grad:
        result.backward(tensor(1 / scale))
    gradients = {
        name: leaf.grad.item() * scale for name, leaf in leaves.items() if leaf.grad is not None
    }
    return {"value": result.item(), **gradients}


def steady(text: str, inputs: dict[str, float]) -> bool:
    """Whether PyTorch's own result is known to the tolerance.

    Where it is not, the last bit of an exp or a tanh decides (1 − tanh², far out; y/y − 1), and
    that bit is the processor's: there is nothing to compare with.
    """
    one, other = by_torch(text, inputs), by_torch(text, inputs, nudge=2**-52)
    return all(relative(one[key], other[key]) < TOLERANCE / 10 for key in one)


def by_page(page: Page, cases: list[tuple[str, dict[str, float]]]) -> list[dict[str, float]]:
    found: list[Any] = page.evaluate(DIFFERENTIATE, cases)
    return [{"value": each["value"], **each["derivatives"]} for each in found]


def relative(one: float, other: float) -> float:
    if one == other or (math.isnan(one) and math.isnan(other)):
        return 0.0
    if not (math.isfinite(one) and math.isfinite(other)):
        return math.inf
    return abs(one - other) / max(abs(one), abs(other))


def test_500_random_expressions_come_out_as_pytorch_computes_them(english: Page) -> None:
    draw = Expressions(seed=1)
    cases, expected = [], []
    while len(cases) < COUNT:
        case = draw.case()
        with suppress(RuntimeError):  # BCE of what is no number: refused, on the page too
            if steady(*case):
                expected.append(by_torch(*case))
                cases.append(case)

    found = by_page(english, cases)

    errors = []
    for case, mine, theirs in zip(cases, found, expected, strict=True):
        assert mine.keys() == theirs.keys(), case
        errors += [(relative(mine[key], theirs[key]), key, case) for key in theirs]
    finite = [case for case in expected if all(map(math.isfinite, case.values()))]
    operations = {op for op in TORCH if any(op in python for python, _ in cases)}
    worst = max(errors, key=lambda error: error[0])
    print(f"{len(errors)} numbers, {len(finite)} of {COUNT} all finite; worst: {worst}")
    assert worst[0] <= TOLERANCE, worst
    assert len(finite) > 0.8 * COUNT
    assert operations >= {"exp", "log", "tanh", "sigmoid", "ReLU", "BCE"}


@pytest.mark.parametrize(
    ("text", "inputs"),
    [
        ("ReLU(x)", {"x": 0}),
        ("log(x)", {"x": 0}),
        ("log(x)", {"x": -1}),
        ("1 ÷ x", {"x": 0}),
        ("x ÷ w", {"x": 0, "w": 0}),
        ("x^w", {"x": 0, "w": 0}),
        ("x^w", {"x": 0, "w": 2}),
        ("x^w", {"x": 0, "w": -1}),
        ("x^w", {"x": -2, "w": 3}),
        ("x^w", {"x": -2, "w": 0.5}),
        ("x^0", {"x": 0}),
        ("x^0.5", {"x": 0}),
        ("1^(1 ÷ x)", {"x": 0}),
        ("σ(x)", {"x": -1000}),
        ("exp(x)", {"x": 1000}),
        ("tanh(x)", {"x": 1000}),
        ("ReLU(x) × exp(w)", {"x": -1, "w": 1000}),
        ("BCE(x, y)", {"x": 0, "y": 1}),
        ("BCE(x, y)", {"x": 1, "y": 0}),
        ("BCE(x, y)", {"x": 1, "y": 0.25}),
        ("BCE(x, y)", {"x": 0.5, "y": 0.25}),
        ("x × x + x", {"x": 3}),
        ("-x^2", {"x": 3}),
        ("2^-x", {"x": 3}),
        ("x^w^b", {"x": 2, "w": 3, "b": 2}),
        ("x - w - b", {"x": 2, "w": 3, "b": 2}),
        ("x ÷ w × b", {"x": 2, "w": 3, "b": 2}),
    ],
)
def test_edges_come_out_as_pytorch_has_them(
    english: Page, text: str, inputs: dict[str, float]
) -> None:
    (found,) = by_page(english, [(text, inputs)])

    expected = by_torch(text, inputs)
    assert found.keys() == expected.keys()
    assert all(relative(found[key], expected[key]) <= TOLERANCE for key in expected), (
        found,
        expected,
    )


@pytest.mark.parametrize("inputs", [{"x": 1.1, "y": 1}, {"x": 0.5, "y": 2}])
def test_what_pytorch_refuses_is_refused(
    page: Page, address: str, inputs: dict[str, float]
) -> None:
    explorer = opened(page, address, f"{PATHS[1]}?e=BCE(x,y)&x={inputs['x']}&y={inputs['y']}")

    expect(explorer.locator(".fault")).to_contain_text("between 0 and 1")
    with pytest.raises(RuntimeError, match="between 0 and 1"):
        by_torch("BCE(x, y)", inputs)


# What readers do


@pytest.mark.parametrize("path", PATHS)
def test_it_opens_on_the_neuron_of_the_chapter(
    page: Page, address: str, site: Site, path: str
) -> None:
    chapter = site.pages[path.replace("autograd-explorer", "autograd")]
    block = chapter.select_one('[data-cell="graph-values"]')
    assert block is not None
    printed = dict(re.findall(r"∂L/∂(\w+) = (-?[\d.]+)", block.get_text()))
    explorer = opened(page, address, path)

    page.locator(".graph").press("End")

    shown = explorer.locator(".graph").inner_text().replace(",", ".").replace("−", "-")
    drawn = explorer.locator("text.gradient").all_text_contents()
    gradients = dict(
        re.findall(r"∂L/∂(\w) [=≈] (-?[\d.]+)", " ".join(drawn).replace(",", ".").replace("−", "-"))
    )
    assert {"w", "b", "z", "a", "L"} <= gradients.keys(), shown
    for name, value in gradients.items():
        assert float(value) == float(printed[name]), name


def test_steps_go_both_ways_by_keyboard(page: Page, address: str) -> None:
    explorer = opened(page, address, PATHS[1])
    current, status = explorer.locator(".current"), explorer.locator("[role=status]")
    graph = explorer.locator(".graph")
    graph.focus()
    expect(current).to_contain_text("x = 1.1, w = 2.2, b = 0, y = 1")

    said = []
    for key in ["ArrowRight", "ArrowRight", "ArrowLeft", "End", "ArrowRight", "Home", "ArrowLeft"]:
        page.keyboard.press(key)
        said.append(current.text_content())
        expect(status).to_contain_text(str(said[-1]))

    product = "v₁ = w × x = 2.2 × 1.1 = 2.42"
    last = "∂L/∂w = ∂L/∂v₁ × x ≈ (−0.0817) × 1.1 ≈ −0.0898"
    start = "The inputs: x\xa0=\xa01.1, w\xa0=\xa02.2, b\xa0=\xa00, y\xa0=\xa01."
    assert said == [product, "z = v₁ + b = 2.42 + 0 = 2.42", product, last, last, start, start]
    for button, text in [("Next step", product), ("Last step", last), ("First step", start)]:
        explorer.get_by_role("button", name=button).press("Enter")
        expect(current).to_have_text(text)


def test_steps_go_on_by_touch(browser: Browser, address: str) -> None:
    context = browser.new_context(has_touch=True, viewport={"width": 360, "height": 800})
    explorer = opened(context.new_page(), address)

    explorer.get_by_role("button", name="Étape suivante").tap()
    explorer.get_by_role("button", name="Étape suivante").tap()
    expect(explorer.locator(".current")).to_have_text("z = v₁ + b = 2,42 + 0 = 2,42")

    explorer.get_by_text("v₁ = w × x = 2,2 × 1,1 = 2,42").tap()
    expect(explorer.locator("li[aria-current]")).to_have_text("v₁ = w × x = 2,2 × 1,1 = 2,42")
    context.close()


def test_text_and_drawing_hold_the_same_numbers(page: Page, address: str) -> None:
    explorer = opened(page, address, PATHS[1])
    steps = int(str(explorer.locator(".count").text_content()).split()[-1])

    for _ in range(steps):
        page.locator(".graph").press("ArrowRight")
        current = str(explorer.locator(".current").text_content())
        value = re.split(r"[=≈] ", current)[-1]
        name = current.split(" ")[0]
        drawn = explorer.locator(".node text:not(.missing)").all_text_contents()
        assert any(re.fullmatch(f"{name} [=≈] {value}", text) for text in drawn), current


def test_a_path_among_several_is_added(page: Page, address: str) -> None:
    explorer = opened(page, address, f"{PATHS[1]}?e=x*x%2Bx&x=3&g=x")

    page.locator(".graph").press("End")

    assert explorer.locator("li").all_text_contents()[-3:] == [
        "∂L/∂x, path 1 of 3: ∂L/∂L × 1 = 1 × 1 = 1",
        "∂L/∂x, path 2 of 3: 1 + ∂L/∂v₁ × x = 1 + 1 × 3 = 4",
        "∂L/∂x = 4 + ∂L/∂v₁ × x = 4 + 1 × 3 = 7 (path 3 of 3)",
    ]
    expect(explorer.locator("text.gradient", has_text="∂L/∂x")).to_have_text("∂L/∂x = 7")
    page.locator(".graph").press("ArrowLeft")
    expect(explorer.locator("text.gradient", has_text="∂L/∂x")).to_have_text("∂L/∂x = 4 + …")


def test_inputs_are_typed_with_comma_or_point_or_moved(page: Page, address: str) -> None:
    explorer = opened(page, address)
    page.locator(".graph").press("ArrowRight")
    current = explorer.locator(".current")

    field = explorer.get_by_label("w", exact=True)
    for spelling in ["−0,5", "-0.5", "-,5"]:
        field.fill("1")
        field.fill(spelling)
        expect(current).to_have_text("v₁ = w × x = (−0,5) × 1,1 = −0,55")

    slider = explorer.get_by_label("w, au curseur")
    slider.press("ArrowRight")
    expect(current).to_have_text("v₁ = w × x = (−0,4) × 1,1 = −0,44")
    expect(field).to_have_value("−0,4")

    field.fill("deux")
    expect(explorer.locator(".fault")).to_contain_text("w n’est pas un nombre")
    expect(field).to_have_attribute("aria-invalid", "true")


def test_only_inputs_that_ask_receive_a_gradient(page: Page, address: str) -> None:
    explorer = opened(page, address, PATHS[1])
    page.locator(".graph").press("End")
    expect(explorer.locator("text.gradient", has_text="∂L/∂x")).to_have_count(0)

    explorer.get_by_label("gradient of x").check()
    page.locator(".graph").press("End")
    expect(explorer.locator(".current")).to_contain_text("∂L/∂x = ")

    for name in "xwb":
        explorer.get_by_label(f"gradient of {name}").uncheck()
    expect(explorer.locator(".lists")).to_contain_text("nothing comes back")


def test_the_address_keeps_what_is_seen_in_both_languages(page: Page, address: str) -> None:
    explorer = opened(page, address)
    explorer.get_by_label("Expression").fill("BCE(σ(0,5 × x + b) ; y)")
    explorer.get_by_label("x", exact=True).fill("−2,5")
    explorer.get_by_label("gradient de x").check()
    for _ in range(5):
        page.locator(".graph").press("ArrowRight")
    seen = explorer.locator(".current").text_content()
    page.wait_for_url(re.compile(r"[?&]s=5"))

    again = opened(page, "", page.url)
    expect(again.locator(".current")).to_have_text(str(seen))
    expect(again.get_by_label("Expression")).to_have_value("BCE(σ(0,5 × x + b) ; y)")

    page.locator(".md-header button.md-icon:has(+ .md-select__inner)").hover()
    page.locator(".md-select__link[hreflang=en]").click()
    page.wait_for_url(re.compile("/en/autograd-explorer/"))
    expect(page.get_by_label("Expression")).to_have_value("BCE(σ(0.5 × x + b), y)")
    expect(page.get_by_label("x", exact=True)).to_have_value("−2.5")
    expect(page.locator(".current")).to_have_text(str(seen).replace(",", "."))
    expect(page.get_by_label("gradient of y")).not_to_be_checked()


@pytest.mark.parametrize("path", PATHS)
def test_the_page_links_to_states_that_open(page: Page, address: str, path: str) -> None:
    opened(page, address, path)
    links = page.locator("article a[href*='?e=']").evaluate_all("all => all.map(a => a.href)")
    assert len(links) >= 5

    for link in links:
        explorer = opened(page, "", link)
        expect(explorer.locator(".fault")).to_be_empty()
        expect(explorer.locator("li").first).to_be_attached()


@pytest.mark.parametrize(
    ("typed", "place", "said"),
    [
        ("w × q", "q", "Character 5: “q” is not known."),
        ("wx + b", "wx", "Character 1: a product is written with its sign: w × x."),
        ("2 x", "x", "Character 3: an operation is missing before “x”."),
        ("w + ", "\u00a0", "the expression ends too early."),
        ("(w + b", "\u00a0", "the expression ends before “)”."),
        ("w $ b", "$", "Character 3: the sign “$” has no meaning here."),
        ("exp(w, b)", "exp(w, b)", "exp takes a single value."),
        ("BCE(w)", "BCE(w)", "BCE takes two values"),
        ("w; x", "w", "only the last formula needs no name"),
        ("exp = w; x", "exp", "“exp” is the name of a function."),
        ("x = w; x", "x", "“x” stands for a value already."),
        ("z = w; x", "w", "“z” is not used in the result."),
        ("1e999 × x", "1e999", "this number is too large."),
        ("x" + " + x" * 41, None, "more than 40 operations"),
        ("(" * 60 + "x" + ")" * 60, None, "too many parentheses"),
        ("x + " * 99 + "x", None, "more than 300 characters"),
        ("constructor(x)", "constructor", "“constructor” is not known."),
    ],
)
def test_errors_say_where_and_what(english: Page, typed: str, place: str | None, said: str) -> None:
    explorer = english.locator("precis-autograd")

    explorer.get_by_label("Expression").fill(typed)

    expect(explorer.locator(".fault")).to_contain_text(said)
    expect(explorer.get_by_label("Expression")).to_have_attribute("aria-invalid", "true")
    if place is not None:
        expect(explorer.locator(".fault mark")).to_have_text(place)
    expect(explorer.locator("[role=status]")).to_contain_text(said)

    explorer.get_by_label("Expression").fill("w × x")
    expect(explorer.locator(".fault")).to_be_empty()
    english.locator(".graph").press("ArrowRight")
    expect(explorer.locator(".current")).to_have_text("L = w × x = 2.2 × 1.1 = 2.42")


def test_both_languages_have_words_for_everything(english: Page) -> None:
    words = english.evaluate("""async () => {
      const { speech } = await import("/assets/autograd-explorer/words.js");
      const names = words => [...Object.keys(words), ...Object.keys(words.faults)].sort();
      return [names(speech("fr")), names(speech("en"))];
    }""")

    assert words[0] == words[1]


# Every reader


LARGE = "?e=tanh(w*x%2Bb)*σ(x*x-w)%2BReLU(b*w)^2-exp(x/5)*log(1%2By^2)&x=1&w=2&b=1&y=0.5"


@pytest.mark.parametrize(
    ("path", "scheme", "width"),
    [
        (PATHS[0], "light", 320),
        (PATHS[1], "dark", 1280),
        *(
            pytest.param(*context, marks=pytest.mark.exhaustive)
            for context in (
                (PATHS[1], "dark", 320),
                (PATHS[0], "light", 640),  # a window of 1280 at a zoom of 200 %
                (PATHS[1], "dark", 640),
                (PATHS[0], "light", 1280),
            )
        ),
    ],
)
def test_it_breaks_no_rule_of_accessibility_at_any_step(
    browser: Browser, address: str, path: str, scheme: str, width: int
) -> None:
    context = browser.new_context(
        service_workers="block",
        color_scheme=scheme,  # type: ignore[arg-type]
        viewport={"width": width, "height": 900},
        reduced_motion="reduce",
    )
    page = context.new_page()
    explorer = opened(page, address, path + LARGE)
    assert violations(page, "precis-autograd") == []

    page.locator(".graph").press("End")
    assert violations(page, "precis-autograd") == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width

    explorer.get_by_label("Expression").fill("w ×")
    expect(explorer.locator(".fault mark")).to_be_visible()
    assert violations(page, "precis-autograd") == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def test_words_of_the_drawing_can_be_read_on_a_telephone(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport={"width": 320, "height": 800})
    explorer = opened(context.new_page(), address, PATHS[0] + LARGE)

    sizes = explorer.locator(".graph svg").evaluate("""svg => {
      const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
      const size = text => parseFloat(getComputedStyle(text).fontSize);
      return [...svg.querySelectorAll("text")].map(text => scale * size(text));
    }""")

    assert min(sizes) >= 9.5
    context.close()


def test_forced_colours_keep_boxes_and_arrows(browser: Browser, address: str) -> None:
    context = browser.new_context(forced_colors="active")
    page = context.new_page()
    explorer = opened(page, address)
    page.locator(".graph").press("ArrowRight")

    colours = explorer.locator(".graph").evaluate("""graph => ({
      ground: getComputedStyle(document.body).backgroundColor,
      box: getComputedStyle(graph.querySelector("rect")).stroke,
      arrow: getComputedStyle(graph.querySelector(".edge")).stroke,
      text: getComputedStyle(graph.querySelector("text")).fill,
      current: getComputedStyle(graph.querySelector(".forth rect")).stroke,
    })""")

    assert len({colours["ground"], colours["box"], colours["current"]}) == 3
    assert colours["ground"] not in (colours["arrow"], colours["text"])
    context.close()


def test_boxes_stand_apart_from_each_other(page: Page, address: str) -> None:
    for width in (320, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        explorer = opened(page, address, PATHS[0] + LARGE)
        boxes = explorer.locator(".node rect").evaluate_all(
            """all => all.map(rect => rect.getBoundingClientRect())
                      .map(({ left, top, right, bottom }) => [left, top, right, bottom])"""
        )
        assert len(boxes) > 15
        for n, (left, top, right, bottom) in enumerate(boxes):
            for other in boxes[n + 1 :]:
                apart = (
                    right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top
                )
                assert apart, (width, n)


@pytest.mark.parametrize("width", [390, 1366])
def test_a_label_touches_no_box(page: Page, address: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    explorer = opened(page, address)
    explorer.get_by_role("button", name="Dernière étape").click()
    edges = """all => all.map(rect => rect.getBoundingClientRect())
                         .map(({ left, top, right, bottom }) => [left, top, right, bottom])"""
    boxes = explorer.locator(".node rect").evaluate_all(edges)
    labels = explorer.locator("rect.under").evaluate_all(edges)
    assert len(labels) > 3
    for left, top, right, bottom in labels:
        for box in boxes:
            assert right <= box[0] or box[2] <= left or bottom <= box[1] or box[3] <= top


def test_nothing_floats_over_the_line_that_a_step_shows(page: Page, address: str) -> None:
    explorer = opened(page, address)
    page.set_viewport_size({"width": 1280, "height": 1600})  # button and line, both in sight
    explorer.get_by_role("button", name="Étape suivante").hover()
    page.wait_for_timeout(500)  # Material shows its tooltips after 250 ms
    line = explorer.locator(".current").bounding_box()
    assert line is not None
    hit = "([x, y]) => document.elementFromPoint(x, y).closest('.current') !== null"
    assert page.evaluate(hit, [line["x"] + 20, line["y"] + line["height"] / 2])
    assert page.locator(".md-tooltip2").count() == 0


@pytest.mark.parametrize("path", PATHS)
def test_without_javascript_the_figure_of_the_chapter_is_there(
    browser: Browser, address: str, path: str
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address + path)

    expect(page.locator("precis-autograd figure svg")).to_be_visible()
    expect(page.locator('precis-autograd [data-cell="neuron-backward"] .go').first).to_be_visible()
    context.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_chapter_leads_to_the_explorer(site: Site, language: str) -> None:
    chapter = site.pages[f"{LANGUAGES[language]}autograd/"]

    links = chapter.select('article a[href^="../autograd-explorer/"]')

    assert links
