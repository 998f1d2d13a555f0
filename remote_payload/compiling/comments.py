"""What is left of a C++ file without its comments, for comparing: each token where it was.

Lines and columns stay, for line tables hold both: a comment within a line becomes as many blanks,
one that ends a line is cut off. Two files that leave the same are the same to every compiler.
"""

from __future__ import annotations

import re
from typing import Optional

# Files that a compiler reads as C++. Of any other, say one for #embed, every byte counts.
SUFFIXES = (".cu", ".cuh", ".h", ".hh", ".hpp", ".hxx", ".cc", ".cpp", ".cxx", ".ipp", ".tcc")
_TOKEN = re.compile(
    rb"(?P<comment>//[^\n]*|/\*.*?\*/)"
    rb"|[A-Za-z_]\w*"
    rb"|\.?\d(?:[eEpP][+-]|'?[\w.])*"  # 1'000: no quote that opens a character
    rb'|"(?:\\.|[^"\\\n])*"'
    rb"|'(?:\\.|[^'\\\n])*'"
    rb"|[^/A-Za-z_.\d\"']+"
    rb"|(?P<open>[\"'])"  # that nothing closes, as the apostrophe of an #error
    rb"|.",
    re.DOTALL,
)
# What might be read in another way than by _TOKEN: raw strings, comment marks that a line's end
# splits or a header's name holds, trigraphs; what tells the file's own time or bytes; and the one
# comment that gcc heeds, by which -Wextra -Werror compiles or does not.
_UNSURE = re.compile(
    rb"R\""
    rb"|[/*]\\[ \t]*\r?\n"
    rb"|//[^\n]*\\[ \t\r]*(?:\n|\Z)"
    rb"|(?:include|import|embed)(?:[^\n<]|\\[ \t]*\r?\n)*<(?:[^>\n]|\\[ \t]*\r?\n)*/[/*]"
    rb"|\?\?/|__TIMESTAMP__|\bembed\b|\r(?!\n)"
    rb"|(?i:fall\W?s?\W*thr)"
)


def without(text: bytes) -> Optional[bytes]:
    """What counts of `text`; None where only all of it surely does."""
    if _UNSURE.search(text):
        return None
    left = []
    for token in _TOKEN.finditer(text):
        if token["open"]:
            return None
        comment = token["comment"]
        left.append(token[0] if comment is None else re.sub(rb"[^\r\n]", b" ", comment))
    lines = b"".join(left).split(b"\n")
    was = text.split(b"\n")
    for number, line in enumerate(lines):
        # Blanks of the file's own stay, for those behind a backslash may count.
        if line != was[number]:
            lines[number] = line.rstrip(b" \t\r")
            if lines[number].endswith(b"\\"):
                return None
    return b"\n".join(lines).rstrip()
