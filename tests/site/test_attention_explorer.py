"""The attention explorer: its arithmetic beside PyTorch's, and how readers drive it."""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Callable, Iterator
from typing import Any

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

PATHS = paths("attention")
COUNT = 500
RELATIVE, ABSOLUTE = 1e-9, 1e-12

State = dict[str, Any]
Values = dict[str, torch.Tensor]

# Arithmetic

ATTEND = """
text => {
  // neither NaN nor an infinity is written in JSON
  const read = (_, value) => (/^-?Infinity$/.test(value) ? Number(value) : value);
  const write = (_, value) =>
    typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
  const values = JSON.parse(text, read).map(state => {
    const { heads, output } = attend(state);
    const all = name => heads.map(head => head[name]);
    return { scaled: all("scaled"), weights: all("weights"), output };
  });
  return JSON.stringify(values, write);
}
"""


@pytest.fixture(scope="module")
def attend(request: pytest.FixtureRequest) -> Callable[[list[State]], list[Values]]:
    """The explorer's own computation."""
    run = computation(request, "attention", "attend", ATTEND)

    def computed(states: list[State]) -> list[Values]:
        text = re.sub("-?Infinity", r'"\g<0>"', json.dumps(states))
        found = json.loads(run(text))
        return [{name: tensor(values) for name, values in each.items()} for each in found]

    return computed


def tensor(rows: Any) -> torch.Tensor:
    def numbers(value: Any) -> Any:
        return [numbers(each) for each in value] if isinstance(value, list) else float(value)

    return torch.tensor(numbers(rows), dtype=torch.float64)


MASKS = ("none", "causal", "window", "times", "late", "strict", "ahead")
SCALES = ("root", "none", "size")


def drawn(draw: random.Random) -> State:
    """A state with at most two decimals a number; some with scores that are all equal."""
    n, d = draw.randint(1, 8), draw.choice([2, 3])

    def matrix(rows: int) -> list[list[float]]:
        return [[round(draw.uniform(-5, 5), 2) for _ in range(d)] for _ in range(rows)]

    state: State = {
        "mask": draw.choice(MASKS),
        "width": draw.randint(1, 8),
        "scale": draw.choice(SCALES),
        "temperature": draw.choice([0.1, 0.37, 1, 2.5, 10]),
        "offset": draw.choice([None, 0, 1, draw.randint(2, 1000)]),
        "heads": draw.choice([1, 1, d]),
        "axis": draw.choice([1, 1, 1, 0]),
    }
    if draw.random() < 0.3:
        state |= {name: matrix(n) for name in "QKV"}
    else:
        state |= {"X": matrix(n), **{f"W{name}": matrix(d) for name in "qkv"}}
    if draw.random() < 0.1:
        names = ["K"] if "K" in state else ["X", "Q", "K", "V"]
        state |= {name: [matrix(1)[0]] * n for name in names if name in state}
        state["offset"] = None
    return state


def by_torch(state: State) -> Values:
    """The same, as PyTorch computes it in float64."""
    if "Q" in state:
        q, k, v = (tensor(state[name]) for name in "QKV")
    else:
        q, k, v = (tensor(state["X"]) @ tensor(state[f"W{name}"]) for name in "qkv")
    n, d = q.shape
    heads, size = state["heads"], d // state["heads"]
    if state["offset"] is not None and size > 1:
        q, k = turned(q, state["offset"]), turned(k, state["offset"])
    q, k, v = (one.view(n, heads, size).transpose(0, 1) for one in (q, k, v))
    divisor = {"root": math.sqrt(size), "none": 1.0, "size": size}[state["scale"]]
    scaled = q @ k.mT / (divisor * state["temperature"])

    ones = torch.ones(n, n, dtype=torch.bool)
    seen = {
        "none": ones,
        "window": ones.tril() & ~ones.tril(-state["width"]),
        "strict": ones.tril(-1),
        "ahead": ones.tril(1),
    }.get(state["mask"], ones.tril())
    dim = 2 if state["axis"] == 1 else 1
    if state["mask"] == "times":
        weights = torch.softmax(scaled + (~seen).double() * -math.inf, dim=dim)
    elif state["mask"] == "late":
        weights = torch.softmax(scaled, dim=dim).masked_fill(~seen, 0.0)
    else:
        weights = torch.softmax(scaled.masked_fill(~seen, -math.inf), dim=dim)
    output = (weights @ v).transpose(0, 1).reshape(n, d)
    return {"scaled": scaled, "weights": weights, "output": output}


