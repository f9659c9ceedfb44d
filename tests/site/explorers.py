"""What tests of explorers share: their arithmetic outside a page, and how they are asked."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

import pytest
from built import LANGUAGES, ROOT, open_page, violations
from playwright.sync_api import Browser, Locator, Page, expect


def paths(name: str) -> list[str]:
    """The address of an explorer's page in each language."""
    return [f"{start}{name}-explorer/" for start in LANGUAGES.values()]


def computation(
    request: pytest.FixtureRequest, name: str, functions: str, body: str
) -> Callable[[str], str]:
    """An explorer's own computation, from text to text: by Node where there is one, or a browser.

    `body` is a function of JavaScript that uses some `functions` of the explorer's module.
    """
    node = shutil.which("node")

    def by_node(text: str) -> str:
        core = (ROOT / f"docs/assets/{name}-explorer/{name}.js").read_text(encoding="utf-8")
        program = f"""{core}
        import {{ readFileSync }} from "node:fs";
        console.log(({body})(readFileSync(0, "utf-8")));"""
        command = [str(node), "--input-type=module", "--eval", program]
        run = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr
        return run.stdout

    def by_browser(text: str) -> str:
        page: Page = request.getfixturevalue("browser").new_page()
        page.goto(request.getfixturevalue("address") + "verified.json")
        program = f"""async text => {{
            const {{ {functions} }} = await import("/assets/{name}-explorer/{name}.js");
            return ({body})(text);
        }}"""
        result: str = page.evaluate(program, text)
        page.close()
        return result

    return by_node if node else by_browser


def open_explorer(page: Page, name: str, url: str) -> Locator:
    """Open a page, and return its first explorer of a name."""
    open_page(page, url)
    explorer = page.locator(f"precis-{name}")
    expect(explorer.locator(".walk")).to_be_attached()
    return explorer


def query(page: Page | str) -> str:
    """The state in an address; the menu writes the section that is read after it."""
    return urlsplit(page if isinstance(page, str) else page.url).query


def names_of_words(page: Page, address: str, name: str) -> list[list[str]]:
    """What an explorer's words are called, in French and in English."""
    page.goto(address + "verified.json")
    found: list[list[str]] = page.evaluate(f"""async () => {{
      const {{ speech }} = await import("/assets/{name}-explorer/words.js");
      const names = (words, path = "") => Object.entries(words).flatMap(([name, value]) =>
        typeof value === "object" ? names(value, `${{path}}${{name}}.`) : [path + name]);
      return [names(speech("fr")), names(speech("en"))];
    }}""")
    return found


def small_targets(explorer: Locator, targets: str) -> list[str]:
    """The targets that are shown and smaller than 24 CSS pixels, as WCAG 2.2 measures them."""
    found: list[str] = explorer.locator(targets).evaluate_all("""all =>
      all.filter(target => target.offsetParent)
        .map(target => [target.outerHTML, target.getBoundingClientRect()])
        .filter(([, { width, height }]) => width < 24 || height < 24)
        .map(([html]) => html)""")
    return found


def looks(name: str) -> list[object]:
    """Paths, schemes and widths of an explorer's page; `make test` takes the first."""
    french, english = paths(name)
    others = [
        (english, "dark", 1280),
        (english, "dark", 320),
        (french, "light", 640),
        (french, "light", 1280),
    ]
    rest = [pytest.param(*look, marks=pytest.mark.exhaustive) for look in others]
    return [pytest.param(french, "light", 320), *rest]


def check_states(browser: Browser, name: str, urls: Iterable[str], scheme: str, width: int) -> None:
    """No state breaks a rule of axe or scrolls the page, nor does a number that cannot be read."""
    context = browser.new_context(
        service_workers="block",
        color_scheme=scheme,  # type: ignore[arg-type]
        viewport={"width": width, "height": 900},
        reduced_motion="reduce",
    )
    page = context.new_page()
    for url in urls:
        open_explorer(page, name, url)
        assert violations(page, f"precis-{name}") == [], url
        assert page.evaluate("document.documentElement.scrollWidth") <= width, url

    page.locator(f"precis-{name} input.number").first.fill("?")
    expect(page.locator(f"precis-{name} .fault")).not_to_be_empty()
    assert violations(page, f"precis-{name}") == []
    context.close()
