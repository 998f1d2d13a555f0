"""Runs in one file: packed to be put away or passed on, and taken out again with care."""