def turned(rows: torch.Tensor, offset: int) -> torch.Tensor:
    angles = torch.arange(offset, offset + len(rows), dtype=torch.float64)
    pairs = torch.view_as_complex(rows[:, :2].contiguous()) * torch.polar(
        torch.ones_like(angles), angles
    )
    return torch.cat([torch.view_as_real(pairs), rows[:, 2:]], dim=1)


def differences(found: Values, expected: Values) -> dict[str, float]:
    """How far each matrix is from PyTorch's, as a share of what is allowed."""
    assert found.keys() == expected.keys()
    shares = {}
    for name, theirs in expected.items():
        mine = found[name]
        assert mine.shape == theirs.shape, name
        assert torch.equal(mine.isnan(), theirs.isnan()), name
        assert torch.equal(mine.isinf(), theirs.isinf()), name
        infinite = theirs.isinf()
        assert torch.equal(mine[infinite], theirs[infinite]), name
        finite = theirs.isfinite()
        error = (mine - theirs)[finite].abs()
        allowed = (RELATIVE * theirs[finite].abs()).clamp(min=ABSOLUTE)
        shares[name] = (error / allowed).max().item() if finite.any() else 0.0
    return shares


def test_500_random_states_come_out_as_pytorch_computes_them(
    attend: Callable[[list[State]], list[Values]],
) -> None:
    draw = random.Random(28)
    states = [drawn(draw) for _ in range(COUNT)]
    expected = [by_torch(state) for state in states]

    found = attend(states)

    worst = 0.0
    for state, mine, theirs in zip(states, found, expected, strict=True):
        shares = differences(mine, theirs)
        assert max(shares.values()) <= 1, (state, shares)
        worst = max(worst, *shares.values())
    nan = sum(bool(one["output"].isnan().any()) for one in expected)
    equal = [
        one
        for one in expected
        if one["scaled"].shape[-1] > 1 and (one["scaled"] == one["scaled"][..., :1]).all()
    ]
    print(f"{nan} of {COUNT} states with NaN, {len(equal)} with equal scores")
    print(f"the largest error is {worst:.1e} of what is allowed")
    assert {(state["mask"], state["scale"]) for state in states} == {
        (mask, scale) for mask in MASKS for scale in SCALES
    }
    assert nan > COUNT / 10
    assert len(equal) >= 10


@pytest.mark.parametrize("number", [math.inf, -math.inf])
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("name", ["K", "V"])
def test_infinities_go_where_pytorch_has_them(
    attend: Callable[[list[State]], list[Values]], name: str, mask: str, number: float
) -> None:
    state = {"mask": mask, "width": 2, "scale": "root", "temperature": 1, "offset": None}
    state |= {"heads": 1, "axis": 1, "Q": [[2, 0], [0, 1], [2, 1]], "K": [[0, 1], [1, 0], [1, 1]]}
    state |= {"V": [[1, 0], [0, 10], [1, 10]]}
    state[name] = [*state[name][:2], [number, 1]]  # type: ignore[index]

    (found,) = attend([state])

    assert max(differences(found, by_torch(state)).values()) <= 1


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
    return open_explorer(page, "attention", address + path)


def shown(explorer: Locator, name: str) -> list[list[float]]:
    """The numbers of a table, by what its caption calls it."""
    table = explorer.locator(".walk table", has=explorer.page.get_by_text(name, exact=True))
    rows = table.locator("tbody tr").evaluate_all(
        "rows => rows.map(row => [...row.querySelectorAll('td')].map(cell => cell.innerText))"
    )
    return [[float(text.replace("−", "-").replace("∞", "inf")) for text in row] for row in rows]


