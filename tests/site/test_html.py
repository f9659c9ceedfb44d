"""Every page against the rules of HTML, by html-validate."""

from __future__ import annotations

import json
import os
import subprocess

import pytest
from built import ROOT, Site

VALIDATOR = ROOT / ".github/node_modules/.bin/html-validate"

RULES = {
    "extends": ["html-validate:standard", "html-validate:a11y"],
    # the search answers while one types, and the colours change at a click: nothing is sent
    "rules": {"wcag/h32": "off"},
}


@pytest.fixture(autouse=True)
def _validator() -> None:
    if not VALIDATOR.exists():
        reason = "html-validate is not installed: npm ci --prefix .github"
        pytest.fail(reason) if os.environ.get("PRECIS_REQUIRE_LINTERS") else pytest.skip(reason)


def test_every_page_is_valid_html(site: Site, tmp_path) -> None:
    config = tmp_path / "rules.json"
    config.write_text(json.dumps({"root": True, **RULES}))
    pages = sorted(site.folder.rglob("*.html"))
    report = tmp_path / "report.json"
    with report.open("w") as out:  # a pipe would end at the 64 KB that it holds
        command = [VALIDATOR, "--config", config, "--formatter", "json", *pages]
        run = subprocess.run(command, stdout=out, cwd=tmp_path)
    found = [
        f"{file['filePath']}:{message['line']}: {message['ruleId']}: {message['message']}"
        for file in json.loads(report.read_text())
        for message in file["messages"]
    ]
    assert len(pages) > len(site.pages)  # 404.html too
    assert found == []
    assert run.returncode == 0


def test_the_validator_finds_what_is_wrong(tmp_path) -> None:
    config, page = tmp_path / "rules.json", tmp_path / "wrong.html"
    config.write_text(json.dumps({"root": True, **RULES}))
    page.write_text("<!doctype html><html lang=fr><title>a</title><p><div></div></p>")
    run = subprocess.run([VALIDATOR, "--config", config, page], cwd=tmp_path, capture_output=True)
    assert run.returncode == 1
