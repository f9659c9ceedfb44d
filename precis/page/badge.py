"""What was verified of a page, where and with what, said at its end in its language."""

from __future__ import annotations

import datetime
import os
import xml.etree.ElementTree as etree
from collections.abc import Sequence
from pathlib import Path

from babel.dates import format_date

from precis.base.project import Project
from precis.book.attest import Attestation, cells
from precis.book.book import Book
from precis.source.snippet import Cell, Snippet
from precis.text.prose import Written

EXPLAINED = "verification.md"
"""The page, in each language, that says how to check this oneself."""

DEVICES = {"cpu": "CPU", "cuda": "CUDA", "mps": "MPS", "xpu": "XPU", "fakegpu": "fakegpu"}

ASKED_FOR = ("cuda",)
"""Devices of which the page says that nothing is known, where nothing is."""

_DOT = "\u00a0· "
"""Between two things that are said: at the end of a line, never at the start of one."""

_WORDS = {
    "fr": {
        "one": "{n} valeur",
        "many": "{n} valeurs",
        "never": "{device}\u00a0: non vérifié pour cette version",
        "stale": "{device}\u00a0: vérifié pour une autre version",
        "version": "version du {day}",
        "how": "comment le vérifier",
    },
    "en": {
        "one": "{n} value",
        "many": "{n} values",
        "never": "{device}: not verified for this version",
        "stale": "{device}: verified for another version",
        "version": "version of {day}",
        "how": "check it yourself",
    },
}


def badge(
    page: Written,
    book: Book,
    shown: Sequence[tuple[Snippet, Cell]],
    attestations: Sequence[Attestation],
    date: str | None = None,
) -> etree.Element | None:
    """The paragraph for a page that shows these cells; none for a page without values.

    `date` is that of the version that was verified, as in an attestation. What the paragraph
    says of where, with what and when stands in its `data-verified` too: scripts repeat it
    beside each block.
    """
    count = sum(book.verified(snippet.path).outputs(cell) for snippet, cell in shown)
    if not count:
        return None
    language = page.language if page.language in _WORDS else "en"
    words = _WORDS[language]
    paths = sorted({snippet.path for snippet, _ in shown})
    torch = next((t for t in (book.verified(path).record.torch for path in paths) if t), None)
    count_said = words["one" if count == 1 else "many"].format(n=count)
    parts = [f"CPU, torch {torch}" if torch else "CPU"]
    now = cells(book, paths)
    for device in dict.fromkeys([*ASKED_FOR, *(a.device for a in attestations)]):
        known = [a for a in attestations if a.device == device]
        valid = [a for a in known if a.holds(now)]
        name = DEVICES.get(device, device)
        if valid:
            newest = max(valid, key=lambda a: a.date or "")
            parts.append(f"{name} ({newest.name}), torch {newest.torch}")
        else:
            parts.append(words["stale" if known else "never"].format(device=name))
    if date:
        day = format_date(datetime.datetime.fromisoformat(date), "long", locale=language)
        parts.append(words["version"].format(day=day))
    paragraph = etree.Element("p", {"class": "precis-verified", "id": "precis-verified"})
    paragraph.text = f"{count_said}{_DOT}"
    where = etree.SubElement(paragraph, "span", {"data-verified": _DOT.join(parts)})
    where.text = _DOT.join(parts)
    if explained := _explained(book.project, Path(page.at)):
        where.tail = _DOT
        etree.SubElement(paragraph, "a", {"href": explained}).text = words["how"]
    return paragraph


def _explained(project: Project, page: Path) -> str:
    folder = project.language_folder(page) or page.parent
    target = folder / EXPLAINED
    return Path(os.path.relpath(target, page.parent)).as_posix() if target.is_file() else ""
