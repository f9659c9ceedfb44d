"""Attestations: which text printed which outputs, on which device; and `verified.json`.

A verification without findings makes an attestation. Other machines write theirs with `precis
verify --device cuda --attest attestations/cuda.json`, and the build publishes them beside its own.
An attestation is stale if its cells or outputs differ from those of the site.
"""

from __future__ import annotations

import datetime
import json
import os
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from precis.base.finding import Finding, Malformed, display_path
from precis.base.git import git
from precis.base.installed import version
from precis.book.book import Book
from precis.run import device as devices

FILE = "verified.json"
SCHEMA = Path(__file__).with_name("verified.schema.json")
FOLDER = "attestations"
"""The folder, beside `snippets/`, of other machines' attestations."""


@dataclass(frozen=True)
class Attestation:
    """A verification of all snippets without findings."""

    device: str
    """The torch device type."""

    name: str
    """The model of the device, such as the graphics card."""

    torch: str | None
    python: str
    platform: str
    commit: str | None
    """The commit verified; None with uncommitted snippets or without git."""

    date: str | None
    """The commit's date, or SOURCE_DATE_EPOCH: one commit always gives the same file."""

    cells: dict[str, dict[str, str]]
    """`file:cell` → the SHA-256 of its `text` and of its `outputs`."""

    def is_valid_for(self, cells: dict[str, dict[str, str]]) -> bool:
        """Return whether these cells have the hashes that were verified."""
        return all(self.cells.get(name) == hashes for name, hashes in cells.items())


def make_attestation(book: Book, device: str) -> Attestation:
    """Return the attestation of a book that was verified on a device without findings."""
    commit, date = commit_and_date(book.folder)
    return Attestation(
        device,
        devices.device_name(device) if device != "cpu" else platform.machine(),
        version("torch") or None,
        platform.python_version(),
        f"{platform.system()} {platform.machine()}",
        commit,
        date,
        cell_hashes(book, book.paths()),
    )


def cell_hashes(book: Book, paths: Iterable[Path]) -> dict[str, dict[str, str]]:
    """Return the hashes of the text and the outputs of each cell, by `file:cell`."""
    return {name: hashes for path in paths for name, hashes in book.verified(path).hashes.items()}


def read_attestations(folder: Path) -> list[Attestation]:
    """Return the attestations of other machines. Raises Malformed if a file is not one."""
    attestations = []
    for path in sorted(folder.glob("*.json")):
        try:
            attestations.append(Attestation(**json.loads(path.read_text(encoding="utf-8"))))
        except (ValueError, TypeError) as error:
            message = f"not an attestation: {error}"
            hint = "Delete the file, or write it again: precis verify --attest."
            raise Malformed(Finding(display_path(path), 1, 1, message, hint)) from error
    return attestations


def attestation_json(attestation: Attestation) -> bytes:
    """Return the file of an attestation."""
    return _json(asdict(attestation))


def verified_json(book: Book, others: Iterable[Attestation]) -> bytes:
    """Return the site's `verified.json`."""
    own = make_attestation(book, "cpu")
    outputs = sum(book.verified(path).count_outputs() for path in book.paths())
    verifications = [{**asdict(a), "stale": not a.is_valid_for(own.cells)} for a in (own, *others)]
    return _json(
        {
            "$schema": SCHEMA.name,
            "outputs": outputs,
            "cells": own.cells,
            "verifications": verifications,
        }
    )


class Attestations:
    """Other machines' attestations and the date of the verified version, read once a build."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self._read: tuple[int, list[Attestation], str | None] | None = None
        """The attestations and the date, with the generation of the book."""

    def read(self) -> tuple[list[Attestation], str | None]:
        """Return the attestations and the date. Raises Malformed."""
        if self._read is None or self._read[0] != self.book.generation:
            folder = self.book.folder
            attestations = read_attestations(folder.with_name(FOLDER))
            self._read = self.book.generation, attestations, commit_and_date(folder)[1]
        return self._read[1:]


def commit_and_date(folder: Path) -> tuple[str | None, str | None]:
    """Return the current commit and its date; no commit if the folder has uncommitted changes."""
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
