"""Places where nothing can be written: private mounts, and folders without the right to."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def mounted(target: Path, options: str) -> Iterator[None]:
    """A small file system in memory; the test is skipped where mounting is not allowed."""
    words = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(target)]
    if os.geteuid() != 0 or subprocess.run(words, capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(target)], check=True)


@contextmanager
def unwritable(target: Path) -> Iterator[None]:
    """A folder without the right to write, for those who are not root."""
    target.chmod(0o555)
    try:
        yield
    finally:
        target.chmod(0o755)
