"""Logging in: keys, passphrases, agents, ssh_config and jump hosts, against a real sshd."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import AuthenticationError, HostKeyError, HostUnreachable, UsageError
from orchestrator.transport.connect import FirstContact, Trust, connect
from orchestrator.transport.login.known_hosts import keys_of
from orchestrator.values.command import Command
from orchestrator.values.host import Host
from tests.conftest import SshdVariant
from tests.ssh.server import PASSPHRASE, PASSWORD_ONLY, TWO_TRIES, Keys, SshServer


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty ssh-agent of our own."""
    sock = tmp_path / "agent"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(sock)], stdout=subprocess.DEVNULL)
    while not sock.exists():
        time.sleep(0.01)
    monkeypatch.setenv("SSH_AUTH_SOCK", str(sock))
    yield
    process.terminate()
    process.wait()


def add_to_agent(key: Path) -> None:
    subprocess.run(["ssh-add", "-q", str(key)], check=True)


def opened_copy(encrypted: Path, directory: Path) -> Path:
    """The same key without its passphrase, as an agent would hold it."""
    copy = directory / "opened"
    copy.write_bytes(encrypted.read_bytes())
    copy.chmod(0o600)
    words = ["ssh-keygen", "-q", "-p", "-P", PASSPHRASE, "-N", "", "-f", str(copy)]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    return copy


def reaches(host: Host, trust: Trust) -> bool:
    with connect(host, trust) as transport:
        return transport.run(Command(("true",))).ok


def refusal(host: Host, trust: Trust) -> HostUnreachable:
    with connect(host, trust) as transport, pytest.raises(HostUnreachable) as caught:
        transport.open()
    assert caught.value.hint
    return caught.value


def write_config(home: Path, text: str) -> None:
    (home / ".ssh").mkdir(exist_ok=True)
    (home / ".ssh" / "config").write_text(text)


def test_a_wrong_key_is_refused_and_named(sshd: SshServer, trust: Trust) -> None:
    error = refusal(replace(sshd.host(), identity_file=sshd.keys.stranger), trust)
    assert isinstance(error, AuthenticationError)
    assert str(sshd.keys.stranger) in error.message
    assert "authorized_keys" in error.hint


def test_an_encrypted_key_opens_with_its_passphrase(sshd: SshServer, trust: Trust) -> None:
    asked: list[str] = []

    def passphrase(question: str) -> str:
        asked.append(question)
        return PASSPHRASE

    host = replace(sshd.host(), identity_file=sshd.keys.encrypted)
    assert reaches(host, replace(trust, passphrase=passphrase))
    assert asked == [f"Passphrase for {sshd.keys.encrypted}: "]


def test_an_encrypted_key_with_nobody_to_ask_names_ssh_add(sshd: SshServer, trust: Trust) -> None:
    error = refusal(replace(sshd.host(), identity_file=sshd.keys.encrypted), trust)
    assert "needs a passphrase" in error.message
    assert f"ssh-add {sshd.keys.encrypted}" in error.hint


def test_a_wrong_passphrase_is_said_and_never_repeated(sshd: SshServer, trust: Trust) -> None:
    host = replace(sshd.host(), identity_file=sshd.keys.encrypted)
    error = refusal(host, replace(trust, passphrase=lambda question: "hunter2"))
    assert "does not open" in error.message
    assert "hunter2" not in error.message + error.hint


@pytest.mark.usefixtures("agent")
def test_an_encrypted_key_that_the_agent_holds_needs_no_passphrase(
    sshd: SshServer, trust: Trust, tmp_path: Path
) -> None:
    add_to_agent(opened_copy(sshd.keys.encrypted, tmp_path))
    assert reaches(replace(sshd.host(), identity_file=sshd.keys.encrypted), trust)


@pytest.mark.usefixtures("agent")
def test_without_an_identity_file_the_agents_keys_are_tried(sshd: SshServer, trust: Trust) -> None:
    add_to_agent(sshd.keys.stranger)
    add_to_agent(sshd.keys.client)
    assert reaches(replace(sshd.host(), identity_file=None), trust)


@pytest.mark.usefixtures("agent")
def test_an_identity_file_is_offered_alone_however_full_the_agent_is(
    sshd_variant: SshdVariant, keys: Keys, trust: Trust
) -> None:
    host = sshd_variant(*TWO_TRIES).host()
    for key in (keys.stranger, keys.host, keys.other_host):
        add_to_agent(key)
    assert reaches(host, trust)
    error = refusal(replace(host, identity_file=None), trust)
    assert "hung up after 2 keys" in error.message
    assert "identity_file:" in error.hint


def test_no_key_at_all_is_said_plainly(sshd: SshServer, trust: Trust) -> None:
    error = refusal(replace(sshd.host(), identity_file=None), trust)
    assert "no SSH key to offer" in error.message


