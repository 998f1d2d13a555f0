"""A link that dies while sources are sent: the sync begins again by itself, a bounded number of times."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import HostKeyError, HostUnreachable, LinkLost
from orchestrator.sync import sources
from orchestrator.sync.deploy import RETRY_PAUSES_S, deploy, deploy_from
from orchestrator.transport.base import Transport
from orchestrator.transport.connect import Trust, connect
from tests.conftest import SshdVariant
from tests.faults.conftest import kill_sessions
from tests.ssh.link import LossyLink
from tests.ssh.server import SshServer
from tests.workflows.syncing import held, held_of, published, there, write

FILES = 40
QUICK = (0.05, 0.05)


class InMidUpload:
    """Progress that acts when a few files of an upload are on their way, for the first `times`."""

    def __init__(self, act: Callable[[], object], times: int) -> None:
        self.lines: list[str] = []
        self.uploads = 0
        self._act, self._times, self._steps = act, times, 0

    def step(self, task: str, done: int, total: int | None, detail: str = "") -> None:
        self._steps = 0 if done == 0 else self._steps + 1
        self.uploads += done == 0
        if self._steps == FILES // 2 and self._times:
            self._times -= 1
            self._act()

    def say(self, line: str) -> None:
        self.lines.append(line)

    @property
    def retries(self) -> list[str]:
        return [line for line in self.lines if "sending again in" in line]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    files = {f"csrc/{n}.bin": os.urandom(100_000) for n in range(FILES)}
    return write(tmp_path / "project", files)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


@pytest.fixture
def way(sshd: SshServer, workspace: Path, tmp_path: Path) -> Transport:
    return connect(replace(sshd.host(), workspace=str(workspace)), Trust(tmp_path / "known_hosts"))


def test_a_session_killed_in_mid_upload_is_followed_by_another_and_the_snapshot_is_whole(
    sshd: SshServer, way: Transport, root: Path, workspace: Path
) -> None:
    progress = InMidUpload(lambda: kill_sessions(sshd), times=1)
    with way:
        deployed = deploy_from(root, way, progress)
    assert len(progress.retries) == 1
    assert "sending again in 0.5 s" in progress.retries[0]
    assert progress.uploads == 2
    assert held(there(deployed)) == held_of(root)
    assert published(workspace) == {deployed.digest}


def test_sessions_killed_again_and_again_end_in_bounded_tries_and_publish_nothing(
    sshd: SshServer, way: Transport, root: Path, workspace: Path
) -> None:
    progress = InMidUpload(lambda: kill_sessions(sshd), times=99)
    with way, pytest.raises(LinkLost) as caught:
        deploy(way, sources.scan(root), progress, QUICK)
    assert "Run the same command again" in caught.value.hint
    assert len(progress.retries) == len(QUICK)
    assert progress.uploads == len(QUICK) + 1
    assert not [name for name in published(workspace) if len(name) == 64]
    with way:
        assert held(there(deploy(way, sources.scan(root)))) == held_of(root)


def test_a_host_that_refuses_connections_for_a_moment_after_the_loss_is_tried_again(
    sshd: SshServer,
    root: Path,
    workspace: Path,
    tmp_path: Path,
    lossy_link: Callable[..., LossyLink],
) -> None:
    link = lossy_link()
    host = replace(sshd.host(), workspace=str(workspace), port=link.port)

    def go_away() -> None:
        link.refuse()
        link.cut()

    progress = InMidUpload(go_away, times=1)
    with connect(host, Trust(tmp_path / "known_hosts")) as way, pytest.raises(HostUnreachable):
        deploy(way, sources.scan(root), progress, QUICK)
    assert len(progress.retries) == len(QUICK)
    assert "refuses connections" in progress.retries[1]


def test_a_host_that_was_never_reached_is_not_tried_again(root: Path, way: Transport) -> None:
    progress = InMidUpload(lambda: None, times=0)
    nowhere = connect(replace(way.host, port=1), Trust(Path("none")))
    with nowhere, pytest.raises(HostUnreachable, match="refuses connections"):
        deploy(nowhere, sources.scan(root), progress)
    assert progress.retries == []


def test_a_host_key_that_changes_with_the_loss_is_refused_at_once(
    sshd_variant: SshdVariant, root: Path, workspace: Path, tmp_path: Path
) -> None:
    before = sshd_variant()
    after = sshd_variant(host_key=before.keys.other_host)
    host, ports = replace(before.host(), workspace=str(workspace)), [before.port]

    def move() -> None:
        ports.append(after.port)
        kill_sessions(before)

    progress = InMidUpload(move, times=1)
    trust = Trust(tmp_path / "known_hosts")
    with (
        connect(host, trust, lambda one: replace(one, port=ports[-1])) as way,
        pytest.raises(HostKeyError),
    ):
        deploy(way, sources.scan(root), progress, QUICK)
    assert len(progress.retries) == 1


def test_patience_with_a_lost_link_is_a_matter_of_seconds() -> None:
    assert 2 <= len(RETRY_PAUSES_S) <= 5
    assert sum(RETRY_PAUSES_S) < 30
