"""The book as PDF and EPUB, in each language, from the pages of a finished build.

    PYTHONPATH=tools python -m book SITE

reads the pages in the order of the menu (`chapters`), joins them to one document (`document`),
has Chromium print it (`pdf`), and packs what Chromium read of it as XHTML (`epub`). `make book`
builds the site first, with links to both files on its home page.
"""
