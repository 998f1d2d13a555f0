"""A site of all runs: which pages are to be made anew, and in what order."""
