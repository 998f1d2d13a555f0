"""A project with few sources, and what of it would travel."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import UsageError
from orchestrator.sync import sources
from orchestrator.sync.inputs import require_inputs
from orchestrator.values.snapshot import Scan
from tests.store.trees import git

FILES = {
    "csrc/attention/api.cu": '#include "attention/mask.cuh"\n',
    "csrc/attention/mask.cuh": "#pragma once\n",
    "csrc/ptx/warp.cuh": "#pragma once\n",
    "remote_payload/__init__.py": "",
    "remote_payload/stages/build/build.py": "",
    "remote_payload/runner.py": "from remote_payload.stages.build import (\n    build,\n)\n",
}
ALL = sorted(FILES)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where we are then: what a hint says is typed there."""
    place = tmp_path / "parent" / "project"
    write(place, FILES)
    monkeypatch.chdir(place)
    return place


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def scanned(root: Path) -> Scan:
    """As deploy does, with and without --dry-run."""
    return require_inputs(sources.scan(root))


def committed(root: Path) -> None:
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "x")


def refusal(root: Path) -> UsageError:
    with pytest.raises(UsageError) as caught:
        scanned(root)
    return caught.value
