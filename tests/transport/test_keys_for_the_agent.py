"""Keys that only an agent can use here: found in it, and the way into it as the hint says."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import AuthenticationError
from orchestrator.transport.connect import Trust
from orchestrator.transport.login.key_file import (
    ForAgentError,
    LockedKeyError,
    WrongPassphraseError,
    unlocked,
)
from orchestrator.values.host import Host
from tests.conftest import SshdVariant
from tests.ssh.agents import ssh_agent
from tests.ssh.openssh import openssh
from tests.ssh.server import PASSPHRASE, Keys, SshServer
from tests.transport.conftest import Started
from tests.transport.test_login import opened_copy, reaches, refusal, write_config

IN_PKCS8 = ("pkcs8", "-topk8", "-passout", f"pass:{PASSPHRASE}")
LOCKED = {
    "in PKCS8": (*IN_PKCS8, "-v2", "aes256"),
    "by another cipher": (*IN_PKCS8, "-v2", "camellia256"),
    "by another derivation": (*IN_PKCS8, "-v2", "aes256", "-v2prf", "hmacWithSHA512-256"),
    "by an old cipher": (*IN_PKCS8, "-v1", "PBE-SHA1-2DES"),
    "in PEM by another cipher": (
        "rsa",
        "-traditional",
        "-aes192",
        "-passout",
        f"pass:{PASSPHRASE}",
    ),
}


def run(*words: object, shell: bool = False) -> None:
    line = str(words[0]) if shell else [str(word) for word in words]
    subprocess.run(line, check=True, capture_output=True, stdin=subprocess.DEVNULL, shell=shell)


@pytest.fixture(scope="module")
def rsa(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key that OpenSSL can lock in its own ways."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not here, which locks keys in other ways than ssh-keygen")
    key = tmp_path_factory.mktemp("rsa") / "rsa"
    run("ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "", "-f", key)
    return key


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person who types the passphrase wherever OpenSSH asks for it."""
    person = tmp_path / "person"
    person.write_text(f"#!/bin/sh\necho '{PASSPHRASE}'\n")
    person.chmod(0o755)
    monkeypatch.setenv("SSH_ASKPASS", str(person))
    monkeypatch.setenv("SSH_ASKPASS_REQUIRE", "force")


def locked(rsa: Path, to: Path, how: Sequence[str]) -> Path:
    """The key alone, with no .pub beside it."""
    run("openssl", *how, "-in", rsa, "-out", to)
    to.chmod(0o600)
    return to


def alone(key: Path, to: Path) -> Path:
    to.write_bytes(key.read_bytes())
    to.chmod(0o600)
    return to


def pasted(hint: str) -> None:
    for command in hint.split("`")[1::2]:
        if command.split()[0] in ("ssh-add", "ssh-keygen", "env"):
            run(command, shell=True)


@pytest.mark.parametrize("by", ["ssh_config", "the inventory"])
def test_a_locked_key_without_its_public_half_beside_it_is_found_in_the_agent(
    sshd: SshServer, host: Host, agent: Started, trust: Trust, keys: Keys, home: Path, by: str
) -> None:
    key = alone(keys.encrypted, home / "enc")
    running = agent()
    running.add(opened_copy(keys.encrypted, running.place.parent))
    running.add(keys.stranger)
    assert openssh(sshd, "-o", "IdentitiesOnly=yes", "-i", str(key)).returncode == 0
    if by == "ssh_config":
        write_config(home, f"Host *\n IdentitiesOnly yes\n IdentityFile {key}\n")
        assert reaches(host, trust)
    else:
        assert reaches(replace(host, identity_file=key), trust)