def test_it_opens_on_what_its_cells_print(page: Page, address: str, site: Site) -> None:
    block = site.pages[PATHS[1]].select_one('[data-cell="attend"]')
    assert block is not None
    printed = [
        [float(number) for number in re.findall(r"-?\d+\.\d+", line)]
        for line in (output.get_text() for output in block.select(".go"))
    ]

    explorer = opened(page, address)
    explorer.get_by_role("button", name="Last step").click()

    weights = [row[:3] for row in shown(explorer, "weights")]
    assert weights + shown(explorer, "output") == printed
    expect(explorer.locator(".current")).to_have_text(
        "0.14 × [1, 0] + 0.284 × [0, 10] + 0.576 × [1, 10] ≈ [0.716, 8.5997]"
    )


def test_steps_and_tokens_are_chosen_by_keyboard(page: Page, address: str) -> None:
    explorer = opened(page, address)
    current, status = explorer.locator(".current"), explorer.get_by_role("status")
    explorer.get_by_role("button", name="Next step").focus()

    said = []
    for key in ["ArrowRight", "ArrowRight", "ArrowLeft", "End", "ArrowRight", "Home"]:
        page.keyboard.press(key)
        said.append(current.text_content())
        expect(status).to_contain_text(str(said[-1]))

    project = "q = 1 × [2, 0] + 1 × [0, 1] = [2, 1]"
    last = "0.14 × [1, 0] + 0.284 × [0, 10] + 0.576 × [1, 10] ≈ [0.716, 8.5997]"
    scores = "[2, 1] · [0, 1] = 1; [2, 1] · [1, 0] = 2; [2, 1] · [1, 1] = 3"
    assert said == [project, scores, project, last, last, "x = [1, 1]"]

    page.keyboard.press("End")
    explorer.get_by_role("radio", name="c").focus()
    page.keyboard.press("ArrowUp")
    expect(current).to_have_text("0.6698 × [1, 0] + 0.3302 × [0, 10] ≈ [0.6698, 3.3024]")
    expect(explorer.locator("tr.asks > th")).to_have_text(["b"] * 6)
    expect(status).to_contain_text("0.6698 × [1, 0]")


def test_what_is_ahead_is_not_shown_to_anyone(page: Page, address: str) -> None:
    explorer = opened(page, address, f"{PATHS[1]}?step=mask")

    expect(explorer.locator(".predict")).to_contain_text("which weight will be largest?")
    ahead = explorer.locator(".walk .ahead")
    assert ahead.locator("caption span").all_inner_texts() == ["weights", "output"]
    assert not re.search(r"\d", " ".join(ahead.locator("td").all_inner_texts()))
    assert ahead.evaluate_all("all => all.every(box => box.ariaHidden === 'true')")


def test_steps_and_rows_answer_to_a_finger(browser: Browser, address: str) -> None:
    context = browser.new_context(has_touch=True, viewport={"width": 360, "height": 800})
    explorer = opened(context.new_page(), address, PATHS[0])

    explorer.get_by_role("button", name="Étape suivante").tap()
    expect(explorer.locator(".current")).to_have_text("q = 1 × [2 ; 0] + 1 × [0 ; 1] = [2 ; 1]")
    explorer.locator(".walk tbody tr", has_text="a").first.tap()
    expect(explorer.locator(".current")).to_have_text("q = 1 × [2 ; 0] = [2 ; 0]")
    context.close()


def test_equal_words_have_one_vector(page: Page, address: str) -> None:
    explorer = opened(page, address)
    explorer.get_by_label("Tokens").fill("the cat the")
    explorer.get_by_label("Mask", exact=True).select_option("none")
    explorer.get_by_role("button", name="Last step").click()

    first, _, third = shown(explorer, "output")
    assert first == third
    number = explorer.get_by_label("X, row the, column 1")
    expect(number).to_have_count(2)
    number.first.fill("−2,5")
    expect(number.last).to_have_value("−2.5")
    first, _, third = shown(explorer, "output")
    assert first == third

    explorer.get_by_label("Positions").select_option("rope")
    first, _, third = shown(explorer, "output")
    assert first != third


