"""Whether the procedure of verdicts keeps what it claims, by simulation: docs/statistics.md."""
