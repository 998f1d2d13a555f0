"""What is kept of a run in its card, small enough for all of them to be looked through."""
