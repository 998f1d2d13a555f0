"""Checkouts of other people's problems, where somebody has them."""
