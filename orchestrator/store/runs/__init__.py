"""The folder of runs: made, found, read back."""
