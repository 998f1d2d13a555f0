"""Arithmetic on measurements: statistics, roofs, verdicts; no input, no output."""
