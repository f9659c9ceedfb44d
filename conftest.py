"""pytest collects snippets/ and docs/ as Sybil documents, with the site's own Markdown."""

from pathlib import Path

import markdown
from mkdocs.config import load_config
from sybil.sybil import SybilCollection

from precis.book import Book
from precis.markdown import PrecisExtension
from precis.record import Records
from precis.sybil import cells, fences, sybil

ROOT = Path(__file__).parent
config = load_config(str(ROOT / "mkdocs.yml"))
book = Book(ROOT / "snippets", Records(ROOT))
extension = PrecisExtension(book)
md = markdown.Markdown(
    extensions=[*config.markdown_extensions, extension], extension_configs=config.mdx_configs
)

pytest_collect_file = SybilCollection(
    [
        sybil(ROOT / "snippets", cells(book), "*.py"),
        sybil(ROOT / "docs", fences(extension, md), "*.md"),
    ]
).pytest()
