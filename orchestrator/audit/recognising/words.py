"""Sets of words, written as people write words."""

from __future__ import annotations


def words_of(text: str) -> frozenset[str]:
    """The words of a text, each once."""
    return frozenset(text.split())
