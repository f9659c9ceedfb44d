"""What was printed against what the file says."""
