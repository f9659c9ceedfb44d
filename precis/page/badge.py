"""The badge below a page: what was verified, on which devices and with which versions."""

from __future__ import annotations

import datetime
import os
import xml.etree.ElementTree as etree
from collections.abc import Sequence
from pathlib import Path

from babel.dates import format_date

from precis.base.project import Project
from precis.base.words import supported, words
from precis.book.attest import Attestation, cell_hashes
from precis.book.book import Book
from precis.source.snippet import Cell, Snippet
from precis.text.prose import PageText

EXPLANATION = "verification.md"
"""The page, in each language, on how to check the values oneself."""

BADGE = "precis-verified"
"""The class and the id of the badge."""

DEVICES = {"cpu": "CPU", "cuda": "CUDA", "mps": "MPS", "xpu": "XPU", "fakegpu": "fakegpu"}

EXPECTED_DEVICES = ("cuda",)
"""Devices that the badge lists even without an attestation."""

_DOT = "\u00a0· "
"""A separator that stays at the end of a line."""


def render_badge(
    page: PageText,
    book: Book,
    cells: Sequence[tuple[Snippet, Cell]],
    attestations: Sequence[Attestation],
    date: str | None = None,
) -> etree.Element | None:
    """Return the badge of a page with these cells; None without outputs.

    `date` is the date of the version, as in an attestation. The text of `data-verified` goes to
    the tick of each block.
    """
    count = sum(book.verified(snippet.path).count_outputs(cell) for snippet, cell in cells)
    if not count:
        return None
    texts = words(page.language)
    paths = sorted({snippet.path for snippet, _ in cells})
    torch = next((t for t in (book.verified(path).record.torch for path in paths) if t), None)
    values = (texts.one_value if count == 1 else texts.many_values).format(n=count)
    parts = [f"CPU, torch {torch}" if torch else "CPU"]
    hashes = cell_hashes(book, paths)
    for device in dict.fromkeys([*EXPECTED_DEVICES, *(a.device for a in attestations)]):
        on_device = [a for a in attestations if a.device == device]
        valid = [a for a in on_device if a.is_valid_for(hashes)]
        name = DEVICES.get(device, device)
        if valid:
            newest = max(valid, key=lambda a: a.date or "")
            parts.append(f"{name} ({newest.name}), torch {newest.torch}")
        else:
            text = texts.verified_otherwise if on_device else texts.not_verified
            parts.append(text.format(device=name))
    if date:
        moment = datetime.datetime.fromisoformat(date)
        day = format_date(moment, "long", locale=supported(page.language))
        parts.append(texts.version.format(day=day))
    paragraph = etree.Element("p", {"class": BADGE, "id": BADGE})
    paragraph.text = f"{values}{_DOT}"
    devices = etree.SubElement(paragraph, "span", {"data-verified": _DOT.join(parts)})
    devices.text = _DOT.join(parts)
    if href := _explanation_href(book.project, Path(page.page_path)):
        devices.tail = _DOT
        etree.SubElement(paragraph, "a", {"href": href}).text = texts.how_to_check
    return paragraph


def _explanation_href(project: Project, page: Path) -> str:
    folder = project.language_folder(page) or page.parent
    target = folder / EXPLANATION
    return Path(os.path.relpath(target, page.parent)).as_posix() if target.is_file() else ""
