"""A RunPod that answers on this machine, a client for it, and a project with a pod."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.app import run
from orchestrator.cloud.api import Api, ApiKey, Patience
from orchestrator.cloud.runpod import RunPod
from tests.cli.conftest import copy_sources
from tests.cli.quick import quick_payload
from tests.cloud.renting import add_pod, stand_in, watchdogs
from tests.cloud.server import KEY, FakeRunPod, pod_json, serve
from tests.ssh.server import SshServer


@pytest.fixture
def fake() -> Iterator[FakeRunPod]:
    with serve() as running:
        yield running


@pytest.fixture
def pauses_s() -> list[float]:
    """How long the client would have slept."""
    return []


@pytest.fixture
def client(fake: FakeRunPod, pauses_s: list[float]) -> RunPod:
    return RunPod(Api(fake.url, ApiKey(KEY), sleep=pauses_s.append))


@pytest.fixture
def impatient(fake: FakeRunPod, pauses_s: list[float]) -> RunPod:
    """A client for tests of silence; others must not take a busy machine for a silent server."""
    patience = Patience(connect_s=1.0, silence_s=0.8)
    return RunPod(Api(fake.url, ApiKey(KEY), patience, sleep=pauses_s.append))


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
    """A folder with sources and an inventory, and the command line in it."""

    root: Path
    orchestrator: Callable[..., Outcome]

    def deploy(self) -> Outcome:
        return self.orchestrator("deploy", "--no-build", "--json", "--accept-new-host-key")

    def add(self, name: str, **facts: object) -> None:
        """One more host in the inventory."""
        with (self.root / "inventory.yaml").open("a") as file:
            file.write(f"  {name}: {json.dumps(facts)}\n")


@pytest.fixture
def project(
    tmp_path: Path,
    sshd: SshServer,
    fake: FakeRunPod,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Project:
    """Its host "h100" is known by its pod id alone."""
    monkeypatch.setenv("RUNPOD_API_KEY", KEY)
    monkeypatch.setenv("RUNPOD_API_URL", fake.url)
    root = tmp_path / "project"
    for folder in ("csrc", "remote_payload"):
        (root / folder).mkdir(parents=True)
        (root / folder / "source.txt").write_text(folder)
    (root / "inventory.yaml").write_text("hosts:\n")
    monkeypatch.chdir(root)

    def orchestrator(*arguments: str) -> Outcome:
        capsys.readouterr()
        code = run(arguments)
        seen = capsys.readouterr()
        return Outcome(int(code), seen.out, seen.err)

    made = Project(root, orchestrator)
    made.add(
        "h100",
        transport="ssh",
        runpod={"pod": pod_json()["id"]},
        user=sshd.host().user,
        identity_file=str(sshd.keys.client),
        workspace=str(tmp_path / "workspace"),
        python=sys.executable,
    )
    return made


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """What the pod's `runpodctl` was called with, once it was."""
    return stand_in(tmp_path / "bin")


@pytest.fixture
def rented(project: Project, fake: FakeRunPod, sshd: SshServer, notes: Path) -> Iterator[Project]:
    """The project with jobs that answer at once, and `pod`: the sshd, which can stop itself."""
    copy_sources(project.root)
    quick_payload(project.root)
    fake.add(pod_json(address="127.0.0.1", port=sshd.port))
    add_pod(project, sshd, "pod", env={"PATH": f"{notes.parent}:{os.environ['PATH']}"})
    yield project
    for path in watchdogs(project):
        path.unlink()
