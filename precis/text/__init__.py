"""The text of pages, checked without converting it."""
