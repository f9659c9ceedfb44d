"""The cache: a value is returned while the fingerprint of its inputs is the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from precis.base import files
from precis.base.cache import Cache, _environment_digest, file_digests, fingerprint


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    cache = Cache(tmp_path / ".precis")
    cache.put("page a", "one", html="<p>")
    return cache


def test_a_value_is_returned_under_its_name_and_fingerprint_only(cache: Cache) -> None:
    assert (cache.get("page a", "one") or {})["html"] == "<p>"
    assert cache.get("page a", "two") is None
    assert cache.get("page b", "one") is None

    cache.put("page a", "two", html="<b>")
    assert cache.get("page a", "one") is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b'{"html": ""}'])
def test_a_damaged_file_is_a_miss(cache: Cache, content: bytes) -> None:
    (file,) = cache.folder.glob("*.cache.json")
    file.write_bytes(content)

    assert cache.get("page a", "one") is None


def test_a_fingerprint_changes_with_each_input(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("one", encoding="utf-8")
    first = fingerprint("a", file_digests([file]))

    assert first == fingerprint("a", file_digests([file]))
    assert first != fingerprint("b", file_digests([file]))
    file.write_text("two", encoding="utf-8")
    assert first != fingerprint("a", file_digests([file]))


@pytest.mark.parametrize("name", ["module.py", "templates/deep/page.j2"])
def test_a_fingerprint_changes_with_the_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(files, "__file__", str(tmp_path / "engine/base/files.py"))
    file = tmp_path / "engine" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    fingerprints = []
    for text in ("one", "one", "two"):
        file.write_text(text, encoding="utf-8")
        files.engine_digest.cache_clear()
        _environment_digest.cache_clear()
        fingerprints.append(fingerprint("a"))
    files.engine_digest.cache_clear()
    _environment_digest.cache_clear()

    assert fingerprints[0] == fingerprints[1] != fingerprints[2]


def test_a_fingerprint_changes_with_the_installed_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = fingerprint("a")
    (tmp_path / "pymdownx-99.dist-info").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    _environment_digest.cache_clear()

    assert fingerprint("a") != first
    _environment_digest.cache_clear()
