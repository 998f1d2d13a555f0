"""Text from elsewhere, made harmless for a terminal: what would not be seen is spelled out.

Spelled are controls (ESC, CSI, OSC, DCS, APC, C1 and DEL among them), directions, separators of
lines and paragraphs, halves of surrogates, private and unassigned characters, and what takes no
room (Default_Ignorable_Code_Point in Unicode's DerivedCoreProperties.txt).
"""

from __future__ import annotations

import re

# Almost all text is ASCII, or signs of our own that are seen; only the rest is looked at character
# by character.
_RARE = re.compile(r"[^ -~\t\n×±µ–·…]")
_COMMON = bytes(range(ord(" "), ord("~") + 1)) + b"\t\n"
# Of those that take no room, the ones that Python calls printable.
_NO_ROOM = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]"
)
# What stands before text from elsewhere: no line of ours begins so far in.
APART = " " * 4
_LIKE_OURS = re.compile(r" {0,3}(?:(?:error|hint|next):|(?:ok|warn|fail)  )")


def printable(text: str) -> str:
    """What cannot be seen becomes visible escapes; tabs and line ends stay."""
    # A document of a hundred megabytes is looked through three times as fast this way.
    if text.isascii() and not text.encode("ascii").translate(None, _COMMON):
        return text
    return _RARE.sub(lambda found: found[0] if is_seen(found[0]) else _spelled(found[0]), text)


def one_line(text: str) -> str:
    """As `printable`, and line ends are spelled out too: nothing in it begins a line."""
    return printable(text).replace("\n", "\\n")


def set_off(text: str) -> str:
    """As `printable`, and each line but the first is indented, so that none passes for ours."""
    return printable(text).rstrip("\n").replace("\n", f"\n{APART}")


def told_apart(line: str) -> str:
    """As `one_line`, and set off where it begins as lines of ours do."""
    shown = one_line(line)
    return f"{APART}{shown}" if _LIKE_OURS.match(shown) else shown


def harmless_json(text: str) -> str:
    """A JSON document that says the same, with `\\uXXXX` for all that `printable` spells out."""
    if text.isascii() and not text.encode("ascii").translate(None, _COMMON):
        return text
    return _RARE.sub(lambda found: found[0] if is_seen(found[0]) else _in_json(found[0]), text)


def is_seen(character: str) -> bool:
    return character.isprintable() and not _NO_ROOM.match(character)


def _spelled(character: str) -> str:
    """As in a literal of Python: `\\x1b`, `\\u202e`, `\\r`."""
    return character.encode("unicode_escape").decode("ascii")


def _in_json(character: str) -> str:
    # Outside of strings JSON has neither of the two.
    if character == "\r":
        return "\\r"
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
