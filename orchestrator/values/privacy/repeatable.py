"""A command line as others may read and repeat it: no folder of this machine or of a host's user.

What lies in the project is named from its root, where the sources that ran can be had again. For
anything else stands what to put in its place: `<your>/mine.py` for a file, `<your runs>` for a
folder. It is quoted, so a shell that gets it unchanged says that there is no such file.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.values.command import Command

# Options whose value is a place; those of a host mean nothing here.
_HERE, _THERE = ("--inventory", "--runs"), ("--cutlass-source", "--cutlass-profiler")
_FOLDERS = ("--runs", "--cutlass-source")
# name=path.py:function and --option=path: what stands before and behind a place.
_AROUND = re.compile(r"((?:--?)?[A-Za-z0-9][\w.-]*=)?(.*?)(:[A-Za-z_]\w*)?", re.DOTALL)
_FILE = re.compile(r"[^/]+\.[A-Za-z][\w-]{0,11}")


@dataclass(frozen=True)
class Stand:
    """Where a command was typed, and the root of the project around it."""

    here: Path
    root: Path

    def inside(self, place: str) -> str | None:
        """`place` from the root; None if it lies elsewhere."""
        path = Path(os.path.normpath(self.here / Path(place).expanduser()))
        for root in (self.root, self.root.resolve()):
            if path.is_relative_to(root):
                return path.relative_to(root).as_posix()
        return None


def repeatable(words: Sequence[str], stand: Stand | None = None) -> str:
    """The command line of `words`; without `stand` a relative path counts as the project's."""
    return str(Command(tuple(_words(words, stand))))


def as_repeatable(line: str) -> str:
    """A command line that was kept, for others; unchanged if it holds nothing of the kind."""
    try:
        words = shlex.split(line)
    except ValueError:  # what masked a part of it took a quote away
        return " ".join(_words(line.split(), None))
    shown = _words(words, None)
    return line if shown == words else str(Command(tuple(shown)))


def _words(words: Sequence[str], stand: Stand | None) -> list[str]:
    options = ("", *(word if word in (*_HERE, *_THERE) else "" for word in words))
    return [_word(word, option, stand) for word, option in zip(words, options, strict=False)]


def _word(word: str, option: str, stand: Stand | None) -> str:
    around = _AROUND.fullmatch(word)
    assert around is not None  # it matches anything
    before, place, behind = around.groups(default="")
    option = option or before.removesuffix("=")
    if not place.endswith(".py"):
        place, behind = place + behind, ""
    is_place = option in (*_HERE, *_THERE) or "/" in place or place.startswith("~")
    is_place = is_place or (place.endswith(".py") and before != "")
    if not is_place or "://" in place or place.startswith("<your"):
        return word
    return f"{before}{_place(place, option, stand)}{behind}"


def _place(place: str, option: str, stand: Stand | None) -> str:
    bare = "/" not in place and not place.startswith("~")
    if option not in _THERE:
        outside = place.startswith(("/", "~")) or ".." in place.split("/")
        inside = stand.inside(place) if stand else None if outside else place
        if inside is not None:
            return inside
    name = place.rstrip("/").rpartition("/")[2]
    if option not in _FOLDERS and _FILE.fullmatch(name):
        return name if bare else f"<your>/{name}"
    return f"<your {option.lstrip('-') or 'folder'}>"
