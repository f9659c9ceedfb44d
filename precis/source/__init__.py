"""A snippet's text in, its cells and expectations out; nothing runs."""
