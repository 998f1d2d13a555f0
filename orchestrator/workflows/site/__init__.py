"""A site of all runs: which pages are to be made anew, by how many hands, and in what order."""
