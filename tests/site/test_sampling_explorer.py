"""The sampling explorer: its arithmetic beside PyTorch's, and how readers drive it."""

from __future__ import annotations

import json
import math
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import pytest
import torch
from built import Site, becomes_true
from explorers import (
    check_states,
    computation,
    looks,
    names_of_words,
    open_explorer,
    paths,
    query,
    small_targets,
)
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

PATHS = paths("sampling")
COUNT = 500
TOLERANCE = 1e-9
CLEAR = 1e-6  # how far from a threshold a value is, or rounding would decide

State = dict[str, Any]

# Arithmetic


@dataclass(frozen=True)
class Stage:
    """What the start or a rule gives: in the order of the list of tokens."""

    rule: str
    logits: torch.Tensor
    probabilities: torch.Tensor
    kept: list[bool]
    entropy: float


@dataclass(frozen=True)
class Walk:
    stages: list[Stage]
    token: int


FILTER = """
text => {
  // an infinity is not written in JSON
  const write = (_, value) => (value === -Infinity ? "-Infinity" : value);
  const values = JSON.parse(text).map(state => {
    const stages = filtered(state);
    return { stages, token: drawn(stages.at(-1).probabilities, state.u) };
  });
  return JSON.stringify(values, write);
}
"""


@pytest.fixture(scope="module")
def explored(request: pytest.FixtureRequest) -> Callable[[list[State]], list[Walk]]:
    """The explorer's own computation."""
    run = computation(request, "sampling", "drawn, filtered", FILTER)

    def stage(found: dict[str, Any]) -> Stage:
        logits, probabilities = (
            torch.tensor([float(value) for value in found[name]], dtype=torch.float64)
            for name in ("logits", "probabilities")
        )
        return Stage(found["rule"], logits, probabilities, found["kept"], found["entropy"])

    def walked(states: list[State]) -> list[Walk]:
        found = json.loads(run(json.dumps(states)))
        return [Walk([stage(each) for each in one["stages"]], one["token"]) for one in found]

    return walked


RULES = ("repetition", "temperature", "top-k", "top-p", "min-p")
OFF = {"repetition": 1, "temperature": 1, "top-k": 0, "top-p": 1, "min-p": 0}


def drawn(draw: random.Random) -> State:
    """A state of 7 to 20 tokens; in half of them, logits are equal to others."""
    count = draw.randint(7, 20)
    if draw.random() < 0.5:
        levels = [round(draw.uniform(-8, 8), 2) for _ in range(draw.randint(1, 4))]
        logits = [draw.choice(levels) for _ in range(count)]
    else:
        logits = [draw.uniform(-8, 8) for _ in range(count)]
    on = {
        "repetition": draw.choice([0.8, 1.1, 1.3, 2]),
        "temperature": draw.choice([0.1, 0.5, 2, 10, draw.uniform(0.05, 10)]),
        "top-k": draw.randint(1, 20),
        "top-p": draw.choice([draw.uniform(0.01, 0.999), 0.9]),
        "min-p": draw.choice([draw.uniform(0.001, 0.9), 1]),
    }
    return {
        "logits": logits,
        "written": [draw.random() < 0.3 for _ in range(count)],
        "order": draw.sample(RULES, len(RULES)),
        "values": {rule: draw.choice([on[rule], OFF[rule]]) for rule in RULES},
        "u": draw.random(),
    }


