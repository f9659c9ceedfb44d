"""Material's style sheets after the cut: smaller, and the same to who reads."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from built import Site, hook, open_page
from playwright.sync_api import Browser, Page

SHEET = """@charset "UTF-8";:root{--used:1px;--icon:url('data:a;b{}c');--shown:url("x;y")}
/* a comment */.here,.gone>.here{margin:var(--used)}.gone{color:red}.here:not(.gone){top:0}
@media print{.gone{top:1px}}@media screen{.made-later .here,.gone{background:var(--shown)}}
@keyframes turn{0%{top:0}to{top:1px}}a[title=".gone"]{left:0}"""


@pytest.mark.parametrize(
    ("rule", "stays"),
    [
        ('@charset "UTF-8";', True),
        (".here{margin:var(--used)}", True),
        (".here:not(.gone){top:0}", True),
        ("@media screen{.made-later .here{background:var(--shown)}}", True),
        ("@keyframes turn{0%{top:0}to{top:1px}}", True),
        ('a[title=".gone"]{left:0}', True),
        (""":root{--used:1px;--shown:url("x;y")}""", True),
        (".gone{", False),
        ("print", False),
        ("--icon", False),
    ],
)
def test_a_rule_stays_if_something_may_have_its_names(rule: str, stays: bool) -> None:
    lighter = hook("hooks/lighter")
    names = lighter.used_names(['<p class="here" id="x">'], ['e.classList.add("made-later")'])

    cut = lighter.without_unused(SHEET, names)
    cut = lighter.without_unread(cut, lighter.read_properties([cut]))

    assert (rule in cut) is stays


def test_blank_lines_go_where_they_are_not_shown() -> None:
    html = "<p>a</p>\n  \n\n<pre>b\n\nc</pre>\n\n<script>d\n\ne</script><p>f</p>"

    cut = hook("hooks/lighter").without_blank_lines(html)

    assert cut == "<p>a</p>\n<pre>b\n\nc</pre>\n<script>d\n\ne</script><p>f</p>"


def material() -> Path:
    package = find_spec("material")
    assert package is not None
    (folder,) = package.submodule_search_locations or ()
    (sheet,) = Path(folder, "templates/assets/stylesheets").glob("main.*.min.css")
    return sheet


def test_the_sheet_that_a_reader_loads_is_a_quarter_smaller(site: Site) -> None:
    (sheet,) = site.folder.glob("assets/stylesheets/main.*.min.css")
    loaded, whole = (len(gzip.compress(path.read_bytes())) for path in (sheet, material()))
    assert loaded < 0.75 * whole
    assert sheet.name != material().name


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(service_workers="block", viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


STYLES = """
const kinds = new Map();
for (const element of document.querySelectorAll("body, body :not(pre *, svg *)")) {
    const ends = [element.previousElementSibling, element.nextElementSibling].map(Boolean);
    const own = `${element.tagName} ${element.className} ${element.hidden} ${element.open} ${ends}`;
    const above = kinds.get(element.parentElement)?.kind ?? "";
    kinds.set(element, {kind: `${above}>${own}`, element});
}
const first = new Map([...kinds.values()].reverse().map(({kind, element}) => [kind, element]));
[...first].map(([kind, element]) => {
    const look = ["", "::before", "::after"].flatMap(part => {
        const style = getComputedStyle(element, part);
        const names = [...style].filter(name => !name.startsWith("--"));
        return names.map(name => style.getPropertyValue(name));
    }).join();
    let hash = 0;
    for (let n = 0; n < look.length; n += 1) hash = (31 * hash + look.charCodeAt(n)) | 0;
    return `${kind}: ${hash}`;
})
"""
"""How the first element of each kind looks: of one tag and class, below the same ones."""


@pytest.mark.parametrize(
    "path",
    [
        "",
        pytest.param("en/pretraining/", marks=pytest.mark.exhaustive),
        pytest.param("labs/vanishing/", marks=pytest.mark.exhaustive),
    ],
)
def test_each_element_looks_as_with_the_whole_sheet(page: Page, address: str, path: str) -> None:
    open_page(page, address + path)
    page.wait_for_load_state("networkidle")  # scripts that are loaded on demand have added theirs
    cut = page.evaluate(STYLES)

    page.route("**/stylesheets/main.*.css", lambda route: route.fulfill(path=material()))
    page.route("**/stylesheets/palette.*.css", lambda route: route.fulfill(path=palette()))
    open_page(page, address + path)
    page.wait_for_load_state("networkidle")
    whole = page.evaluate(STYLES)

    assert len(whole) > 100
    assert [pair for pair in zip(cut, whole, strict=True) if pair[0] != pair[1]] == []


def palette() -> Path:
    (sheet,) = material().parent.glob("palette.*.min.css")
    return sheet
