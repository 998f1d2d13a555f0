"""Places in sources as whoever compiled or ran them names them → places in the user's own tree."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from orchestrator.values.snapshot import Scan

# What stands before a snapshot's own paths where a host names one of its files. It is looked for
# from the beginning of a word alone: from each of its letters, a long one would take minutes.
_BEFORE = r"(?:(?<![^\s\"'(])[^\s\"'(]*/(?:snapshots/[0-9a-f]{8,}|warm/[^/\s]+/code)/|(?<![\w./-]))"
# gcc, clang: file:12:7; nvcc: file(12); Python: File "file", line 12.
_LINE = r"(?::(?P<a>\d+)(?::(?P<b>\d+))?|\((?P<c>\d+)\)|\"?, line (?P<d>\d+))"
_END = r"(?![\w/-]|\.\w)"  # of a path, where no line stands behind it


@dataclass(frozen=True)
class Places:
    """The files of a run by their paths in its snapshot. here: what shown paths are relative to."""

    files: dict[str, Path]
    here: Path

    @classmethod
    def of(cls, scan: Scan, here: Path) -> Places:
        mine = (one for one in scan.snapshot.entries if one.path not in scan.written)
        return cls({one.path: scan.local(one) for one in mine}, here)

    def first(self, text: str, below: Iterable[str]) -> str:
        """The first place that the text names in a file below one of these folders of the snapshot,
        as `path:line:column`; empty if there is none."""
        found = list(self._named(text, tuple(below)))
        return found[0] if found else self._bare(text, tuple(below))

    def last(self, text: str, below: Iterable[str]) -> str:
        """As `first`: the last one, where in a traceback the error was raised."""
        found = list(self._named(text, tuple(below)))
        return found[-1] if found else self._bare(text, tuple(below))

    def made_local(self, text: str) -> str:
        """The text with each place in the snapshot as a place in the user's own tree."""

        def moved(found: re.Match[str]) -> str:
            return _at(self._shown(self.files[found["path"]]), found)

        pattern = _paths(self.files, text)
        return re.sub(rf"{_BEFORE}{pattern}(?:{_LINE}|{_END})", moved, text) if pattern else text

    def _named(self, text: str, below: tuple[str, ...]) -> Iterable[str]:
        if pattern := _paths(self._inside(below), text):
            for found in re.finditer(rf"{_BEFORE}{pattern}{_LINE}", text):
                yield _at(self._shown(self.files[found["path"]]), found)

    def _bare(self, text: str, below: tuple[str, ...]) -> str:
        """Python says of a file that it cannot parse: ... (mine.py, line 2)."""
        inside = self._inside(below)
        pattern = _paths({PurePosixPath(path).name for path in inside}, text)
        said = re.search(rf"\({pattern}, line (?P<line>\d+)\)", text) if pattern else None
        if said is None:
            return ""
        named = [path for path in inside if path.endswith(f"/{said['path']}")]
        return f"{self._shown(self.files[named[0]])}:{said['line']}" if len(named) == 1 else ""

    def _inside(self, below: tuple[str, ...]) -> list[str]:
        return [path for path in self.files if path.startswith(tuple(f"{one}/" for one in below))]

    def _shown(self, local: Path) -> str:
        """As a terminal and an editor find it from here."""
        top = os.path.realpath(self.here)
        inside = os.path.relpath(local, top)
        return str(local) if inside.startswith(os.pardir) else inside


def _paths(known: Iterable[str], text: str) -> str:
    """What finds those of the paths that the text names, whatever is in their names; "": none."""
    named = sorted((re.escape(path) for path in known if path in text), key=len, reverse=True)
    return f"(?P<path>{'|'.join(named)})" if named else ""


def _at(path: str, found: re.Match[str]) -> str:
    line = found["a"] or found["c"] or found["d"]
    return path + (f":{line}" if line else "") + (f":{found['b']}" if found["b"] else "")
