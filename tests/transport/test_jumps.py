"""Jump hosts as ssh_config writes them, over real servers with keys of their own."""

from __future__ import annotations

import getpass
import shlex
import time
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import HostKeyError, OrchestratorError, UsageError
from orchestrator.transport.connect import FirstContact, Trust, connect
from orchestrator.transport.login.known_hosts import forget, keys_of, remember
from orchestrator.transport.way.jump import hop
from orchestrator.values.command import Command
from orchestrator.values.host import Host
from tests.conftest import SshdVariant
from tests.ssh.server import Keys, SshServer
from tests.transport.test_host_keys import OTHER
from tests.transport.test_login import write_config

ME = getpass.getuser()


@pytest.fixture
def gate(sshd_variant: SshdVariant, keys: Keys) -> SshServer:
    """A jump host with a key of its own."""
    return sshd_variant(host_key=keys.other_host)


@pytest.fixture
def accepting(trust: Trust) -> Trust:
    return replace(trust, first_contact=FirstContact.ACCEPT)


def inner(sshd: SshServer, home: Path, jump: str, more: str = "") -> Host:
    """A host that ~/.ssh/config reaches over `jump`, with one key for all."""
    write_config(
        home,
        f"Host inner\n HostName 127.0.0.1\n ProxyJump {jump}\n{more}\n"
        f"Host *\n IdentityFile {sshd.keys.client}\n",
    )
    return replace(sshd.host(), address="inner")


def reaches(host: Host, trust: Trust) -> bool:
    with connect(host, trust) as transport:
        return transport.run(Command(("true",))).ok


def refusal(host: Host, trust: Trust) -> OrchestratorError:
    with connect(host, trust) as transport, pytest.raises((UsageError, HostKeyError)) as caught:
        transport.open()
    return caught.value


@pytest.mark.parametrize(
    "form",
    [
        "127.0.0.1:{port}",
        "{me}@127.0.0.1:{port}",
        "{me}@[127.0.0.1]:{port}",
        "[::ffff:127.0.0.1]:{port}",
        "ssh://{me}@127.0.0.1:{port}",
        "ssh://127.0.0.1:{port}/",
        "gate-%r",
        "gate-%%:{port}",
    ],
)
def test_a_jump_is_understood_however_it_is_written(
    sshd: SshServer, gate: SshServer, accepting: Trust, home: Path, form: str
) -> None:
    alias = f"Host gate-*\n HostName 127.0.0.1\n Port {gate.port}"
    if form == "gate-%%:{port}":
        alias = "Host gate-*\n HostName 127.0.0.1"
    before = gate.log().count("Accepted publickey")
    host = inner(sshd, home, form.format(me=ME, port=gate.port), alias)
    assert reaches(host, accepting)
    assert gate.log().count("Accepted publickey") == before + 1


@pytest.mark.parametrize("jump", ["a*b:22", "1.2.3.4:99999", "ssh://u@h:22/path", "[::1", "u@"])
def test_a_jump_that_cannot_be_understood_is_named(jump: str) -> None:
    with pytest.raises(UsageError, match="ProxyJump") as caught:
        hop(jump)
    assert jump in caught.value.message
    assert "[user@]host[:port]" in caught.value.hint


def test_two_jumps_on_one_name_are_two_machines(
    sshd: SshServer, sshd_variant: SshdVariant, gate: SshServer, accepting: Trust, home: Path
) -> None:
    other = sshd_variant()
    jumps = f"127.0.0.1:{gate.port},localhost:{other.port}"
    assert reaches(inner(sshd, home, jumps), accepting)
    assert reaches(inner(sshd, home, f"127.0.0.1:{other.port}"), accepting)
    assert reaches(
        inner(sshd, home, f"127.0.0.1:{gate.port}"),
        replace(accepting, first_contact=FirstContact.REFUSE),
    )
    assert len(keys_of(accepting.known_hosts, f"[127.0.0.1]:{gate.port}")) == 1
    assert len(keys_of(accepting.known_hosts, f"[127.0.0.1]:{other.port}")) == 1


def test_a_jump_that_is_called_like_a_host_of_the_inventory_is_another_machine(
    sshd: SshServer, gate: SshServer, accepting: Trust, home: Path
) -> None:
    remember(accepting.known_hosts, "gate", OTHER)
    host = inner(sshd, home, "gate", f"Host gate\n HostName 127.0.0.1\n Port {gate.port}")
    assert "CHANGED" in refusal(host, accepting).message
    assert reaches(host, replace(accepting, names=frozenset({"gate", "pod"})))
    assert keys_of(accepting.known_hosts, "gate") == (OTHER,)
    assert len(keys_of(accepting.known_hosts, "jump:gate")) == 1


@pytest.mark.parametrize("with_port", [True, False])
def test_the_hint_about_a_changed_jump_forgets_it_when_it_is_run_as_printed(
    sshd: SshServer, gate: SshServer, accepting: Trust, home: Path, with_port: bool
) -> None:
    jump = f"127.0.0.1:{gate.port}" if with_port else "gate"
    alias = f"[127.0.0.1]:{gate.port}" if with_port else "gate"
    host = inner(sshd, home, jump, f"Host gate\n HostName 127.0.0.1\n Port {gate.port}")
    remember(accepting.known_hosts, alias, OTHER)
    error = refusal(host, accepting)
    assert "host_key:" not in error.hint  # it has no entry in the inventory
    *words, name = shlex.split(error.hint.split("`")[1])
    assert words == ["orchestrator", "hosts", "trust"]
    assert forget(accepting.known_hosts, name)
    assert reaches(host, accepting)


def test_hints_about_a_jump_do_not_speak_of_the_inventory(
    sshd: SshServer, gate: SshServer, trust: Trust, home: Path
) -> None:
    host = inner(sshd, home, f"127.0.0.1:{gate.port}")
    assert "inventory" not in refusal(host, trust).hint
    write_config(
        home, f"Host inner\n HostName 127.0.0.1\n ProxyJump nobody@127.0.0.1:{gate.port}\n"
    )
    known = replace(trust, first_contact=FirstContact.ACCEPT)
    with connect(host, known) as transport, pytest.raises(Exception, match="no SSH key") as caught:
        transport.open()
    assert "IdentityFile of '127.0.0.1' in ~/.ssh/config" in caught.value.hint  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "more",
    [
        "Host a\n ProxyJump b\nHost b\n ProxyJump a",
        "Host a*\n ProxyJump a%n",
        "Host a\n ProxyJump a,b\nHost b\n ProxyJump a",
    ],
)
def test_jumps_without_an_end_are_told_before_anything_is_dialled(
    sshd: SshServer, accepting: Trust, home: Path, more: str
) -> None:
    began = time.monotonic()
    error = refusal(inner(sshd, home, "a", more), accepting)
    assert "circle" in error.message or "more than 16 jump hosts" in error.message
    assert len(error.message) < 200
    assert "ProxyJump" in error.hint
    assert time.monotonic() - began < 30


def test_a_jump_to_another_port_of_the_same_address_is_taken(
    sshd: SshServer, gate: SshServer, accepting: Trust, home: Path
) -> None:
    write_config(
        home,
        f'Match originalhost 127.0.0.1 exec "test %p = {sshd.port}"\n'
        f" ProxyJump 127.0.0.1:{gate.port}\nHost *\n IdentityFile {sshd.keys.client}\n",
    )
    before = gate.log().count("Accepted publickey")
    assert reaches(sshd.host(), accepting)
    assert gate.log().count("Accepted publickey") == before + 1
