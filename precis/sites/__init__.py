"""Adapters to MkDocs, Zensical and pytest; nothing imports them."""
