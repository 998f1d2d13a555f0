"""Numbers and words as a report has them, and the one gate for text."""
