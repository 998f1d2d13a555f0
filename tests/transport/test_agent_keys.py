"""Keys that cannot sign, expire or vanish: real agents, real sshd.

Wherever it says something, the OpenSSH client stands beside ours in the same case.
"""

from __future__ import annotations

import base64
import socket
import time
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import AuthenticationError, NobodyToAsk
from orchestrator.transport.connect import Trust
from orchestrator.transport.login.ssh_agent import Agent
from orchestrator.values.host import Host
from tests.conftest import SshdVariant
from tests.ssh.agents import (
    BROKEN_KEYS,
    DEVICE_KEY,
    LISTS,
    SIGNS,
    STRANGE_KEYS,
    between,
    text,
)
from tests.ssh.openssh import openssh
from tests.ssh.server import TWO_TRIES, Keys, SshServer, fingerprint
from tests.transport.conftest import Started, copied
from tests.transport.test_login import opened_copy, reaches, refusal, write_config


def confirmations(directory: Path) -> int:
    file = directory / "confirmations"
    return len(file.read_text().splitlines()) if file.exists() else 0


def test_after_a_key_whose_use_is_not_confirmed_the_next_is_tried(
    sshd: SshServer, host: Host, agent: Started, trust: Trust, keys: Keys
) -> None:
    running = agent(confirms=False)
    running.add(keys.client, "-c")
    running.add(opened_copy(keys.encrypted, running.place.parent))
    assert openssh(sshd).returncode == 0
    assert reaches(host, trust)


def test_a_key_whose_use_is_not_confirmed_is_named_with_what_happened(
    sshd: SshServer, host: Host, agent: Started, trust: Trust, keys: Keys
) -> None:
    running = agent(confirms=False)
    running.add(keys.stranger)
    running.add(keys.client, "-c")
    assert openssh(sshd).returncode == 255
    error = refusal(host, trust)
    assert type(error) is AuthenticationError
    assert (
        f"agent key {fingerprint(keys.client)} client: the agent refused to sign" in error.message
    )
    assert (
        f"agent key {fingerprint(keys.stranger)} stranger: the host does not accept it"
        in error.message
    )
    assert "Confirm when the agent asks" in error.hint
    assert "PubkeyAuthentication" not in error.hint


def test_nobody_has_to_confirm_a_key_that_the_host_does_not_know(
    sshd: SshServer, host: Host, agent: Started, trust: Trust, keys: Keys, tmp_path: Path
) -> None:
    running = agent(confirms=True)
    running.add(keys.stranger, "-c")
    running.add(keys.client, "-c")
    assert openssh(sshd).returncode == 0
    by_openssh = confirmations(tmp_path)
    assert reaches(host, trust)
    assert by_openssh == 1
    assert confirmations(tmp_path) == 2


