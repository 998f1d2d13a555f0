"""The verb init, and the files that it writes."""
