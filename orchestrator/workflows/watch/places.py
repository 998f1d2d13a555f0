"""Places in sources as whoever compiled or ran them names them → places in the user's own tree."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from orchestrator.sync.sources import PARTS
from orchestrator.values.snapshot import Scan

# What stands before a snapshot's own paths where a host names one of its files.
_BEFORE = r"(?:[^\s\"'(]*/(?:snapshots/[0-9a-f]{8,}|warm/[^/\s]+/code)/|(?<![\w./-]))"
# gcc, clang: file:12:7; nvcc: file(12); Python: File "file", line 12.
_LINE = r"(?::(?P<a>\d+)(?::(?P<b>\d+))?|\((?P<c>\d+)\)|\"?, line (?P<d>\d+))"
# Python says of a file that it cannot parse: ... (mine.py, line 2).
_BARE = re.compile(r"\((?P<name>[\w.-]+\.py), line (?P<line>\d+)\)")


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
            local = self.files.get(found["path"])
            return found[0] if local is None else _at(self._shown(local), found)

        return _pattern(_tops(self.files)).sub(moved, text)

    def _named(self, text: str, below: tuple[str, ...]) -> Iterable[str]:
        for found in _pattern(_tops(below)).finditer(text):
            local = self.files.get(found["path"])
            if local is not None and found["path"].startswith(tuple(f"{one}/" for one in below)):
                yield _at(self._shown(local), found)

    def _bare(self, text: str, below: tuple[str, ...]) -> str:
        if (said := _BARE.search(text)) is None:
            return ""
        inside = tuple(f"{one}/" for one in below)
        named = [p for p in self.files if p.startswith(inside) and p.endswith(f"/{said['name']}")]
        return f"{self._shown(self.files[named[0]])}:{said['line']}" if len(named) == 1 else ""

    def _shown(self, local: Path) -> str:
        """As a terminal and an editor find it from here."""
        top = os.path.realpath(self.here)
        inside = os.path.relpath(local, top)
        return str(local) if inside.startswith(os.pardir) else inside


def _tops(paths: Iterable[str]) -> str:
    tops = {path.split("/")[0] for path in paths} | set(PARTS)
    return "|".join(re.escape(top) for top in sorted(tops))


def _pattern(tops: str) -> re.Pattern[str]:
    return re.compile(rf"{_BEFORE}(?P<path>(?:{tops})/[^\s\"'():,]+){_LINE}")


def _at(path: str, found: re.Match[str]) -> str:
    line = found["a"] or found["c"] or found["d"]
    return f"{path}:{line}" + (f":{found['b']}" if found["b"] else "")
