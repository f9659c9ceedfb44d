"""Parse snippets into cells, statements and expectations, without running them."""