@pytest.mark.parametrize("by_openssh", [True, False], ids=["OpenSSH", "ours"])
def test_a_key_that_expires_while_it_is_offered_does_not_end_the_login(
    by_openssh: bool,
    sshd: SshServer,
    host: Host,
    agent: Started,
    trust: Trust,
    keys: Keys,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    running, other = agent(), opened_copy(keys.encrypted, tmp_path)
    signs: list[int] = []

    def alive_when_listed_and_expired_when_asked_to_sign(request: int) -> bool:
        if request == LISTS:
            running.add(keys.client, "-t", "3")
            running.add(other)
        if request == SIGNS:
            signs.append(request)
            time.sleep(3.1 if len(signs) == 1 else 0)
        return True

    hook = alive_when_listed_and_expired_when_asked_to_sign
    with between(running, tmp_path, before=hook) as place:
        monkeypatch.setenv("SSH_AUTH_SOCK", str(place))
        assert openssh(sshd).returncode == 0 if by_openssh else reaches(host, trust)
    assert len(signs) == 2


@pytest.mark.parametrize("broken", [False, True], ids=["of strange kinds", "that are none"])
def test_keys_that_nobody_can_use_do_not_hide_the_others(
    broken: bool,
    sshd_variant: SshdVariant,
    agent: Started,
    trust: Trust,
    keys: Keys,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = tmp_path / "known_keys"
    public = base64.b64encode(DEVICE_KEY).decode()
    client = Path(f"{keys.client}.pub").read_text()
    known.write_text(f"sk-ssh-ed25519@openssh.com {public} security key\n{client}")
    server = sshd_variant(f"AuthorizedKeysFile {known}")
    running = agent()
    running.add(keys.client)
    strange = STRANGE_KEYS + (BROKEN_KEYS if broken else ())
    with between(running, tmp_path, strange) as place:
        monkeypatch.setenv("SSH_AUTH_SOCK", str(place))
        if not broken:
            assert openssh(server).returncode == 0
        assert reaches(replace(server.host(), identity_file=None), trust)
        known.write_text(f"sk-ssh-ed25519@openssh.com {public} security key\n")
        error = refusal(replace(server.host(), identity_file=None), trust)
    assert "security key: the agent refused to sign" in error.message
    assert "tomorrow: ssh-of-tomorrow@example.org is a kind of key" in error.message
    assert "client: the host does not accept it" in error.message
    assert "touch the security key" in error.hint


@pytest.mark.parametrize("at", [LISTS, SIGNS], ids=["at the start", "in mid-login"])
def test_when_the_agent_vanishes_the_files_are_tried(
    at: int,
    sshd: SshServer,
    host: Host,
    agent: Started,
    trust: Trust,
    keys: Keys,
    tmp_path: Path,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    running = agent()
    running.add(keys.client)
    with between(running, tmp_path, before=lambda request: request != at) as place:
        monkeypatch.setenv("SSH_AUTH_SOCK", str(place))
        error = refusal(host, trust)
        assert "agent" in error.message
        assert (
            "does not answer any more" if at == SIGNS else "does not tell its keys"
        ) in error.message
        # Found by its public half, the agent's key is tried before the file.
        copied(keys.client, home / ".ssh" / "id_ed25519")
        assert reaches(host, trust)
    identity = str(home / ".ssh" / "id_ed25519")
    assert openssh(sshd, "-i", identity).returncode == 0


def test_too_many_keys_are_told_one_by_one(
    sshd_variant: SshdVariant, agent: Started, trust: Trust, keys: Keys
) -> None:
    server = sshd_variant(*TWO_TRIES)
    running = agent()
    for key in (keys.stranger, keys.host, keys.other_host, keys.client):
        running.add(key)
    assert openssh(server).returncode == 255
    error = refusal(replace(server.host(), identity_file=None), trust)
    assert "hung up after 2 keys:" in error.message
    assert f"{fingerprint(keys.stranger)} stranger: the host does not accept it" in error.message
    assert f"{fingerprint(keys.host)} host: the host hung up" in error.message
    assert "MaxAuthTries" in error.hint


def test_identities_only_chooses_among_the_agents_keys(
    sshd_variant: SshdVariant, agent: Started, trust: Trust, keys: Keys, home: Path
) -> None:
    server = sshd_variant(*TWO_TRIES)
    running = agent()
    for key in (keys.stranger, keys.host, keys.other_host, keys.client):
        running.add(key)
    public = home / "chosen.pub"
    public.write_bytes(Path(f"{keys.client}.pub").read_bytes())
    assert openssh(server, "-o", "IdentitiesOnly=yes", "-i", str(public)).returncode == 0
    write_config(home, f"Host *\n IdentitiesOnly yes\n IdentityFile {public}\n")
    assert reaches(replace(server.host(), identity_file=None), trust)


def test_an_agent_with_no_key_to_offer_is_told_from_none(
    host: Host,
    trust: Trust,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    agent: Started,
    keys: Keys,
) -> None:
    assert ": no agent, no ~/.ssh/id_*" in refusal(host, trust).message
    running = agent()
    assert "the agent holds no key or is locked" in refusal(host, trust).message
    running.add(keys.client)
    running.add(keys.stranger)
    assert reaches(host, trust)
    running.lock("secret")
    error = refusal(host, trust)
    assert "the agent holds no key or is locked" in error.message
    assert "`ssh-add -X`" in error.hint
    monkeypatch.setenv("SSH_AUTH_SOCK", str(home / "gone"))
    (home / "plain").touch()
    for name in ("gone", "plain"):
        monkeypatch.setenv("SSH_AUTH_SOCK", str(home / name))
        assert f"nobody listens at SSH_AUTH_SOCK={home / name}" in refusal(host, trust).message


def test_keys_that_identities_only_leaves_out_are_counted(
    host: Host, trust: Trust, home: Path, agent: Started, keys: Keys
) -> None:
    write_config(home, "Host *\n IdentitiesOnly yes\n")
    agent().add(keys.client)
    error = refusal(host, trust)
    assert "IdentitiesOnly leaves out the agent's 1 key," in error.message
    assert "run `ssh-add`" not in error.hint
    public = Path(f"{keys.client}.pub")
    write_config(home, f"Host *\n IdentitiesOnly yes\n IdentityFile {public}\n")
    assert reaches(host, trust)


def test_a_locked_key_file_is_named_and_the_rest_is_tried(
    host: Host, trust: Trust, keys: Keys, home: Path
) -> None:
    locked = copied(keys.encrypted, home / ".ssh" / "id_ed25519")
    other = copied(keys.stranger, home / ".ssh" / "id_ecdsa")
    error = refusal(host, trust)
    assert type(error) is NobodyToAsk
    assert f"{locked}: it needs a passphrase, and nobody can be asked here" in error.message
    assert f"{other}: the host does not accept it" in error.message
    assert f"ssh-add {locked}" in error.hint
    copied(keys.client, home / ".ssh" / "id_rsa")
    assert reaches(host, trust)


def test_a_passphrase_that_is_wrong_twice_may_be_right_the_third_time(
    host: Host, trust: Trust, keys: Keys, home: Path
) -> None:
    copied(keys.encrypted, home / ".ssh" / "id_ed25519")
    typed = iter(["hunter2", "hunter3", "correct horse"])
    assert reaches(host, replace(trust, passphrase=lambda question: next(typed)))


def test_the_file_of_a_security_key_is_told_from_a_damaged_one(
    sshd: SshServer, trust: Trust, tmp_path: Path
) -> None:
    file = tmp_path / "id_ed25519_sk"
    file.write_text("-----BEGIN OPENSSH PRIVATE KEY-----\n")
    public = base64.b64encode(DEVICE_KEY).decode()
    Path(f"{file}.pub").write_text(f"sk-ssh-ed25519@openssh.com {public} me\n")
    error = refusal(replace(sshd.host(), identity_file=file), trust)
    assert "it is a security key's, which only an agent can use" in error.message
    assert f"ssh-add {file}" in error.hint


@pytest.mark.parametrize("body", [b"", b"\0\0", b"\xff\xff\xff\xff", b"\0\0\0\1" + text(b"a")[:-1]])
def test_a_list_of_keys_that_is_cut_short_is_told_as_that(body: bytes) -> None:
    near, far = socket.socketpair()
    with near, far:
        far.sendall(text(b"\x0c" + body))
        agent = Agent(near)
        assert agent.keys() == ()
        assert agent.problem == "it does not tell its keys: it breaks off in the middle of a key"
