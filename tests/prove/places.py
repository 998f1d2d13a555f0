"""A proof's place in a temporary folder, and programs that stand in for CUDA's tools."""

from __future__ import annotations

import stat
from pathlib import Path

from remote_payload.operators.setting import Setting
from remote_payload.processes.isolate import Deadline
from remote_payload.stages.prove.prove import Place
from tests.payload.running import ROOT

ON_CPU = Setting("cpu", str(ROOT), seed=42, no_library="the build stage was not asked for")
ON_GPU = Setting("cuda", str(ROOT), seed=42, library="/nowhere/libsparsek.so")
HOPPER = (9, 0)


def place(
    folder: Path,
    setting: Setting = ON_CPU,
    sources: Path = ROOT,
    capability: tuple[int, int] | None = None,
    limit_s: float = 60.0,
) -> Place:
    """Where a proof called by itself works."""
    home, scratch = folder / "home", folder / "scratch"
    for each in (home, scratch):
        each.mkdir(parents=True, exist_ok=True)
    return Place(folder, sources, setting, capability, Deadline(limit_s), home, scratch)


def program(path: Path, text: str) -> Path:
    """An executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(stat.S_IRWXU)
    return path
