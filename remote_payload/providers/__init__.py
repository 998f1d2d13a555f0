"""Who computes it: a name, a file or a package made callable."""