def by_torch(state: State) -> tuple[Walk, float]:
    """The same, as PyTorch computes it in float64, and how far its closest decision is.

    Of equal logits, the first in the list leads: a stable sort gives the indices, for top-k too.
    """
    z = torch.tensor(state["logits"], dtype=torch.float64)
    written = torch.tensor(state["written"])
    margins = [1.0]

    def decided(values: torch.Tensor, threshold: float | torch.Tensor) -> None:
        distances = (values - threshold).abs()
        margins.extend(distances[distances > 0].tolist())  # an exact tie is decided by the rule

    def stage(rule: str) -> Stage:
        p = torch.softmax(z, dim=0)
        entropy = torch.special.entr(p).sum().item()
        return Stage(rule, z, p, (z > -math.inf).tolist(), entropy)

    stages = [stage("start")]
    for rule in state["order"]:
        value = state["values"][rule]
        if value == OFF[rule]:
            continue
        p = torch.softmax(z, dim=0)
        order = z.sort(descending=True, stable=True).indices
        if rule == "repetition":
            z = torch.where(written, torch.where(z > 0, z / value, z * value), z)
        elif rule == "temperature":
            z = z / value
        elif rule == "top-k":
            best = torch.zeros_like(written).scatter(0, order[:value], True)
            z = z.masked_fill(~best, -math.inf)
        elif rule == "top-p":
            before = torch.cat([p.new_zeros(1), p[order].cumsum(0)[:-1]])
            decided(before, value)
            z = z.masked_fill(
                torch.empty_like(written).scatter(0, order, before >= value), -math.inf
            )
        else:
            decided(p, value * p.max())
            z = z.masked_fill(p < value * p.max(), -math.inf)
        stages.append(stage(rule))

    sums = stages[-1].probabilities.cumsum(0)
    decided(sums, state["u"])
    token = int(torch.searchsorted(sums, state["u"], right=True))
    last = int(stages[-1].probabilities.nonzero().max())
    return Walk(stages, min(token, last)), min(margins)


def agrees(found: Walk, expected: Walk) -> None:
    """Compare all that is shown; kept tokens and the one drawn are the same ones."""
    assert [stage.rule for stage in found.stages] == [stage.rule for stage in expected.stages]
    for mine, theirs in zip(found.stages, expected.stages, strict=True):
        assert mine.kept == theirs.kept, mine.rule
        for name in ("logits", "probabilities"):
            torch.testing.assert_close(
                getattr(mine, name), getattr(theirs, name), rtol=TOLERANCE, atol=TOLERANCE
            )
        assert abs(mine.entropy - theirs.entropy) <= TOLERANCE
    assert found.token == expected.token


def test_500_random_settings_come_out_as_pytorch_computes_them(
    explored: Callable[[list[State]], list[Walk]],
) -> None:
    draw = random.Random(29)
    states: list[State] = []
    expected: list[Walk] = []
    refused = 0
    while len(states) < COUNT:
        state = drawn(draw)
        walk, margin = by_torch(state)
        if margin < CLEAR:
            refused += 1
            continue
        states.append(state)
        expected.append(walk)

    for state, mine, theirs in zip(states, explored(states), expected, strict=True):
        try:
            agrees(mine, theirs)
        except AssertionError as error:
            raise AssertionError(f"{state}\n{error}") from error

    used = Counter(stage.rule for walk in expected for stage in walk.stages)
    tied = sum(len(set(state["logits"])) < len(state["logits"]) for state in states)
    orders = {tuple(state["order"]) for state in states}
    split = sum(splits_a_tie(walk) for walk in expected)
    print(f"{used}, {tied} with ties, {split} where top-k parts equal logits, {refused} refused")
    assert all(used[rule] > COUNT / 4 for rule in RULES)
    assert tied > COUNT / 3
    assert split > 20
    assert len(orders) > 100


def splits_a_tie(walk: Walk) -> bool:
    """Whether top-k keeps a token and drops another one with the same logit."""
    for before, after in zip(walk.stages, walk.stages[1:], strict=False):
        if after.rule == "top-k":
            values = before.logits.tolist()
            kept = {value for value, stays in zip(values, after.kept, strict=True) if stays}
            gone = [value for value, stays in zip(values, after.kept, strict=True) if not stays]
            return any(value in kept and value > -math.inf for value in gone)
    return False


