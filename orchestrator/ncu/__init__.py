"""Nsight Compute: what to ask of it, what it said, and the numbers it gave."""
