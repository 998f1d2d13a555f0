"""The stage bench."""
