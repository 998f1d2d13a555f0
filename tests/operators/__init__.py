"""Operators beside attention: what they say of themselves, their truth, and whom they refuse."""
