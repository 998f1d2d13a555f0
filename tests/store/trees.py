"""Shared by the tests of what travels: making trees, and reading what a scan says of them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from orchestrator.values.snapshot import Scan

Tree = Callable[..., Path]


def git(root: Path, *words: str) -> None:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.invalid")
    subprocess.run(["git", "-C", str(root), *who, *words], check=True, capture_output=True)


def paths(scan: Scan) -> list[str]:
    return [entry.path for entry in scan.snapshot.entries]


def reasons(scan: Scan) -> dict[str, str]:
    return {item.path: item.reason for item in scan.skipped}
