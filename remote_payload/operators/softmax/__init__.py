"""exp(x) over its sum, row by row."""