@pytest.mark.parametrize("count", [8, 16])
@pytest.mark.parametrize("eighths", range(1, 8))
def test_a_sum_that_reaches_the_threshold_exactly_is_enough(
    explored: Callable[[list[State]], list[Walk]], count: int, eighths: int
) -> None:
    values = {**OFF, "top-p": eighths / 8}
    state: State = {"logits": [1.5] * count, "written": [False] * count, "order": list(RULES)}
    state |= {"values": values, "u": 0.25}

    (found,) = explored([state])

    assert found.stages[-1].kept == [n < eighths * count // 8 for n in range(count)]
    agrees(found, by_torch(state)[0])


def test_a_number_on_the_border_of_two_tokens_gives_the_second(
    explored: Callable[[list[State]], list[Walk]],
) -> None:
    states: list[State] = [
        {"logits": [0.0] * 4, "written": [False] * 4, "order": list(RULES), "values": OFF, "u": u}
        for u in (0.0, 0.25, 0.5, 0.75, 1 - 2**-53)
    ]

    assert [walk.token for walk in explored(states)] == [0, 1, 2, 3, 3]
    assert [by_torch(state)[0].token for state in states] == [0, 1, 2, 3, 3]


def test_a_dropped_token_is_never_drawn(explored: Callable[[list[State]], list[Walk]]) -> None:
    """Not even at the ends: the sum of ten tenths is rounded to less than 1."""
    logits = [-5.0, *[0.1] * 10, -5.0]
    state: State = {"logits": logits, "written": [False] * 12, "order": list(RULES)}
    state["values"] = {**OFF, "top-k": 10}
    states = [{**state, "u": u} for u in (0.0, 1 - 2**-53)]

    found = explored(states)

    assert found[1].stages[-1].probabilities.cumsum(0)[-1] <= states[1]["u"]
    assert [walk.token for walk in found] == [1, 10]
    assert [by_torch(each)[0].token for each in states] == [1, 10]


def test_no_logit_is_too_large_for_the_softmax(
    explored: Callable[[list[State]], list[Walk]],
) -> None:
    values = {**OFF, "repetition": 0.5, "temperature": 0.05, "top-p": 0.75}
    state: State = {"logits": [100.0, 100.0, -100.0], "written": [True] * 3, "order": list(RULES)}
    state |= {"values": values, "u": 0.625}

    (found,) = explored([state])

    assert found.token == 1
    agrees(found, by_torch(state)[0])


# What readers do


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(reduced_motion="reduce", service_workers="block")
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def opened(page: Page, address: str, path: str = PATHS[1]) -> Locator:
    return open_explorer(page, "sampling", address + path)


def column(explorer: Locator, name: str) -> list[str]:
    """The texts of a column of the step's table."""
    heads = explorer.locator(".sampling-table thead th").all_inner_texts()
    cell = heads.index(name) + 1
    return explorer.locator(f".sampling-table tbody tr > :nth-child({cell})").all_inner_texts()


def rules(explorer: Locator) -> list[str]:
    return explorer.locator(".rules label").all_inner_texts()


def test_it_opens_on_what_its_cells_print(page: Page, address: str, site: Site) -> None:
    block = site.pages[PATHS[1]].select_one('[data-cell="first"]')
    assert block is not None
    printed = [re.findall(r"\d\.\d+", line.get_text()) for line in block.select(".go")]
    before, sums, after = [numbers for numbers in printed if numbers]

    explorer = opened(page, address)
    explorer.get_by_role("button", name="Next step").click()

    def shown(name: str) -> list[str]:
        return [f"{float(text):.4f}" for text in column(explorer, name)]

    assert shown("before") == before
    assert shown("running sum") == sums
    assert shown("after") == after
    assert column(explorer, "fate") == ["kept"] * 3 + ["dropped"] * 4
    line = "0.6024 + 0.2216 + 0.0815 ≈ 0.9055 ≥ 0.9; keeps a, b, c"
    expect(explorer.locator(".current")).to_have_text(line)
    entropy = "Entropy: 1.1695 → 0.8324, as much as 3.22 → 2.3 equally likely tokens."
    expect(explorer.locator(".entropy")).to_have_text(entropy)


def test_steps_are_walked_by_keyboard_and_said(page: Page, address: str) -> None:
    explorer = opened(page, address)
    current, status = explorer.locator(".current"), explorer.get_by_role("status")
    explorer.get_by_role("button", name="Next step").focus()

    said = []
    for key in ["ArrowRight", "End", "ArrowRight", "Home"]:
        page.keyboard.press(key)
        said.append(current.text_content())
        expect(status).to_contain_text(str(said[-1]))

    assert said == [
        "0.6024 + 0.2216 + 0.0815 ≈ 0.9055 ≥ 0.9; keeps a, b, c",
        "0 ≤ 0.4963 < 0.6652: gives a",
        "0 ≤ 0.4963 < 0.6652: gives a",
        "a: exp(3) ÷ sum of the exponentials ≈ 20.0855 ÷ 33.3448 ≈ 0.6024",
    ]


def test_rules_change_places_by_keyboard_and_the_focus_goes_along(page: Page, address: str) -> None:
    explorer = opened(page, address, f"{PATHS[1]}?temperature=2&step=draw")
    kept = explorer.locator(".rules li", has_text="Top-p").locator(".effect")
    expect(kept).to_have_text("kept: 7 → 5")
    earlier = explorer.get_by_role("button", name="Top-p: earlier")
    earlier.focus()

    page.keyboard.press("Enter")
    page.keyboard.press("Enter")

    expect(earlier).to_be_focused()
    moved = ["Repetition penalty", "Top-p", "Temperature", "Top-k", "Min-p"]
    assert rules(explorer) == moved
    expect(kept).to_have_text("kept: 7 → 3")
    expect(explorer.get_by_role("status")).to_contain_text("Top-p: place 2 of 5")
    for _ in range(3):
        page.keyboard.press("Enter")
    assert rules(explorer)[0] == "Top-p"
    expect(earlier).to_have_attribute("aria-disabled", "true")
    expect(earlier).to_be_focused()
    page.wait_for_url(re.compile("order=top-p"))


def test_rules_change_places_under_a_finger(browser: Browser, address: str) -> None:
    context = browser.new_context(has_touch=True, viewport={"width": 360, "height": 800})
    explorer = opened(context.new_page(), address, PATHS[0])

    explorer.get_by_role("button", name="Température : plus tard").tap()
    assert rules(explorer)[:3] == ["Pénalité de répétition", "Top-k", "Température"]
    explorer.get_by_role("button", name="Étape suivante").tap()
    expect(explorer.locator(".current")).to_contain_text("garde a, b, c")
    explorer.get_by_role("checkbox", name="a est déjà écrit").tap()
    explorer.get_by_label("Pénalité de répétition", exact=True).fill("1,3")
    expect(explorer.locator(".effect").first).to_have_text("gardés : 7 → 7")
    context.close()


def test_a_number_is_drawn_and_shown_where_it_falls(page: Page, address: str) -> None:
    explorer = opened(page, address, f"{PATHS[1]}?top-p=1")
    field = explorer.get_by_label("Uniform number u", exact=True)
    field.fill("0,95")
    explorer.get_by_role("button", name="Last step").click()

    expect(explorer.locator(".drawing .gives")).to_have_text("gives d")
    expect(explorer.locator(".current")).to_have_text("0.9055 ≤ 0.95 < 0.9549: gives d")
    assert column(explorer, "fate").index("drawn") == 3
    strip = explorer.get_by_role("img")
    expect(strip).to_have_attribute("aria-label", re.compile("d up to 0.9549; .*line at 0.95"))
    left = "([box, mark]) => (mark.left + 1.5 - box.left) / box.width"
    boxes = "box => [box, box.querySelector('.mark')].map(one => one.getBoundingClientRect())"
    assert strip.evaluate(f"box => ({left})(({boxes})(box))") == pytest.approx(0.95, abs=0.01)

    explorer.get_by_role("button", name="First step").click()
    seen = set()
    for _ in range(5):
        explorer.get_by_role("button", name="Draw u at random").click()
        seen.add(field.input_value())
        expect(explorer.locator(".current")).to_contain_text("gives")
    assert len(seen) > 1
    assert all(0 <= float(text) < 1 for text in seen)


def test_tokens_are_added_named_and_removed(page: Page, address: str) -> None:
    explorer = opened(page, address)
    add = explorer.get_by_role("button", name="Add a token")
    add.click()
    expect(explorer.get_by_label("logit of h", exact=True)).to_be_focused()
    explorer.get_by_label("logit of h", exact=True).fill("−4,5")
    explorer.get_by_label("token 8", exact=True).fill("the*")
    explorer.get_by_label("logit of the*", exact=True).press("ArrowUp")
    explorer.get_by_label("logit of the*", exact=True).press("Shift+ArrowUp")
    assert column(explorer, "logit")[-1] == "−3.4000"
    assert column(explorer, "token")[-1] == "the*"
    page.wait_for_url(re.compile("tokens="))

    again = opened(page, "", page.url)
    assert column(again, "token")[-1] == "the*"
    for _ in range(15):
        add.dispatch_event("click")  # Playwright would wait for one that is full to be enabled
    expect(explorer.locator(".sampling-fields tbody tr")).to_have_count(20)
    remove = explorer.get_by_role("button", name=re.compile("^Remove"))
    for _ in range(25):
        remove.first.dispatch_event("click")
    expect(remove).to_have_count(2)
    expect(remove.first).to_be_focused()


def test_what_cannot_be_read_is_refused_in_words(page: Page, address: str) -> None:
    explorer = opened(page, address, PATHS[0])
    fault, walk = explorer.locator(".fault"), explorer.locator(".walk")
    faults = {
        "logit de a": ("deux", "il faut un nombre"),
        "Température": ("0", "k = 1"),
        "Top-k": ("2,5", "un entier"),
        "Top-p": ("0", "0,0001"),
        "Min-p": ("2", "de 0 à 1"),
        "Pénalité de répétition": ("6", "de 0,5 à 5"),
        "Nombre uniforme u": ("1", "sans atteindre 1"),
    }
    for name, (text, words) in faults.items():
        field = explorer.get_by_label(name, exact=True)
        before = field.input_value()
        field.fill(text)
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(fault).to_contain_text(words)
        expect(explorer.get_by_role("status")).to_contain_text(words)
        expect(walk).to_have_attribute("inert", "")
        field.fill(before)
        expect(fault).to_be_empty()
        expect(walk).not_to_have_attribute("inert", "")


REMARKS = {
    "logits=2_1_1_1_1_0_0_-1&top-k=3&top-p=1&step=top-k": "would keep 5 tokens instead of 3",
    "logits=0_0_0_0_0_0_0_0&top-p=0.5&step=top-p": "exactly",
    f"logits={'_'.join('0' * 20)}&top-p=0.5&step=top-p": "rounding",
}


@pytest.mark.parametrize("state", REMARKS)
def test_a_tie_is_said(page: Page, address: str, state: str) -> None:
    explorer = opened(page, address, f"{PATHS[1]}?{state}")

    expect(explorer.locator(".remark")).to_contain_text(REMARKS[state])


def test_a_penalty_without_marks_is_said_to_do_nothing(page: Page, address: str) -> None:
    explorer = opened(page, address, f"{PATHS[1]}?repetition=1.3&step=repetition")
    expect(explorer.locator(".current")).to_contain_text("changes nothing")

    explorer.get_by_role("checkbox", name="a is already written").check()
    explorer.get_by_role("checkbox", name="f is already written").check()

    line = "a: 3 ÷ 1.3 ≈ 2.3077; f: −1 × 1.3 = −1.3"
    expect(explorer.locator(".current")).to_have_text(line)


@pytest.mark.parametrize(
    ("preset", "count"), [("twenty equal", 20), ("one sure", 20), ("ties", 8), ("eight equal", 8)]
)
def test_an_example_fills_the_logits(page: Page, address: str, preset: str, count: int) -> None:
    explorer = opened(page, address)
    choice = explorer.get_by_label("Example")
    option = choice.locator("option", has_text=preset).get_attribute("value")

    choice.select_option(option)

    expect(explorer.locator(".sampling-fields tbody tr")).to_have_count(count)
    assert sum(float(p) for p in column(explorer, "probability")) == pytest.approx(1, abs=1e-3)
    explorer.get_by_label("logit of a", exact=True).fill("7.5")
    expect(choice).to_have_value("own")


def test_the_address_keeps_what_is_seen_in_both_languages(page: Page, address: str) -> None:
    explorer = opened(page, address, PATHS[0])
    explorer.get_by_label("logit de b", exact=True).fill("−2,25")
    explorer.get_by_label("jeton 2", exact=True).fill("le %")
    explorer.get_by_role("checkbox", name="a est déjà écrit").check()
    explorer.get_by_label("Pénalité de répétition", exact=True).fill("1,3")
    explorer.get_by_label("Température", exact=True).fill("0,75")
    explorer.get_by_label("Min-p", exact=True).fill("0,05")
    explorer.get_by_label("Nombre uniforme u", exact=True).fill("0,125")
    explorer.get_by_role("button", name="Min-p : plus tôt").click()
    explorer.get_by_role("button", name="Dernière étape").click()
    seen = explorer.locator(".walk").inner_text()
    page.wait_for_url(re.compile("step=draw"))

    again = opened(page, "", page.url)
    assert again.locator(".walk").inner_text() == seen
    assert rules(again)[3:] == ["Min-p", "Top-p"]
    expect(again.get_by_role("checkbox", name="a est déjà écrit")).to_be_checked()

    page.locator(".md-header button.md-icon:has(+ .md-select__inner)").hover()
    page.locator(".md-select__link[hreflang=en]").click()
    page.wait_for_url(re.compile("/en/sampling-explorer/"))
    expect(page.get_by_label("logit of le %", exact=True)).to_have_value("−2.25")
    expect(page.get_by_label("Temperature", exact=True)).to_have_value("0.75")


STATES = """
async count => {
  const { described, restored } = await import("/assets/sampling-explorer/state.js");
  const { RULES } = await import("/assets/sampling-explorer/sampling.js");
  let seed = 29;
  const draw = (least, most) => {
    seed = (seed * 16807) % 2147483647;
    return least + (seed % (most - least + 1));
  };
  const plain = state => JSON.stringify(state);
  return Array.from({ length: count }, () => {
    const n = draw(2, 20);
    const list = make => Array.from({ length: n }, make);
    const state = restored(() => null);
    state.tokens = list(() => ["a", "é", "le *", "%2A", "", "a&b=c+d", "_", "#"][draw(0, 7)]);
    state.logits = list(() => draw(-10000, 10000) / 100 || 1);
    state.written = list(() => draw(0, 1) === 1);
    state.order = [...RULES].sort(() => draw(-1, 1));
    state.values = { repetition: draw(50, 500) / 100, temperature: draw(5, 1000) / 100 };
    Object.assign(state.values, { "top-k": draw(0, 20), "top-p": draw(1, 10000) / 10000 });
    state.values["min-p"] = draw(0, 1000) / 1000;
    state.u = draw(0, 9999) / 10000;
    state.step = ["start", ...RULES, "draw"][draw(0, 6)];
    const query = new URLSearchParams(String(described(state)));
    return [plain(state), plain(restored(name => query.get(name)))];
  });
}
"""


def test_any_state_comes_back_from_its_address(page: Page, address: str) -> None:
    page.goto(address + "verified.json")

    states = page.evaluate(STATES, 200)

    assert len({before for before, _ in states}) == 200
    assert [pair for pair in states if pair[0] != pair[1]] == []


@pytest.mark.parametrize(
    "nonsense",
    [
        "logits=&tokens=&written=x&order=top-p&temperature=hot&u=1&step=x",
        "logits=1&top-k=2.5&top-p=0&min-p=-1&repetition=1e9",
        "logits=1_q&written=99_-1&order=top-p*top-p*top-p*top-p*top-p&u=-0.1",
        "logits=" + "_".join("9" * 40) + "&tokens=" + "*".join("abcdefghijklmnopqrstuvwxyz"),
        "logits=1e400_1&tokens=%25E0%25A4%25A",
    ],
)
def test_an_address_that_makes_no_sense_opens_all_the_same(
    page: Page, address: str, nonsense: str
) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))

    explorer = opened(page, address, f"{PATHS[1]}?{nonsense}")
    explorer.get_by_role("button", name="Last step").click()

    assert errors == []
    expect(explorer.locator(".current")).to_contain_text("gives")


