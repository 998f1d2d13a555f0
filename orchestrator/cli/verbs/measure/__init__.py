"""The verbs that make a run."""
