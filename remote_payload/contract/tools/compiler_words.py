"""What compilers and linkers say when they fail: the sentence that names the cause.

Imported by both programs. Standard library only.
"""

from __future__ import annotations

import re
from typing import List

# Whatever else was said, this is why: the machine, not the source.
_MACHINE = (
    (re.compile(r"No space left on device|Disk quota exceeded"), ""),
    (
        re.compile(
            r"^(?:\S+: |.*line \d+: +\d+ )?Killed\b|Killed signal|signal 9\b|Cannot allocate memory"
            r"|virtual memory exhausted|instance of 'std::bad_alloc'|out of memory allocating"
        ),
        "most likely the host ran out of memory",
    ),
)
_ERROR = re.compile(
    r"(?:^|[\s:)])(?:fatal |catastrophic |internal |internal compiler )?error\s*(?:#\d+(?:-D)?)?"
    r"\s*:"
    r"|^\S+ fatal\s*:|\bfatal\s*:"
    r"|\bInternal error\b",
    re.IGNORECASE,
)
# A linker names no error: it says what is missing. GNU ld, gold and lld.
_LINKER = re.compile(
    r"undefined reference to |undefined symbol: |multiple definition of |duplicate symbol"
    r"|cannot find (?:-l|crt|\S+\.(?:o|a|so))|unable to find library|cannot open output file"
    r"|relocation (?:R_\w+ |truncated )|recompile with -fPIC|file format not recognized"
    r"|file not recognized|file in wrong format|DSO missing from command line"
    r"|final link failed|will not fit in region|incompatible with .* output"
)
# What only says that something before it went wrong.
_CONSEQUENCE = re.compile(
    r"ld returned \d+ exit status|linker command failed|\d+ errors? (?:detected|generated)"
    r"|compilation terminated|due to (?:previous )?errors|make(?:\[\d+\])?: \*\*\*|build stopped"
    r"|errors? occurred|returned (?:a )?non-zero|subcommand failed"
    r"|was not compiled, for "  # compilations.py
    r"|Failed to preprocess host compiler|Host compiler targets unsupported OS"
)
# What says why, without any word for an error: a shell or driver that finds no program, and
# whatever else GNU ld says of itself.
_PLAIN = re.compile(
    r"^\S.*: (?:not found|No such file or directory|Permission denied|Exec format error)$"
    r"|^(?:\S*/)?(?:[\w.-]+-)?ld(?:\.\w+)?: (?!.*: in function )"
)
_REMARK = re.compile(r"^ptxas info|\bwarning\s*(?:#\d+(?:-D)?)?\s*:|\bnote\s*:|^\s*\d* *\|")
# The temporary file that nvcc gave the linker tells nobody anything.
_TEMPORARY = re.compile(r"^\S*tmpxft_\S+:\([^)]*\): ")
_PLACE = re.compile(r"^(\S+)\((\d+)\)( ?):")
_MISSING = re.compile(
    r"^(?:[^\s:]+(?::\d+)+: |[^\s(]+\(\d+\): )"
    r"(?:fatal |catastrophic )?error\s*(?:#\d+(?:-D)?)?: "
    r"(?:'(?P<clang>[^']+)' file not found"
    r"|cannot open source file \"(?P<edg>[^\"]+)\""
    r"|(?P<gcc>[^:]+): No such file or directory)",
    re.MULTILINE,
)


def cause(log: str) -> str:
    """The first line that says why a compilation failed; the last line if none does.

    A full disk and a killed compiler come before whatever else was said of them; what a linker
    misses, before the sentence that it failed. Empty only for an empty log.
    """
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    told = [line for line in lines if not _REMARK.search(line)]
    for pattern, meaning in _MACHINE:
        for line in told:
            if pattern.search(line):
                return f"{line} ({meaning})" if meaning else line
    named = [line for line in told if _ERROR.search(line) or _LINKER.search(line)]
    first = [line for line in named if not _CONSEQUENCE.search(line)]
    first = first or [line for line in told if _PLAIN.search(line)] or named or lines[-1:] or [""]
    return _TEMPORARY.sub("", first[0])


def placed(line: str) -> str:
    """nvcc writes kernel.cuh(12): error; editors and people jump to kernel.cuh:12: error."""
    return _PLACE.sub(r"\1:\2:", line)


def error(log: str) -> str:
    """As `cause`, but empty where no line is an error: for the log of a compile that succeeded."""
    lines: List[str] = [line.strip() for line in log.splitlines() if not _REMARK.search(line)]
    telling = (_ERROR, _LINKER, *(pattern for pattern, _ in _MACHINE))
    return cause(log) if any(p.search(line) for line in lines for p in telling) else ""


def missing_header(log: str) -> str:
    """The header that was not found, as the #include has it; empty where none is missing."""
    found = _MISSING.search(log)
    return "" if found is None else found["gcc"] or found["clang"] or found["edg"]
