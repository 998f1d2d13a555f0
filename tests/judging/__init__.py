"""How starts of processes become verdicts."""
