"""Where git sees a path of the project: links are followed, and a submodule answers for itself."""

from __future__ import annotations

import os
from pathlib import Path

from orchestrator.values.command import typed


def located(place: Path) -> tuple[Path, str]:
    """The innermost checkout that `place` lies in, and where in it.

    Links on the way are followed, `place` itself is not. Outside of any, it is its folder.
    """
    folder = Path(os.path.realpath(place.parent))
    top = next((up for up in (folder, *folder.parents) if os.path.lexists(up / ".git")), folder)
    return top, os.path.relpath(folder / place.name, top)


def git_line(root: Path, path: str, *words: str) -> str:
    """The command, to be typed where we are, by which git does `words` to a path of the project."""
    top, inner = located(root / path)
    place = top if root in top.parents else root
    away = _from_here(place)
    there = ("-C", away) if away else ()
    return typed("git", *there, *words, os.path.relpath(top / inner, place))


def _from_here(place: Path) -> str:
    try:
        away = os.path.relpath(place)
    except OSError:  # the folder that we are in is gone
        return str(place)
    return "" if away == "." else min(away, str(place), key=len)
