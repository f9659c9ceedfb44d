"""Run snippets in child processes and record what they print."""
