"""Cells put into pages: extensions of Python-Markdown."""
