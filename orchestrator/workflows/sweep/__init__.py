"""Many problems, one after the other: what each came to, and what all of them came to."""
