"""Executable documentation: run the code a page shows, compare, embed.

The data flows one way: `snippet` parses, `run` runs, `compare` compares,
`record` remembers, `sybil` hands the same checks to pytest and to the build,
`page` and `markdown` put verified cells into pages, `plugin` ties it to MkDocs.
"""
