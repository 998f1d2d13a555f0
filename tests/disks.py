"""Disks, folders and files that refuse, for as long as a block lasts."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


def bound_by_modes() -> tuple[str, ...]:
    """What stands before a command so that modes bind it as they bind everybody but root."""
    if os.geteuid() != 0:
        return ()
    if shutil.which("setpriv") is None:
        pytest.skip("no setpriv here: root gets in wherever it likes")
    return ("setpriv", "--inh-caps=-all", "--bounding-set=-all")


@contextlib.contextmanager
def mounted(place: Path, options: str) -> Iterator[Path]:
    """A tmpfs at `place`, which is made where it is not there; or the test is skipped."""
    place.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a tmpfs needs root and CAP_SYS_ADMIN")
    try:
        yield place
    finally:
        # Lazily: the far end of the last command may be on its way out.
        subprocess.run(["umount", "-l", str(place)], check=True)


@contextlib.contextmanager
def unwritable(place: Path) -> Iterator[None]:
    """A folder without the right to write, for those who are not root."""
    place.chmod(0o555)
    try:
        yield
    finally:
        place.chmod(0o755)


@contextlib.contextmanager
def immutable(path: Path) -> Iterator[None]:
    """Nobody may change `path` or, in a folder, make, rename or remove anything; or skipped."""
    made = subprocess.run(["chattr", "+i", str(path)], capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"cannot make a file immutable: {made.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", str(path)], check=True)
