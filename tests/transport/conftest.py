"""Logins by an agent: the real one, started by whoever asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.transport.connect import Trust
from orchestrator.values.host import Host
from tests.ssh.agents import (
    SshAgent,
    confirming,
    ssh_agent,
)
from tests.ssh.server import SshServer


@pytest.fixture
def trust(tmp_path: Path) -> Trust:
    return Trust(tmp_path / "known_hosts", passphrase=None)


Started = Callable[..., SshAgent]


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Started]:
    """Starts the agent that everybody asks: agent(confirms=True) says yes to every use."""
    with ExitStack() as stack:

        def start(confirms: bool = False) -> SshAgent:
            running = stack.enter_context(ssh_agent(tmp_path, confirming(tmp_path, confirms)))
            monkeypatch.setenv("SSH_AUTH_SOCK", str(running.place))
            return running

        yield start


@pytest.fixture
def host(sshd: SshServer) -> Host:
    """Without an identity file: the agent's keys are offered."""
    return replace(sshd.host(), identity_file=None)


def copied(key: Path, to: Path) -> Path:
    to.parent.mkdir(mode=0o700, exist_ok=True)
    to.write_bytes(key.read_bytes())
    to.chmod(0o600)
    Path(f"{to}.pub").write_bytes(Path(f"{key}.pub").read_bytes())
    return to
