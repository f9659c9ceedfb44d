"""All snippets of a project, each parsed, run and compared."""
