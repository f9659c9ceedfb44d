"""Compare what a snippet prints with the `#>` lines of its file, or with another device."""
