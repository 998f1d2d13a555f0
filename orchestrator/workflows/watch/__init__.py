"""The inner loop: each save is a turn, raced against the states before it."""
