"""The index of all runs: rebuilt from their folders at any time."""