def test_words_that_change_places_take_their_numbers_along(page: Page, address: str) -> None:
    explorer = opened(page, address, f"{PATHS[1]}?mask=none&step=output")
    before = dict(zip("abc", shown(explorer, "output"), strict=True))

    explorer.get_by_label("Tokens").fill("c a b")

    assert dict(zip("cab", shown(explorer, "output"), strict=True)) == before


def test_numbers_are_stepped_by_arrows_and_refused_in_words(page: Page, address: str) -> None:
    explorer = opened(page, address, f"{PATHS[0]}?step=project")
    number = explorer.get_by_label("W q, ligne 1, colonne 1")
    number.press("ArrowUp")
    expect(number).to_have_value("3")
    expect(explorer.locator(".current")).to_have_text("q = 1 × [3 ; 0] + 1 × [0 ; 1] = [3 ; 1]")
    number.press("Shift+ArrowDown")
    expect(number).to_have_value("2,9")

    number.fill("deux")
    expect(number).to_have_attribute("aria-invalid", "true")
    expect(explorer.locator(".fault")).to_contain_text("ce n’est pas un nombre")
    expect(explorer.get_by_role("status")).to_contain_text("ce n’est pas un nombre")
    expect(explorer.locator(".walk")).to_have_attribute("inert", "")
    number.fill("1")
    expect(explorer.locator(".fault")).to_be_empty()
    expect(explorer.locator(".walk")).not_to_have_attribute("inert", "")

    explorer.get_by_label("Jetons").fill("")
    expect(explorer.locator(".fault")).to_contain_text("un jeton au moins")
    explorer.get_by_label("Jetons").fill("a b c d e f g h i")
    expect(explorer.locator(".fault")).to_contain_text("8 premiers")
    expect(explorer.get_by_role("radio")).to_have_count(8)


def test_queries_keys_and_values_can_be_written_directly(page: Page, address: str) -> None:
    explorer = opened(page, address, f"{PATHS[1]}?step=output")
    before = shown(explorer, "output")

    explorer.get_by_label("write Q, K and V directly").check()
    assert shown(explorer, "output") == before
    expect(explorer.get_by_label("X, row a, column 1")).to_have_count(0)
    explorer.get_by_label("V, row c, column 2").fill("inf")

    nan, infinite = shown(explorer, "output")[0], shown(explorer, "output")[2]
    assert math.isnan(nan[1])
    assert math.isinf(infinite[1])
    expect(explorer.locator(".remark")).to_contain_text("does not hide an infinity")


