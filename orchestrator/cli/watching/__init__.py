"""The screen and the keys of a watch."""
