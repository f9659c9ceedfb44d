"""What pages say, read without converting them: fences, numbers, proofs, both languages."""
