"""The inner loop, turn by turn."""
