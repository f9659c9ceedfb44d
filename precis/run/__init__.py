"""A snippet runs in a process of its own, and what it printed is recorded."""
