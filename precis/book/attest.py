"""What was verified, where, and with what: `verified.json` and the attestations in it.

An attestation is made by a verification that found nothing wrong, and says which text printed
which outputs. Others' machines write theirs into files (`precis verify --device cuda --attest
attestations/cuda.json`), which the build publishes beside its own. One that speaks of another
text or of other outputs than the site's is stale.
"""

from __future__ import annotations

import datetime
import json
import os
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from precis.base.finding import Finding, Malformed, shown
from precis.base.git import git
from precis.base.installed import version
from precis.book.book import Book
from precis.run import device as devices

FILE = "verified.json"
SCHEMA = Path(__file__).with_name("verified.schema.json")
FOLDER = "attestations"
"""Where the attestations of other machines are kept, beside `snippets/`."""


@dataclass(frozen=True)
class Attestation:
    """A verification of all snippets that found nothing wrong."""

    device: str
    """The torch device type."""

    name: str
    """Of the device itself, such as that of the graphics card."""

    torch: str | None
    python: str
    platform: str
    commit: str | None
    """What was verified; none where the snippets were not as committed, or without git."""

    date: str | None
    """Of the commit, or SOURCE_DATE_EPOCH: so the same commit gives the same file."""

    cells: dict[str, dict[str, str]]
    """By `file:cell`: the SHA-256 of its `text` and of its `outputs`."""

    def holds(self, cells: dict[str, dict[str, str]]) -> bool:
        """Whether it speaks of these cells as they are now."""
        return all(self.cells.get(name) == hashes for name, hashes in cells.items())


def attested(book: Book, device: str) -> Attestation:
    """The attestation of a book that was verified on a device without a finding."""
    commit, date = committed(book.folder)
    return Attestation(
        device,
        devices.described(device) if device != "cpu" else platform.machine(),
        version("torch") or None,
        platform.python_version(),
        f"{platform.system()} {platform.machine()}",
        commit,
        date,
        cells(book, book.paths()),
    )


def cells(book: Book, paths: Iterable[Path]) -> dict[str, dict[str, str]]:
    """The cells of snippets with the hashes of their text and of what they print."""
    return {name: hashes for path in paths for name, hashes in book.verified(path).hashes.items()}


def read_all(folder: Path) -> list[Attestation]:
    """The attestations of other machines. Raises Malformed at a file that is none."""
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            found.append(Attestation(**json.loads(path.read_text(encoding="utf-8"))))
        except (ValueError, TypeError) as error:
            what = f"not an attestation: {error}"
            hint = "Take the file away, or make it again: precis verify --attest."
            raise Malformed(Finding(shown(path), 1, 1, what, hint)) from error
    return found


def written(attestation: Attestation) -> bytes:
    """An attestation as a file."""
    return _json(asdict(attestation))


def published(book: Book, others: Iterable[Attestation]) -> bytes:
    """The site's `verified.json`."""
    own = attested(book, "cpu")
    outputs = sum(book.verified(path).outputs() for path in book.paths())
    verifications = [{**asdict(a), "stale": not a.holds(own.cells)} for a in (own, *others)]
    return _json(
        {
            "$schema": SCHEMA.name,
            "outputs": outputs,
            "cells": own.cells,
            "verifications": verifications,
        }
    )


def committed(folder: Path) -> tuple[str | None, str | None]:
    """The commit and its date; no commit where the folder is not as committed."""
    commit = git("rev-parse", "HEAD", folder=folder)
    date = git("show", "-s", "--format=%cI", "HEAD", folder=folder) if commit else None
    if epoch := os.environ.get("SOURCE_DATE_EPOCH"):
        moment = datetime.datetime.fromtimestamp(int(epoch), datetime.UTC)
        date = moment.isoformat(timespec="seconds")
    if commit and git("status", "--porcelain", "--", ".", folder=folder) != "":
        commit = None
    return commit and commit.strip(), date and date.strip()


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode("utf-8")
