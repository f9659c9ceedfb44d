"""The document as an EPUB 3: a file for each section, in XHTML as Chromium writes it."""

from __future__ import annotations

import re
import uuid
import zipfile
from html import escape
from pathlib import Path

from playwright.sync_api import Page

from book.chapters import Book
from book.document import WORDS
from book.fonts import CODE, MATH, SIGNS, Font

SECTIONS = """
() => [...document.querySelectorAll("body > section")].map((section) => {
  const copy = section.cloneNode(true);
  copy.removeAttribute("style"); // its pages of paper
  for (const link of copy.querySelectorAll("a.page")) link.remove();
  // of MathML Core, but not of what EPUB 3 knows
  for (const table of copy.querySelectorAll("mtable")) table.removeAttribute("scriptlevel");
  const code = [...copy.querySelectorAll("code")].map((code) => code.textContent).join("");
  return [copy.id, new XMLSerializer().serializeToString(copy), code];
})
"""

CONTAINER = """<?xml version="1.0" encoding="utf-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
<rootfile full-path="book/book.opf" media-type="application/oebps-package+xml"/>
</rootfiles></container>
"""

FILE = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"
  lang="{language}" xml:lang="{language}">
<head><title>{title}</title><link rel="stylesheet" href="book.css"/></head>
<body>{body}</body>
</html>
"""

PACKAGE = """<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id"
  xml:lang="{language}">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="id">urn:uuid:{identifier}</dc:identifier>
<dc:title>{title}</dc:title>
<dc:creator>{authors}</dc:creator>
<dc:language>{language}</dc:language>
<dc:description>{about}</dc:description>
<dc:rights>CC BY 4.0</dc:rights>
<meta property="dcterms:modified">{date:%Y-%m-%dT%H:%M:%SZ}</meta>
<meta property="schema:accessMode">textual</meta>
<meta property="schema:accessMode">visual</meta>
<meta property="schema:accessModeSufficient">textual</meta>
<meta property="schema:accessibilityFeature">alternativeText</meta>
<meta property="schema:accessibilityFeature">MathML</meta>
<meta property="schema:accessibilityHazard">none</meta>
</metadata>
<manifest>
{manifest}
</manifest>
<spine>
{spine}
</spine>
</package>
"""

TYPES = {
    ".xhtml": "application/xhtml+xml",
    ".css": "text/css",
    ".png": "image/png",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}

PROPERTIES = {"mathml": "<math ", "svg": "<svg ", "nav": "<nav "}
"""What the package says of a file that holds an element."""

_LINK = re.compile(r'(?<= href=")#(((?!--)[^"])+)')
"""A link within the document: ids begin with the name of their page, which is that of its file."""

_MADE = (1980, 1, 1, 0, 0, 0)
"""The time of each file in the archive, so that one commit makes one file."""


def write_epub(page: Page, book: Book, styles: str, path: Path) -> None:
    """Pack the sections of the document."""
    titles = {part.slug: part.title for part in book.parts}
    titles |= {chapter.slug: chapter.title for part in book.parts for chapter in part.chapters}
    sections = page.evaluate(SECTIONS)
    code = "".join(text for _, _, text in sections)
    fonts = {"code.woff": CODE.subset(code)}  # all of it would weigh as much as the book
    fonts |= {font.path.name: font.path.read_bytes() for font in (MATH, SIGNS)}
    faces = "".join(map(Font.face, (CODE, MATH, SIGNS), fonts))
    files: dict[str, bytes] = {}
    for name, html, _ in sections:
        body = _LINK.sub(r"\1.xhtml\g<0>", html)
        title = escape(titles.get(name, book.title))
        text = FILE.format(language=book.language, title=title, body=body)
        files[f"{name}.xhtml"] = text.encode()
    spine = [f'<itemref idref="{name}"/>' for name in files]
    files |= {"book.css": (faces + styles).encode()} | fonts
    files["cover.png"] = page.locator("#title").screenshot()
    files["book.opf"] = PACKAGE.format(
        language=book.language,
        identifier=uuid.uuid5(uuid.NAMESPACE_URL, f"{book.title} {book.language}"),
        title=escape(book.title),
        authors=WORDS[book.language]["authors"],
        about=escape(book.about),
        date=book.date,
        manifest="\n".join(_item(name, data) for name, data in files.items()),
        spine="\n".join(spine),
    ).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        kind = zipfile.ZipInfo("mimetype", _MADE)
        archive.writestr(kind, "application/epub+zip", zipfile.ZIP_STORED)
        archive.writestr(zipfile.ZipInfo("META-INF/container.xml", _MADE), CONTAINER)
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(f"book/{name}", _MADE), data, zipfile.ZIP_DEFLATED)


def _item(name: str, data: bytes) -> str:
    """Return the line of a file in the package."""
    held = [] if name != "cover.png" else ["cover-image"]
    if name.endswith(".xhtml"):
        held = [each for each, start in PROPERTIES.items() if start.encode() in data]
    properties = f' properties="{" ".join(held)}"' if held else ""
    kind = TYPES[Path(name).suffix]
    return f'<item id="{name}" href="{name}" media-type="{kind}"{properties}/>'