@pytest.mark.parametrize("path", [PATHS[0], pytest.param(PATHS[1], marks=pytest.mark.exhaustive)])
def test_links_of_the_page_change_the_state_and_back_returns(
    page: Page, address: str, path: str
) -> None:
    explorer = opened(page, address, path)
    links = page.locator("article li a[href^='./?']")
    addresses = links.evaluate_all("all => all.map(a => a.href)")
    assert len(addresses) >= 15
    page.evaluate("window.same = true")

    for link, target in zip(links.all(), addresses, strict=True):
        link.click()
        assert query(page) == query(target)
        expect(explorer).to_be_focused()
        expect(explorer.locator(".fault")).to_be_empty()
        explorer.evaluate("explorer => explorer.keep()")
        said = dict(parse_qsl(query(target)))
        assert dict(parse_qsl(query(page))) == {
            name: text for name, text in said.items() if (name, text) != ("step", "start")
        }

    page.go_back()
    becomes_true(page, f"location.search === {json.dumps('?' + query(addresses[-2]))}")
    assert page.evaluate("window.same")  # the page was not loaded again


def test_both_languages_have_words_for_everything(page: Page, address: str) -> None:
    words = names_of_words(page, address, "sampling")

    assert words[0] == words[1]
    assert len(words[0]) > 60


