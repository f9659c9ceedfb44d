"""Executable documentation: run the code that a page shows, compare its output, embed it.

The packages, from the lowest to the highest: `base`, `source` (parse), `run`, `compare`, `book`
(the verified cells), `text` (check the prose), `page` (render), `export`, `sites` (MkDocs,
Zensical, pytest) and `cli`.
"""
