"""Pages of all runs, for a folder that any browser reads: a list, a page a run, histories, and a
page on which two runs stand beside each other."""
