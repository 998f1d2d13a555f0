"""Measurements of our own tool; each prints what it found and writes it into docs/."""