def test_two_of_them_in_a_chapter_keep_apart_and_leave_the_address_alone(
    page: Page, address: str
) -> None:
    opened(page, address, f"{PATHS[1]}?step=draw")
    page.evaluate("""() => {
      for (const attributes of ['logits="1_2" step="draw"', 'top-p="0.5" u="0.25"'])
        document.querySelector("article").insertAdjacentHTML(
          "beforeend", `<precis-sampling ${attributes}></precis-sampling>`);
    }""")
    first, second = page.locator("precis-sampling").all()[1:]
    before = query(page)

    expect(first.locator(".sampling-table tbody tr")).to_have_count(2)
    second.get_by_label("Top-k", exact=True).fill("2")
    expect(first.get_by_label("Top-k", exact=True)).to_have_value("0")
    second.get_by_role("button", name="Last step").click()
    page.wait_for_timeout(600)
    assert query(page) == before
    ids = page.evaluate("[...document.querySelectorAll('precis-sampling [id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))

    seen = second.locator(".walk").inner_text()
    second.get_by_role("link", name="Open this state").click()
    page.wait_for_url(re.compile("sampling-explorer/\\?"))
    assert page.locator("precis-sampling .walk").first.inner_text() == seen


# Every reader

LARGEST = (
    "?logits=10_0.125_-3.25_0_0_0_0_0_0_0_0_0_0_0_0_0_0_0_0_-100"
    "&tokens=unbelievably*wwwwwwwwwwww*.&written=0_1&repetition=1.3&temperature=10"
    "&top-k=19&top-p=0.95&min-p=0.01&step="
)


@pytest.mark.parametrize(("path", "scheme", "width"), looks("sampling"))
def test_no_state_breaks_a_rule_of_accessibility_or_scrolls_the_page(
    browser: Browser, address: str, path: str, scheme: str, width: int
) -> None:
    states = ("", "?step=top-p", "?step=draw", LARGEST + "top-p", LARGEST + "draw")
    check_states(browser, "sampling", [address + path + state for state in states], scheme, width)


def test_targets_are_large_enough_for_a_finger(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 320, "height": 800})
    explorer = opened(page, address, PATHS[1] + LARGEST + "top-p")

    targets = "button, select, input:not([type=checkbox]), label:has(input)"
    small = small_targets(explorer, targets)

    assert small == []


def test_forced_colours_keep_the_token_that_is_drawn(browser: Browser, address: str) -> None:
    context = browser.new_context(forced_colors="active")
    explorer = opened(context.new_page(), address, f"{PATHS[1]}?step=draw")

    chosen = explorer.locator(".sampling-table tr.drawn")
    expect(chosen).to_have_count(1)
    expect(chosen.locator(".fate")).to_have_text("drawn")
    edge = "piece => getComputedStyle(piece).borderBlockStartWidth"
    assert explorer.locator(".strip .in").evaluate(edge) == "4px"
    assert explorer.locator(".strip .rest").first.evaluate(edge) == "0px"
    context.close()


@pytest.mark.parametrize("path", PATHS)
def test_without_javascript_a_figure_and_its_cells_stand_for_it(
    browser: Browser, address: str, path: str
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address + path)

    expect(page.locator("precis-sampling figure svg")).to_be_visible()
    expect(page.locator("precis-sampling figcaption")).to_contain_text("JavaScript")
    expect(page.locator('precis-sampling [data-cell="first"] .go').first).to_be_visible()
    context.close()
