"""Plain values: no input, no output."""