MISTAKES = {
    "mask=times": "NaN",
    "mask=strict": "nobody left",
    "mask=late": "no longer sum to 1",
    "mask=ahead": "the answer",
    "axis=0": "do not sum to 1",
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_said_once_it_shows(page: Page, address: str, mistake: str) -> None:
    explorer = opened(page, address, f"{PATHS[1]}?{mistake}&query=0")
    expect(explorer.locator(".remark")).to_be_empty()

    explorer.get_by_role("button", name="Last step").click()

    expect(explorer.locator(".remark")).to_contain_text(MISTAKES[mistake])
    expect(explorer.get_by_role("status")).to_contain_text(MISTAKES[mistake])


def test_the_address_keeps_what_is_seen_in_both_languages(page: Page, address: str) -> None:
    explorer = opened(page, address, PATHS[0])
    explorer.get_by_label("Composantes").select_option("3")
    explorer.get_by_label("Jetons").fill("un deux un trois")
    explorer.get_by_label("X, ligne deux, colonne 3").fill("−2,25")
    explorer.get_by_label("W v, ligne 3, colonne 1").fill("1,5")
    explorer.get_by_label("Masque", exact=True).select_option("window")
    explorer.get_by_label("Largeur").fill("3")
    explorer.get_by_label("Échelle des scores").select_option("none")
    explorer.get_by_label("Température τ", exact=True).fill("2,5")
    explorer.get_by_label("Positions").select_option("rope")
    explorer.get_by_label("Position du premier").fill("1000")
    explorer.get_by_role("radio", name="trois").check()
    explorer.get_by_role("button", name="Dernière étape").click()
    seen = explorer.locator(".walk").inner_text()
    page.wait_for_url(re.compile("step=output"))

    again = opened(page, "", page.url)
    assert again.locator(".walk").inner_text() == seen
    expect(again.get_by_label("Position du premier")).to_have_value("1000")
    kept = query(page)
    again.get_by_role("radio", name="deux").check()
    again.get_by_role("radio", name="trois").check()
    page.wait_for_timeout(600)
    assert query(page) == kept

    page.locator(".md-header button.md-icon:has(+ .md-select__inner)").hover()
    page.locator(".md-select__link[hreflang=en]").click()
    page.wait_for_url(re.compile("/en/attention-explorer/"))
    expect(page.get_by_label("W v, row 3, column 1")).to_have_value("1.5")
    line = page.locator("precis-attention .current").inner_text()
    assert line in seen.replace(" ;", ",").replace(",", ".").replace(". ", ", ")


STATES = """
async count => {
  const { described, restored } = await import("/assets/attention-explorer/state.js");
  const MASKS = ["none", "causal", "window", "times", "late", "strict", "ahead"];
  let seed = 28;
  const draw = (least, most) => {
    seed = (seed * 16807) % 2147483647;
    return least + (seed % (most - least + 1));
  };
  const plain = state => JSON.stringify({ ...state, vectors: [...state.vectors] });
  return Array.from({ length: count }, () => {
    const [n, d] = [draw(1, 8), draw(2, 3)];
    const matrix = rows =>
      Array.from({ length: rows }, () => Array.from({ length: d }, () => draw(-500, 500) / 100));
    const state = restored(() => null);
    state.tokens = Array.from({ length: n }, () => "abcdé+&*_"[draw(0, 8)]);
    state.vectors = new Map(state.tokens.map(word => [word, matrix(1)[0]]));
    Object.assign(state, { size: d, weights: [matrix(d), matrix(d), matrix(d)], direct: null });
    if (draw(0, 1)) state.direct = [matrix(n), matrix(n), matrix(n)];
    Object.assign(state, { mask: MASKS[draw(0, 6)], width: draw(1, 8), axis: draw(0, 1) });
    Object.assign(state, { scale: ["root", "none", "size"][draw(0, 2)], query: draw(0, n - 1) });
    state.temperature = draw(1, 100) / 10;
    state.offset = draw(0, 1) ? draw(0, 1000) : null;
    if (draw(0, 1)) Object.assign(state, { heads: d, head: draw(0, d - 1) });
    state.step = ["start", "scores", "late", "output"][draw(0, 3)];
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
        "tokens=&x=&mask=no&temperature=hot&offset=-1&heads=9&query=99&head=7&step=x",
        "x=1_0*q_1&wq=1&wk=1_2_3*4&wv=*&width=0&temperature=1e9",
        "q=1_0&k=1_0_0_0&v=1",
        "tokens=" + "+".join("abcdefghijkl"),
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
    expect(explorer.locator(".current")).to_contain_text("[")


@pytest.mark.parametrize("path", PATHS)
def test_links_of_the_page_change_the_state_and_back_returns(
    page: Page, address: str, path: str
) -> None:
    explorer = opened(page, address, path)
    links = page.locator("article li a[href^='./?']")
    addresses = links.evaluate_all("all => all.map(a => a.href)")
    assert len(addresses) >= 20
    page.evaluate("window.same = true")

    for link, target in zip(links.all(), addresses, strict=True):
        link.click()
        assert query(page) == query(target)
        expect(explorer).to_be_focused()
        expect(explorer.locator(".fault")).to_be_empty()
        expect(explorer.locator(".current")).to_contain_text("[")

    explorer.get_by_role("radio").first.press("ArrowDown")
    links.first.click()  # before the change of token was put into the address
    page.wait_for_timeout(600)
    assert query(page) == query(addresses[0])
    page.go_back()
    becomes_true(page, f"location.search === {json.dumps('?' + query(addresses[-1]))}")
    assert query(page) == query(addresses[-1])
    assert page.evaluate("window.same")  # the page was not loaded again


def test_both_languages_have_words_for_everything(page: Page, address: str) -> None:
    words = names_of_words(page, address, "attention")

    assert words[0] == words[1]
    assert len(words[0]) > 60


def test_two_of_them_in_a_chapter_keep_apart_and_leave_the_address_alone(
    page: Page, address: str
) -> None:
    opened(page, address, f"{PATHS[1]}?step=output")
    page.evaluate("""() => {
      for (const attributes of ['mask="none" step="weights"', 'tokens="x y" heads="2"'])
        document.querySelector("article").insertAdjacentHTML(
          "beforeend", `<precis-attention ${attributes}></precis-attention>`);
    }""")
    first, second = page.locator("precis-attention").all()[1:]
    before = query(page)

    expect(first.get_by_label("Mask", exact=True)).to_have_value("none")
    second.get_by_role("radio", name="x").check()
    expect(first.get_by_role("radio", name="c")).to_be_checked()
    second.get_by_role("button", name="Last step").click()
    page.wait_for_timeout(600)
    assert query(page) == before
    ids = page.evaluate("[...document.querySelectorAll('precis-attention [id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))

    seen = second.locator(".walk").inner_text()
    second.get_by_role("link", name="Open this state").click()
    page.wait_for_url(re.compile("attention-explorer/\\?"))
    assert page.locator("precis-attention .walk").first.inner_text() == seen


# Every reader

LARGEST = (
    "?tokens=one+two+three+four+five+unbelievably+seven+eight"
    "&x=5_-5_4.25*1_2_3*-4_4_1*0_0_5*1_1_1*2_-3_4*5_5_5*-1_-2_-3"
    "&offset=1000&scale=none&mask=window&width=8&step=output"
)


@pytest.mark.parametrize(("path", "scheme", "width"), looks("attention"))
def test_no_state_breaks_a_rule_of_accessibility_or_scrolls_the_page(
    browser: Browser, address: str, path: str, scheme: str, width: int
) -> None:
    states = ("", LARGEST, "?mask=times&step=output", "?mask=late&heads=2&step=late")
    check_states(browser, "attention", [address + path + state for state in states], scheme, width)


def test_wide_tables_are_scrolled_by_keyboard(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 320, "height": 800})
    explorer = opened(page, address, PATHS[1] + LARGEST)
    box = explorer.get_by_role("group", name="weights", exact=True)

    box.focus()
    page.keyboard.press("ArrowRight")

    expect(box).to_be_focused()
    box.evaluate("box => new Promise(done => setTimeout(done, 300))")
    assert box.evaluate("box => box.scrollLeft") > 0


def test_targets_are_large_enough_for_a_finger(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 320, "height": 800})
    explorer = opened(page, address, PATHS[1] + LARGEST)

    targets = "button, select, input:not([type=radio], [type=checkbox]), label:has(input)"
    small = small_targets(explorer, targets)

    assert small == []


def test_nothing_moves_and_no_hint_hides_the_line(page: Page, address: str) -> None:
    explorer = opened(page, address)

    moving = explorer.locator("*").evaluate_all("""all => all.filter(element => {
      const { animationName, transitionDuration } = getComputedStyle(element);
      return animationName !== "none" || transitionDuration !== "0s";
    }).map(element => element.outerHTML)""")

    assert moving == []
    assert explorer.locator("[title]").count() == 0  # Material makes tooltips of them


def test_forced_colours_keep_the_row_that_asks_and_what_is_infinite(
    browser: Browser, address: str
) -> None:
    context = browser.new_context(forced_colors="active")
    explorer = opened(context.new_page(), address, f"{PATHS[1]}?step=output")

    edge = "cell => getComputedStyle(cell).borderBlockStartColor"
    asks = explorer.locator(".walk tr.asks td").first
    other = explorer.locator(".walk tbody tr:not(.asks) td").first
    assert asks.evaluate(edge) != other.evaluate(edge)
    expect(explorer.locator(".walk td.infinite").first).to_have_text("−∞")
    context.close()


@pytest.mark.parametrize("path", PATHS)
def test_without_javascript_a_figure_and_its_cells_stand_for_it(
    browser: Browser, address: str, path: str
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address + path)

    expect(page.locator("precis-attention figure svg")).to_be_visible()
    expect(page.locator("precis-attention figcaption")).to_contain_text("JavaScript")
    expect(page.locator('precis-attention [data-cell="attend"] .go').first).to_be_visible()
    context.close()
