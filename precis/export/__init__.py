"""Pages as notebooks."""
