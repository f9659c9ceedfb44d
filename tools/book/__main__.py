"""The command: `python -m book SITE` makes both files of each language in SITE/assets/book."""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from book.chapters import languages, read_book
from book.document import join
from book.epub import write_epub
from book.fonts import PRINTED
from book.pdf import open_document, write_pdf

HERE = Path(__file__).parent


def make(site: Path, language: str) -> str:
    """Make both files of a language; return what there is to say of them."""
    book = read_book(site, language)
    styles, paper = (
        (HERE / f"{name}.css").read_text(encoding="utf-8") for name in ("book", "print")
    )
    embedded = "".join(font.embedded() for font in PRINTED)
    folder = site / "assets/book"
    folder.mkdir(parents=True, exist_ok=True)
    pdf, epub = (folder / f"precis.{language}.{suffix}" for suffix in ("pdf", "epub"))
    with open_document(join(book, embedded + styles + paper)) as page:
        write_epub(page, book, styles, epub)  # before lines are fitted to paper
        pages = write_pdf(page, book, pdf)
    sizes = [f"{path.stat().st_size / 1e6:.1f} MB" for path in (pdf, epub)]
    return f"{pdf}: {pages} pages, {sizes[0]}\n{epub}: {sizes[1]}"


if __name__ == "__main__":
    with ProcessPoolExecutor() as processes:
        for said in processes.map(partial(make, Path(sys.argv[1])), languages()):
            print(said)
