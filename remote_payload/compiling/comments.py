"""What is left of a C++ file without its comments, for comparing: each token where it was.

Lines and columns stay, for line tables hold both: a comment within a line becomes as many blanks,
one that ends a line is cut off. Two files that leave the same are the same to every compiler.
"""

from __future__ import annotations

import re
from typing import Match, Optional

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
_SPLICE = rb"\\[^\S\n]*\n"  # a line that goes on: compilers look past blanks behind the mark
# What might be read in another way than by _TOKEN: raw strings, comment marks that a line's end
# splits or a header's name holds, quotes in such a name, trigraphs; what tells the file's own time
# or bytes; and the one comment that gcc heeds, by which -Wextra -Werror compiles or does not.
_UNSURE = re.compile(
    rb"R(?:%(splice)b)*\""
    rb"|[/*]%(splice)b"
    rb"|//[^\n]*\\\s*?(?:\n|\Z)"
    rb"|(?:include|import|embed)(?:[^\n<]|%(splice)b)*<(?:[^>\n]|%(splice)b)*(?:/[/*]|[\"'])"
    rb"|\?\?/|__TIMESTAMP__|\bembed\b|\r(?!\n)|\0"
    rb"|(?i:fall\W?s?\W*thr)" % {b"splice": _SPLICE}
)


def without(text: bytes) -> Optional[bytes]:
    """What counts of `text`; None where only all of it surely does."""
    if _UNSURE.search(text):
        return None
    left = []
    for token in _TOKEN.finditer(text):
        comment = token["comment"]
        if token["open"] or (comment and b"\n" in comment and _joins_lines(text, token)):
            return None
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


def _joins_lines(text: bytes, comment: Match[bytes]) -> bool:
    """Whether what stands before a comment of several lines, and what stands behind it, are one
    line to the compiler: a directive goes on behind it, and none begins there."""
    line = text.rfind(b"\n", 0, comment.start()) + 1
    goes_on = text[:line].rstrip().endswith(b"\\")
    behind = text[comment.end() :].partition(b"\n")[0]
    return bool((goes_on or text[line : comment.start()].strip()) and behind.strip())
