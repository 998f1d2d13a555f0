"""A private copy of this machine's CUDA toolkit, whose parts a test may take away."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

REAL = Path(os.environ.get("CUDA_HOME") or "/usr/local/cuda").resolve()
WITHOUT = f"no CUDA toolkit at {REAL}"
# nvcc finds everything else from where it lies itself, so that these must not be links.
_COPIED = ("nvcc", "nvcc.profile")


def is_here() -> bool:
    """Whether this machine has a toolkit to copy."""
    return (REAL / "bin" / "nvcc").is_file()


def copy_toolkit(folder: Path) -> Path:
    """The toolkit as links, folder by folder, but for nvcc itself; returns `folder`."""
    for place, folders, files in os.walk(REAL):
        there = folder / Path(place).relative_to(REAL)
        there.mkdir(parents=True, exist_ok=True)
        for name in (*files, *folders):
            original = Path(place, name)
            if original.is_symlink() and not original.readlink().is_absolute():
                (there / name).symlink_to(original.readlink())
            elif name in _COPIED:
                shutil.copy(original, there / name)
            elif original.is_file():
                (there / name).symlink_to(original)
    return folder


@contextmanager
def without(toolkit: Path, part: str) -> Iterator[None]:
    """The toolkit lacks `part`, a path inside it, for as long as this lasts."""
    away = toolkit / "taken-away"
    (toolkit / part).rename(away)
    try:
        yield
    finally:
        away.rename(toolkit / part)


def program(path: Path, text: str) -> Path:
    """A shell script that can be run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path
