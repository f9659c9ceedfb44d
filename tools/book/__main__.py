"""The command: `python -m book SITE` makes both files of each language in SITE/assets/book."""

from __future__ import annotations

import sys
from pathlib import Path

from book.chapters import languages, read_book
from book.document import join
from book.epub import write_epub
from book.fonts import PRINTED
from book.pdf import open_document, write_pdf

HERE = Path(__file__).parent


def main(site: Path) -> None:
    folder = site / "assets/book"
    folder.mkdir(parents=True, exist_ok=True)
    styles, paper = ((HERE / f"{name}.css").read_text() for name in ("book", "print"))
    printed = "".join(font.embedded() for font in PRINTED) + styles + paper
    for language in languages():
        book = read_book(site, language)
        pdf, epub = (folder / f"precis.{language}.{suffix}" for suffix in ("pdf", "epub"))
        with open_document(join(book, printed)) as page:
            write_epub(page, book, styles, epub)  # before lines are fitted to paper
            pages = write_pdf(page, book, pdf)
        for path, count in ((pdf, f"{pages} pages, "), (epub, "")):
            print(f"{path}: {count}{path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
