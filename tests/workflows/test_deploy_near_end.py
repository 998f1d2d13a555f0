"""How the near end behaves: what it says, what it plans, and sources that move under its hands."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import HostUnfit, HostUnreachable
from orchestrator.sync import sources
from orchestrator.sync.deploy import deploy, deploy_from, plan
from orchestrator.sync.packing import SourcesChanged
from orchestrator.transport.connect import Trust, connect
from orchestrator.transport.local import LocalTransport
from tests.security.hostile import hostile_agent
from tests.ssh.server import SshServer
from tests.workflows.syncing import (
    Listener,
    held,
    held_of,
    local,
    local_host,
    published,
    there,
    write,
)

FILES = {"csrc/a.cu": "A" * 5000, "csrc/deep/er/b.cuh": "B", "remote_payload/c.py": ""}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path / "project", FILES)


def test_a_waiting_sync_says_that_it_waits(tmp_path: Path, root: Path) -> None:
    first, second = local(tmp_path / "ws"), local(tmp_path / "ws")
    write(root, {"csrc/slow.cu": "x" * 100})
    scan = sources.scan(root)
    listener = Listener()
    waiting = threading.Thread(target=deploy, args=(second, scan, listener))

    def while_the_first_sends() -> None:
        waiting.start()
        deadline = time.monotonic() + 10
        while not listener.lines and time.monotonic() < deadline:
            time.sleep(0.02)

    deploy(first, scan, Listener(while_the_first_sends))
    waiting.join()
    assert listener.lines == ["another sync to here (this machine) is under way; waiting"]


@pytest.mark.parametrize("heard", [0, 1], ids=["at once", "after all was sent"])
def test_a_host_that_says_for_ever_that_another_sync_goes_on_is_given_up(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch, heard: int
) -> None:
    monkeypatch.setattr("orchestrator.sync.deploy._WAITING_LIMIT_S", 0.5)
    wanted, waits = "{'status': 'wanted', 'base': None, 'have': []}", "{'status': 'waiting'}"
    answers = f"({wanted} if n < {heard} else {waits} for n in range(1 << 40))"
    with (
        hostile_agent(tmp_path / "host", answers) as way,
        pytest.raises(HostUnfit, match=r"another sync to .* has been under way for"),
    ):
        deploy_from(root, way)


def test_what_stays_at_home_is_said_once(tmp_path: Path, root: Path) -> None:
    write(root, {"csrc/.env": "SECRET=1", ".gitignore": "*.o\n", "csrc/x.o": ""})
    listener = Listener()
    deployed = deploy_from(root, local(tmp_path / "ws"), listener)
    assert listener.lines == ["not sent: csrc/.env has the name of a secret"]
    assert "csrc/.env" not in held(there(deployed))


def test_a_file_that_changes_while_it_is_sent_is_read_again(tmp_path: Path, root: Path) -> None:
    listener = Listener(lambda: write(root, {"csrc/a.cu": "changed meanwhile"}))
    deployed = deploy_from(root, local(tmp_path / "ws"), listener)
    assert listener.lines == ["csrc/a.cu changed while it was being sent; reading again"]
    assert held(there(deployed)) == held_of(root)
    assert published(tmp_path / "ws") == {deployed.digest}


@pytest.mark.parametrize("change", ["longer than before " * 900, "shorter", "B" * 5000, None])
def test_a_scan_that_is_no_longer_true_is_refused(
    tmp_path: Path, root: Path, change: str | None
) -> None:
    scan = sources.scan(root)
    if change is None:
        (root / "csrc/a.cu").unlink()
    else:
        write(root, {"csrc/a.cu": change})
    with pytest.raises(SourcesChanged, match=r"csrc/a\.cu changed"):
        deploy(local(tmp_path / "ws"), scan)
    assert published(tmp_path / "ws") == set()


def test_a_plan_names_everything_and_touches_nothing(tmp_path: Path, root: Path) -> None:
    write(root, {"csrc/.env": "x"})
    host = local_host(tmp_path / "ws")
    scan = sources.scan(root)
    planned = plan(host, scan)
    assert [entry.path for entry in planned.files] == sorted(FILES)
    assert [item.path for item in planned.skipped] == ["csrc/.env"]
    assert planned.remote_path.name == scan.snapshot.digest
    assert planned.command.argv[4:] == ("<nonce>", str(tmp_path / "ws"), scan.snapshot.digest, "5")
    assert not (tmp_path / "ws").exists()
    assert not (root / ".orchestrator").exists()


def test_the_agent_stays_small_enough_for_a_command_line(tmp_path: Path, root: Path) -> None:
    line = plan(local_host(tmp_path), sources.scan(root)).command.shell_line()
    # With what it has to check, and in the first packets of a channel: half of ten TCP segments
    # (RFC 6928) of 1460 bytes.
    assert len(line) < 7300


def test_a_scan_that_fails_is_told_before_a_dead_address_answers(tmp_path: Path) -> None:
    class Unreachable(LocalTransport):
        def open(self) -> None:
            time.sleep(5)
            raise HostUnreachable("too late")

    started = time.monotonic()
    with pytest.raises(Exception, match="there is no csrc/"):
        deploy_from(tmp_path, Unreachable(local_host(tmp_path / "ws")))
    assert time.monotonic() - started < 4


def test_an_unreachable_host_is_told_after_the_scan(
    sshd: SshServer, tmp_path: Path, root: Path
) -> None:
    host = replace(sshd.host(), port=1)
    with pytest.raises(HostUnreachable):
        deploy_from(root, connect(host, Trust(tmp_path / "known_hosts")))
