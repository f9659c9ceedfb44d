"""The command `precis`."""
