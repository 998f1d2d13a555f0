"""Two revisions of one's own code in one race, out of real repositories."""
