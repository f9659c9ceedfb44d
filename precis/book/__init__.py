"""All snippets of a project: parse, run and compare them."""
