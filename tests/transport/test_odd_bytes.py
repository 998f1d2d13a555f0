"""Names that are no UTF-8, and what goes wrong with text: as with ssh, or told as what it is."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import HostUnreachable
from orchestrator.transport.connect import Trust
from orchestrator.transport.failures import told
from orchestrator.transport.login.known_hosts import forget
from orchestrator.values.host import Host
from tests.ssh.server import SshServer
from tests.transport.test_host_keys import ED25519, reaches
from tests.transport.test_ssh_config import far, of_far, refusal

__all__ = ["far"]  # a fixture
LATIN_1 = os.fsdecode(b"f\xf6o")


def hashed(path: Path) -> None:
    words = ["ssh-keygen", "-q", "-H", "-f", str(path)]
    subprocess.run(words, check=True, capture_output=True)


@pytest.mark.parametrize("how", ["in clear", "hashed"])
def test_a_name_that_is_no_utf_8_is_found_in_a_file_of_host_keys(
    sshd: SshServer, far: Host, trust: Trust, home: Path, how: str
) -> None:
    known = home / "known"
    known.write_bytes(os.fsencode(sshd.known_hosts_line(LATIN_1)))
    if how == "hashed":
        hashed(known)
    of_far(home, f"UserKnownHostsFile {known}", "HostKeyAlias REPLACED")
    config = home / ".ssh" / "config"
    config.write_bytes(config.read_bytes().replace(b"REPLACED", os.fsencode(LATIN_1)))
    host = replace(far, host_key=None, identity_file=sshd.keys.client)
    assert reaches(host, trust)


def test_a_home_that_is_no_utf_8_has_a_configuration(
    sshd: SshServer, far: Host, trust: Trust, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / LATIN_1
    try:
        home.mkdir()
    except OSError as error:
        pytest.skip(f"this disk takes no such name: {error}")
    monkeypatch.setenv("HOME", str(home))
    of_far(home, f"IdentityFile {sshd.keys.client}")
    assert reaches(far, trust)


def test_no_key_is_stored_for_a_name_that_is_no_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    path.write_text(f"pod {ED25519.kind} bm8ga2V5\n")
    hashed(path)
    before = path.read_bytes()
    assert not forget(path, LATIN_1)
    assert path.read_bytes() == before
    path.write_bytes(os.fsencode(f"{LATIN_1} {ED25519.kind} bm8ga2V5\n"))
    assert forget(path, LATIN_1)


def test_only_an_address_is_told_to_be_no_host_name(far: Host, trust: Trust, home: Path) -> None:
    with pytest.raises(HostUnreachable) as caught, told(far):
        b"\xff".decode()
    assert "host name" not in caught.value.message
    assert "can't decode" in caught.value.message
    assert "not a host name" in refusal(replace(far, address="a..b"), trust).message
    of_far(home, "BindAddress a..b")
    assert "BindAddress a..b of ~/.ssh/config" in refusal(far, trust).message