@pytest.mark.parametrize("by", ["ssh_config", "the inventory"])
@pytest.mark.parametrize("kind", [*LOCKED, "in OpenSSH's format"])
@pytest.mark.usefixtures("typed")
def test_the_hint_for_a_key_that_needs_the_agent_lets_in_when_pasted(
    sshd_variant: SshdVariant,
    agent: Started,
    trust: Trust,
    keys: Keys,
    home: Path,
    rsa: Path,
    kind: str,
    by: str,
) -> None:
    server = sshd_variant(f"AuthorizedKeysFile {rsa}.pub {keys.encrypted}.pub")
    key = home / "my key"
    if kind in LOCKED:
        locked(rsa, key, LOCKED[kind])
    else:
        alone(keys.encrypted, key)
    host = replace(server.host(), identity_file=key if by == "the inventory" else None)
    if by != "the inventory":
        write_config(home, f'Host *\n IdentitiesOnly yes\n IdentityFile "{key}"\n')
    agent()
    error = refusal(host, trust)
    assert isinstance(error, AuthenticationError)
    assert f"`ssh-add '{key}'`" in error.hint
    pasted(error.hint)
    assert reaches(host, trust)


@pytest.mark.usefixtures("typed")
def test_the_hint_names_the_agent_that_ssh_config_names(
    host: Host, agent: Started, trust: Trust, keys: Keys, home: Path, tmp_path: Path
) -> None:
    key = alone(keys.encrypted, home / "enc")
    agent()
    (tmp_path / "other").mkdir()
    with ssh_agent(tmp_path / "other") as other:
        write_config(home, f"Host *\n IdentityAgent {other.place}\n IdentityFile {key}\n")
        error = refusal(host, trust)
        assert f"`env SSH_AUTH_SOCK={other.place} ssh-add {key}`" in error.hint
        pasted(error.hint)
        assert reaches(host, trust)


@pytest.mark.usefixtures("typed")
def test_where_no_agent_runs_the_hint_starts_one(
    host: Host, trust: Trust, keys: Keys, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    assert "start an agent, `eval $(ssh-agent)`, and run `ssh-add`" in refusal(host, trust).hint
    key = alone(keys.encrypted, home / "enc")
    write_config(home, f"Host *\n IdentityFile {key}\n")
    start, add = refusal(host, trust).hint.split("`")[1::2]
    run(f"{start} && {add}; status=$?; ssh-agent -k && exit $status", shell=True)


@pytest.mark.parametrize("kind", LOCKED)
def test_a_cipher_that_we_lack_is_no_wrong_passphrase(tmp_path: Path, rsa: Path, kind: str) -> None:
    key = locked(rsa, tmp_path / "key", LOCKED[kind])
    for passphrase in (None, "hunter2", PASSPHRASE):
        if kind != "in PKCS8":
            with pytest.raises(ForAgentError):
                unlocked(key, passphrase)
        elif passphrase != PASSPHRASE:
            with pytest.raises(WrongPassphraseError if passphrase else LockedKeyError):
                unlocked(key, passphrase)
        else:
            assert unlocked(key, passphrase)


@pytest.mark.parametrize("agent_of", ["none", "$BSK_NO_SUCH_AGENT"])
def test_an_agent_that_ssh_config_forbids_is_not_to_be_filled(
    sshd: SshServer, host: Host, agent: Started, trust: Trust, keys: Keys, home: Path, agent_of: str
) -> None:
    agent().add(keys.client)
    write_config(home, f"Host *\n IdentityAgent {agent_of}\n")
    assert openssh(sshd, "-o", f"IdentityAgent={agent_of}").returncode == 255
    error = refusal(host, trust)
    assert "IdentityAgent of ~/.ssh/config leads to no agent" in error.message
    assert "or take that line out" in error.hint
    assert "ssh-add" not in error.hint
    key = alone(keys.encrypted, home / "enc")
    write_config(home, f"Host *\n IdentityAgent {agent_of}\n IdentityFile {key}\n")
    error = refusal(host, trust)
    assert f"Take IdentityAgent out of ~/.ssh/config and run `ssh-add {key}`" in error.hint
    write_config(home, "Host *\n")
    assert reaches(host, trust)
