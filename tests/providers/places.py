"""A project with next to no csrc, a folder that is not the project, and what a test compiles with."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from remote_payload.contract.request import Provider, Request
from remote_payload.contract.words import Stage
from tests import toolkit
from tests.payload.running import Finished, a_request, run_payload

REPOSITORY = Path(__file__).parents[2]
EXAMPLES = REPOSITORY / "examples" / "providers"
needs_nvcc = pytest.mark.skipif(not toolkit.is_here(), reason=toolkit.WITHOUT)
needs_ninja = pytest.mark.skipif(
    not (shutil.which("ninja") and shutil.which("g++")), reason="no ninja, or no g++"
)


def snapshot(folder: Path, files: dict[str, str]) -> Path:
    """A snapshot with the payload and these files."""
    root = folder / "snapshot"
    root.mkdir(parents=True, exist_ok=True)
    if not (root / "remote_payload").exists():
        (root / "remote_payload").symlink_to(REPOSITORY / "remote_payload")
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def checked(folder: Path, root: Path, *providers: Provider, **changes: object) -> Finished:
    """A payload's check of these, built into `folder`/builds."""
    request: Request = a_request(*providers, stages=(Stage.CHECK,), **changes)
    return run_payload(request, folder, root=root)
