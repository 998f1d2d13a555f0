"""Whether outputs are right: tolerances, and how far off outputs are."""
