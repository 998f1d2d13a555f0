"""Pure values and arithmetic: no input, no output."""
