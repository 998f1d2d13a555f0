"""Why a file that a compiler looked for is not on the host: it was here, and stayed."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator
from itertools import islice

from orchestrator.model.snapshot import Scan, Skipped

# What gcc, clang and nvcc's own front end say of a file that is not there.
_NOT_FOUND = re.compile(
    r"fatal error: (?P<gcc>[^:\n]+): No such file|fatal error: '(?P<clang>[^'\n]+)' file not found"
    r'|(?:cannot|could not) open source file "(?P<nvcc>[^"\n]+)"'
)
_MOST_FILES = 100_000


def missed(log: str) -> tuple[str, ...]:
    """The files that a compiler's log says it did not find, as they were included."""
    found = (next(filter(None, match.groups())) for match in _NOT_FOUND.finditer(log))
    return tuple(dict.fromkeys(found))


def stays_at_home(scan: Scan, included: str) -> str:
    """Where `included` is, why it did not travel and what mends it; "" if nothing tells.

    included: a path as an #include has it, relative to whatever the compiler was told.
    """
    wanted = posixpath.normpath(included)
    while wanted.startswith("../"):
        wanted = wanted[3:]
    for item in scan.skipped:
        for path in islice(_files(scan, item), _MOST_FILES):
            if path == wanted or path.endswith(f"/{wanted}"):
                whole = item.path.rstrip("/") == path
                who = "it" if whole else item.path
                return f"{path} stays at home, {who} {item.reason}: {_mend(path, item)}"
    return ""


def _mend(path: str, item: Skipped) -> str:
    if "ignored" in item.reason:
        return f"`git add -f {path}` lets it travel"
    if "repository" in item.reason:
        return f"make {item.path} a submodule, and it travels"
    return "only other files travel"


def _files(scan: Scan, item: Skipped) -> Iterator[str]:
    """The files that were skipped together, as paths of the project."""
    place = scan.root / item.path
    if not place.is_dir():
        yield item.path
        return
    for folder, _, files in os.walk(place):
        inside = os.path.relpath(folder, scan.root)
        yield from (f"{inside}/{name}" for name in files)
