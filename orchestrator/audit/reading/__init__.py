"""Files of results, of whatever kind, as entries: flat rows of cells."""
