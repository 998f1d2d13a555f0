"""Brokers that a test begins, of which nothing may be left when it ends."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from orchestrator.transport.broker.listed import open_to
from orchestrator.transport.broker.transport import BrokerTransport, Keeping
from orchestrator.transport.connect import Trust
from orchestrator.values.host import Host
from tests.ssh.server import SshServer

REPOSITORY = Path(__file__).parents[3]
PERSIST_S = 600.0
GONE_S = 15.0  # most of it is a loaded machine's

COMMAND = """
import sys
from pathlib import Path
from orchestrator.store.inventory.reading import load
from orchestrator.transport.broker.transport import BrokerTransport, Keeping
from orchestrator.transport.connect import Trust
from orchestrator.values.command import Command
host = load(Path(sys.argv[1]), {}).host(None)
trust = Trust(Path(sys.argv[2]))
with BrokerTransport(host, trust, Keeping(600.0, print)) as transport:
    assert transport.run(Command(("echo", "hello"))).stdout == b"hello\\n"
    assert "paramiko" not in sys.modules, "the command connected by itself"
"""


def processes(home: Path) -> list[int]:
    """Those of brokers that were begun from this home."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (place / "cmdline").read_bytes()
            ours = f"HOME={home}".encode() in (place / "environ").read_bytes().split(b"\0")
            if b"transport.broker.process" in words and ours:
                found.append(int(place.name))
    return found


def sockets(home: Path) -> list[str]:
    """Those of brokers; of a command that was killed while it began one, an empty lock stays."""
    place = home / ".orchestrator" / "run"
    return sorted(one.name for one in place.glob("*.sock")) if place.is_dir() else []


def until(what: Callable[[], bool], limit_s: float = GONE_S) -> bool:
    """Whether it comes to be in time."""
    deadline = time.monotonic() + limit_s
    while not what():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@dataclass
class Desk:
    """One user's home and inventory, from which commands reach `host`. told: what they said."""

    home: Path
    host: Host
    trust: Trust
    server: SshServer
    told: list[str] = field(default_factory=list)

    def way(self, persist_s: float = PERSIST_S, host: Host | None = None) -> BrokerTransport:
        """What one more command uses."""
        return BrokerTransport(host or self.host, self.trust, Keeping(persist_s, self.told.append))

    def command(self) -> list[str]:
        """The words of a program that does what a command does."""
        host, inventory = self.host, self.trust.known_hosts.with_name("inventory.yaml")
        inventory.write_text(
            f"hosts:\n  pod:\n    transport: ssh\n    address: 127.0.0.1\n    port: {host.port}\n"
            f"    user: {host.user}\n    host_key: {host.host_key}\n"
            f"    identity_file: {host.identity_file}\n"
        )
        return [sys.executable, "-c", COMMAND, str(inventory), str(self.trust.known_hosts)]

    def logins(self) -> int:
        return self.server.log().count("Accepted publickey")

    def broker(self) -> int:
        """The process that keeps the connection; 0 if there is none."""
        found = open_to(self.trust.known_hosts, [self.host.name]).get(self.host.name)
        return found.pid if found else 0

    def commands(self) -> int:
        """How many commands use it."""
        found = open_to(self.trust.known_hosts, [self.host.name])
        return found[self.host.name].commands

    def nothing_is_left(self) -> bool:
        return not processes(self.home) and not sockets(self.home)


@pytest.fixture
def desk(home: Path, sshd: SshServer, tmp_path: Path) -> Iterator[Desk]:
    """A desk without a connection yet."""
    (tmp_path / "project").mkdir()
    trust = Trust(tmp_path / "project" / "known_hosts")
    made = Desk(home, sshd.host(), trust, sshd)
    yield made
    for pid in processes(home):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    assert until(made.nothing_is_left), (processes(home), sockets(home))