def test_a_default_key_of_the_user_is_found(sshd: SshServer, trust: Trust, home: Path) -> None:
    (home / ".ssh").mkdir()
    (home / ".ssh" / "id_ed25519").write_bytes(sshd.keys.client.read_bytes())
    assert reaches(replace(sshd.host(), identity_file=None), trust)


@pytest.mark.parametrize(
    ("name", "reason"), [("missing", "No such file"), ("client.pub", "not a private key")]
)
def test_an_unusable_identity_file_is_named_with_the_reason(
    sshd: SshServer, trust: Trust, name: str, reason: str
) -> None:
    path = sshd.keys.client.parent / name
    error = refusal(replace(sshd.host(), identity_file=path), trust)
    assert str(path) in error.message
    assert reason in error.message
    assert "identity_file:" in error.hint


def test_a_server_that_wants_passwords_is_recognised(
    sshd_variant: SshdVariant, trust: Trust
) -> None:
    error = refusal(sshd_variant(*PASSWORD_ONLY).host(), trust)
    assert "it accepts: password" in error.message


def test_a_server_that_wants_a_second_factor_is_recognised(
    sshd_variant: SshdVariant, trust: Trust
) -> None:
    both = ("PasswordAuthentication yes", "AuthenticationMethods publickey,password")
    error = refusal(sshd_variant(*both).host(), trust)
    assert "password as well" in error.message


def test_an_alias_of_ssh_config_is_followed(sshd: SshServer, trust: Trust, home: Path) -> None:
    user = sshd.host().user
    (home / "more").write_text(f"Host nick*\n User {user}\n IdentityFile {sshd.keys.client}\n")
    write_config(home, f"Include {home}/more\nHost nick\n HostName 127.0.0.1\n Port {sshd.port}\n")
    host = replace(sshd.host(), address="nick", port=None, user=None, identity_file=None)
    assert reaches(host, trust)


def test_the_inventory_wins_over_ssh_config(sshd: SshServer, trust: Trust, home: Path) -> None:
    write_config(home, "Host *\n Port 1\n User nobody\n IdentityFile /nonexistent\n")
    assert reaches(sshd.host(), trust)


def test_a_broken_ssh_config_is_shown_with_openssh_s_words(
    sshd: SshServer, trust: Trust, home: Path
) -> None:
    write_config(home, "Host *\n Prot 22\n")
    with connect(sshd.host(), trust) as transport, pytest.raises(UsageError, match="prot"):
        transport.open()


def test_a_proxy_command_carries_the_connection(sshd: SshServer, trust: Trust, home: Path) -> None:
    relay = home / "relay.py"
    relay.write_text(
        "import os, socket, sys, threading\n"
        "far = socket.create_connection((sys.argv[1], int(sys.argv[2])))\n"
        "def up():\n"
        "    while data := os.read(0, 65536): far.sendall(data)\n"
        "threading.Thread(target=up, daemon=True).start()\n"
        "while data := far.recv(65536): os.write(1, data)\n"
    )
    write_config(home, f"Host far\n HostName 127.0.0.1\n ProxyCommand python3 {relay} %h %p\n")
    assert reaches(replace(sshd.host(), address="far"), trust)


@pytest.fixture
def behind_a_gate(sshd: SshServer, home: Path) -> Host:
    """A host that ~/.ssh/config reaches through `gate`, the same server, as everything else is."""
    write_config(
        home,
        f"Host gate\n HostName 127.0.0.1\n Port {sshd.port}\n IdentityFile {sshd.keys.client}\n"
        "Host inner\n HostName 127.0.0.1\n"
        "Host *\n ProxyJump gate\n",
    )
    return replace(sshd.host(), address="inner")


def test_a_jump_host_is_passed_through(sshd: SshServer, behind_a_gate: Host, trust: Trust) -> None:
    before = sshd.log().count("Accepted publickey")
    accepting = replace(trust, first_contact=FirstContact.ACCEPT)
    with connect(behind_a_gate, accepting) as transport:
        done = transport.run(Command(("cat",)), stdin=os.urandom(100_000))
        assert len(done.stdout) == 100_000
    assert sshd.log().count("Accepted publickey") == before + 2
    assert len(keys_of(trust.known_hosts, "gate")) == 1


def test_a_jump_host_must_be_known_like_any_other(
    sshd: SshServer, behind_a_gate: Host, trust: Trust
) -> None:
    before = sshd.log().count("Accepted publickey")
    error = refusal(behind_a_gate, trust)
    assert isinstance(error, HostKeyError)
    assert "gate (gate) is not known yet" in error.message
    assert sshd.log().count("Accepted publickey") == before


def test_a_jump_host_that_cannot_get_further_is_told_apart(
    behind_a_gate: Host, trust: Trust
) -> None:
    accepting = replace(trust, first_contact=FirstContact.ACCEPT)
    error = refusal(replace(behind_a_gate, port=1), accepting)
    assert "Connect failed" in error.message
