"""Operators made of descriptions that people already have, in formats of others."""
