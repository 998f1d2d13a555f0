"""Where git sees a path of the project: links are followed, and a submodule answers for itself."""

from __future__ import annotations

import os
from pathlib import Path

from orchestrator.model.command import typed


def located(place: Path) -> tuple[Path, str]:
    """The innermost checkout that `place` lies in, and where in it.

    Links on the way are followed, `place` itself is not. Outside of any, it is its folder.
    """
    folder = Path(os.path.realpath(place.parent))
    top = next((up for up in (folder, *folder.parents) if os.path.lexists(up / ".git")), folder)
    return top, os.path.relpath(folder / place.name, top)


def git_line(root: Path, path: str, *words: str) -> str:
    """The command, to be typed in `root`, by which git does `words` to a path of the project."""
    top, inner = located(root / path)
    if root != top and root in top.parents:
        return typed("git", "-C", os.path.relpath(top, root), *words, inner)
    return typed("git", *words, os.path.relpath(top / inner, root))
