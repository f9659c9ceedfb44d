"""The notice on a page that is shown before the whole site is built and checked."""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig

from precis.base.finding import pluralize

STATE = "assets/precis/shown"
"""The file of the site that says how far it is."""

WAITING = "waiting"
CHECKED = "Checked"
FAILED = "The site could not be built: the terminal says why"

NOTICE = """\
<div class="precis-shown" lang="en" role="status" style="position: fixed; z-index: 9; bottom: 1em;\
 left: 1em; padding: .3em .8em; border: 1px solid #8b949e; border-radius: .3em; color: #fff;\
 background: #1b2430; font-size: 14px">Saved; the site is being checked…</div><script>
(async (notice) => {
  let said = "%(waiting)s";
  while (said === "%(waiting)s") {
    await new Promise((done) => setTimeout(done, 300));
    const answer = await fetch("%(state)s", {cache: "no-store"});
    said = await answer.text();
  }
  notice.textContent = said;
  if (said === "%(checked)s") setTimeout(() => notice.remove(), 2000);
})(document.currentScript.previousElementSibling);
</script>"""
"""What a page says that is shown before the site is built; in English, as findings are."""

_NOTICE = re.compile(rb'<div class="precis-shown".*?</script>', re.DOTALL)


def write_state(site: Path, findings: int) -> None:
    """Say in a site that all of it is built, with so many findings."""
    found = f": {pluralize(findings, 'finding')}, listed in the terminal" if findings else ""
    (site / STATE).parent.mkdir(parents=True, exist_ok=True)
    say(site, CHECKED + found)


def say(site: Path, state: str) -> None:
    """Write how far a site is, at once: a page may ask for it meanwhile."""
    new = (site / STATE).with_suffix(".new")
    new.write_text(state)
    new.replace(site / STATE)


def add_notice(html: str, config: MkDocsConfig) -> str:
    """Return a page with the notice that the site is yet to be built."""
    root = "/" + str(config.site_url).split("/", 3)[3]
    notice = NOTICE % {"waiting": WAITING, "checked": CHECKED, "state": root + STATE}
    before, body, after = html.rpartition("</body>")
    return f"{before}{notice}{body}{after}" if body else html + notice


def without_notice(html: bytes) -> bytes:
    """Return a page as the whole site has it."""
    return _NOTICE.sub(b"", html)
