"""Options, and what a person may write for them."""
