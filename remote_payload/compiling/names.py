"""What could be found in the place of a file that was read, by names alone."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import Dict, FrozenSet, Iterable, List, Optional, Sequence, Set, Tuple

# `#ifdef __has_include` and `defined(__has_include)` ask for no file.
_HAS_INCLUDE = re.compile(
    rb"(?<!def )(?<!defined )__has_include(?:_next)?\b(?!\s*\))"
    rb"(?:\s*\(\s*[<\"]([^>\"\n]+)[>\"])?"
)
_LINE = re.compile(rb"^[ \t]*#[ \t]*(?:line[ \t]+)?\d+[ \t]+\"([^\"\n]+)\"", re.MULTILINE)


class Names:
    """Of the files below root/folder, and of those in other folders that are searched.

    folder: "" for none. One object looks at each folder and file once.
    """

    def __init__(self, root: Path, folder: str) -> None:
        self._root, self._folder = root, folder
        self._all: Optional[List[str]] = None
        self._walked: Set[str] = set()
        self._entries: Dict[str, FrozenSet[str]] = {}
        self._asked: Dict[str, Tuple[FrozenSet[str], bool]] = {}

    def all(self) -> List[str]:
        """All files of the folder, relative to the root."""
        if self._all is None:
            found = []
            for folder, _, files in os.walk(str(self._root / self._folder)) if self._folder else ():
                relative = os.path.relpath(folder, str(self._root))
                self._walked.add(relative)
                found += [f"{relative}/{name}" for name in files]
            self._all = sorted(found)
        return self._all

    def rivals(self, read: Iterable[str], searched: Sequence[str]) -> List[str]:
        """What is there and could be found in the place of a file that was read or asked for.

        read, searched: as they are recorded, relative to the root if below it.
        """
        paths, outside = list(read), tuple(f"{folder}/" for folder in searched)
        near = [path for path in paths if not os.path.isabs(path) or path.startswith(outside)]
        asked, all_count = self._asked_by(near)
        wanted = {path.rpartition("/")[2] for path in [*paths, *asked]}
        names = [n for n in self.all() if all_count or n.rpartition("/")[2] in wanted]
        # A header in quotes is looked for beside whoever names it, also where a link leads.
        beside = {os.path.dirname(path) for path in near} - self._walked
        places = sorted(beside.union(searched))
        return sorted({*names, *self._found([*paths, *asked], places)})

    def called_by_lines(self, read: Iterable[str]) -> Set[str]:
        """Names that `#line` gives to lines of our files: nvcc takes them for files it read."""
        called: Set[str] = set()
        for path in read:
            if not os.path.isabs(path):
                with contextlib.suppress(OSError):
                    called.update(map(os.fsdecode, _LINE.findall((self._root / path).read_bytes())))
        return called

    def _found(self, paths: Iterable[str], places: Sequence[str]) -> List[str]:
        """What lies in these places and is called like one of the paths, or like its last parts:
        those may be all that an #include said."""
        tails: Dict[str, Set[str]] = {}
        for path in paths if places else ():
            parts = path.split("/")
            for index, first in enumerate(parts):
                tails.setdefault(first, set()).add("/".join(parts[index:]))
        found = []
        for place in places:
            for first in self._in(place).intersection(tails):
                found += [os.path.join(place, tail) for tail in tails[first]]
        return [one for one in found if (self._root / one).is_file()]

    def _in(self, place: str) -> FrozenSet[str]:
        if place not in self._entries:
            entries: List[str] = []
            with contextlib.suppress(OSError):
                entries = os.listdir(str(self._root / place))
            self._entries[place] = frozenset([*entries, ".."])
        return self._entries[place]

    def _asked_by(self, paths: Iterable[str]) -> Tuple[FrozenSet[str], bool]:
        """(what __has_include asks for in these files, whether it asks by a macro)."""
        answers = [self._asked_in(path) for path in paths]
        return frozenset().union(*(names for names, _ in answers)), any(m for _, m in answers)

    def _asked_in(self, path: str) -> Tuple[FrozenSet[str], bool]:
        if path not in self._asked:
            names: List[bytes] = []
            whole = self._root / path
            with contextlib.suppress(OSError):
                names = _HAS_INCLUDE.findall(whole.read_bytes()) if whole.is_file() else []
            asked = frozenset(os.fsdecode(name) for name in names if name)
            self._asked[path] = asked, b"" in names
        return self._asked[path]
