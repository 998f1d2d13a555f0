"""A project of its own on disk, and the real command line run in this process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.app import run
from remote_payload.contract.result import Result
from tests.cli.comparing import AGAIN, MADE, NEW_CODE, Compare, history, store
from tests.once import once
from tests.ssh.server import SshServer

REPOSITORY = Path(__file__).parents[2]
TRAVELS = ("csrc", "remote_payload")


@dataclass(frozen=True)
class Outcome:
    """What one command left: exit code, stdout, stderr."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Project:
    """A folder with the sources, an inventory, and a command line that works in it."""

    root: Path
    builds: Path
    orchestrator: Callable[..., Outcome]

    def inventory(self, text: str) -> None:
        (self.root / "inventory.yaml").write_text(text)

    def add_ssh_host(self, server: SshServer, **changes: object) -> None:
        """Describe `server` as host "pod", its key pinned."""
        workspace = server.remote_home / f"workspace of {self.root.parent.name}"
        link_builds(workspace, self.builds)
        facts: dict[str, object] = {
            "transport": "ssh",
            "address": "127.0.0.1",
            "port": server.port,
            "user": server.host().user,
            "identity_file": str(server.keys.client),
            "host_key": server.fingerprint,
            "workspace": str(workspace),
            "python": sys.executable,
        }
        facts.update(changes)
        lines = [f"      {key}: {json.dumps(value)}" for key, value in facts.items() if value]
        self.inventory("default: pod\nhosts:\n  pod:\n" + "\n".join(lines) + "\n")

    def files(self) -> set[str]:
        """Everything under the project, to see that nothing was written."""
        return {str(p.relative_to(self.root)) for p in self.root.rglob("*")}


def copy_sources(target: Path) -> None:
    """The parts of this repository that travel, as they are in the working tree."""
    listed = subprocess.run(
        ["git", "ls-files", "-coz", "--exclude-standard", *TRAVELS],
        cwd=REPOSITORY,
        capture_output=True,
        check=True,
    ).stdout.split(b"\0")
    for name in filter(None, listed):
        source = REPOSITORY / name.decode()
        if source.is_file():
            place = target / name.decode()
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(source.read_bytes())


@pytest.fixture(scope="session")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One build cache for all workspaces of all workers: the kernel compiles once."""
    return once(tmp_path_factory, "builds")


def link_builds(workspace: Path, builds: Path) -> None:
    workspace.mkdir(parents=True, exist_ok=True)
    if not (workspace / "builds").exists():
        (workspace / "builds").symlink_to(builds)


@pytest.fixture
def project(
    tmp_path: Path,
    builds: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Project:
    root = tmp_path / "project"
    copy_sources(root)
    link_builds(tmp_path / "work", builds)
    (root / "inventory.yaml").write_text(
        "default: local\nhosts:\n  local:\n    transport: local\n"
        f"    workspace: {json.dumps(str(tmp_path / 'work'))}\n"
    )
    monkeypatch.chdir(root)

    def orchestrator(*arguments: str) -> Outcome:
        capsys.readouterr()
        code = run(arguments)
        seen = capsys.readouterr()
        return Outcome(int(code), seen.out, seen.err)

    return Project(root, builds, orchestrator)


@pytest.fixture
def compare(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Compare:
    """Store two results as runs, then compare them with the arguments given.

    earlier: how many more runs of the first one's code there are.
    """
    monkeypatch.chdir(tmp_path)

    def both(
        before: Result | None, after: Result | None, *arguments: str, earlier: int = 0
    ) -> Outcome:
        if earlier:
            assert before is not None
            history(tmp_path, before, earlier)
        store(tmp_path, MADE, before)
        store(tmp_path, AGAIN, after, NEW_CODE)
        capsys.readouterr()
        code = run(["--runs", "runs", "compare", "20261122", "latest", *arguments])
        seen = capsys.readouterr()
        return Outcome(int(code), seen.out, seen.err)

    return both
