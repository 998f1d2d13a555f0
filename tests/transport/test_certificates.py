"""Keys that an authority has signed: real agents, real sshd, the OpenSSH client beside ours."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.transport.connect import Trust
from tests.conftest import SshdVariant
from tests.ssh.openssh import openssh
from tests.ssh.server import Keys, SshServer
from tests.transport.conftest import Started, copied
from tests.transport.test_login import reaches, refusal


@pytest.fixture
def authority(sshd_variant: SshdVariant, tmp_path: Path) -> tuple[SshServer, Path]:
    """A server that lets in whoever an authority has signed, and the authority's key."""
    key = tmp_path / "authority"
    make_key(key, "ed25519")
    return sshd_variant(f"TrustedUserCAKeys {key}.pub", "AuthorizedKeysFile none"), key


def make_key(path: Path, kind: str) -> None:
    path.parent.mkdir(exist_ok=True)
    words = ["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(path)]
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL)


def lock(key: Path) -> None:
    words = ["ssh-keygen", "-q", "-p", "-P", "", "-N", "passphrase", "-f", str(key)]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


def certify(key: Path, authority: Path, user: str, validity: str = "-1h:+1h") -> None:
    words = ["ssh-keygen", "-q", "-s", str(authority), "-I", "me", "-n", user, "-V", validity]
    subprocess.run([*words, f"{key}.pub"], check=True, capture_output=True)


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
@pytest.mark.parametrize("where", ["beside the file", "in the agent", "beside the agent's key"])
def test_a_certificate_lets_in(
    kind: str,
    where: str,
    authority: tuple[SshServer, Path],
    agent: Started,
    trust: Trust,
    tmp_path: Path,
) -> None:
    server, signs = authority
    key = tmp_path / "certified" / "id"
    make_key(key, kind)
    host = replace(server.host(), identity_file=key)
    running = agent()
    if where == "beside the agent's key":
        running.add(key)
        lock(key)
    assert openssh(server, "-i", str(key)).returncode == 255
    certify(key, signs, str(host.user))
    if where == "in the agent":
        running.add(key)
        key.unlink()
        host = replace(host, identity_file=None)
    assert openssh(server, "-i", str(key)).returncode == 0
    assert reaches(host, trust)


def test_an_expired_certificate_does_not_stand_in_the_way_of_its_key(
    sshd: SshServer, authority: tuple[SshServer, Path], trust: Trust, keys: Keys, tmp_path: Path
) -> None:
    server, signs = authority
    key = copied(keys.client, tmp_path / "certified" / "id")
    certify(key, signs, str(server.host().user), validity="-2h:-1h")
    assert openssh(sshd, "-i", str(key)).returncode == 0
    assert reaches(replace(sshd.host(), identity_file=key), trust)
    error = refusal(replace(server.host(), identity_file=key), trust)
    assert f"{key}-cert.pub, {key}" in error.message
