"""Rented machines: what their provider knows about them, and no more."""
