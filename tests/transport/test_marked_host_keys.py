"""Lines of known_hosts with a marker: keys that were stolen, and authorities that vouch for hosts."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from orchestrator.transport.connect import FirstContact, Trust
from orchestrator.transport.known_hosts import forget
from tests.ssh.server import SshServer
from tests.transport.test_host_keys import reaches, refusal


@pytest.fixture
def known_hosts(tmp_path: Path) -> Path:
    path = tmp_path / "project" / "known_hosts"
    path.parent.mkdir()
    return path


def test_a_key_that_our_own_file_revokes_is_refused_and_not_stored(
    sshd: SshServer, known_hosts: Path
) -> None:
    for names in ("*", "pod"):
        known_hosts.write_text(marked := f"@revoked {sshd.known_hosts_line(names)}")
        error = refusal(sshd.unpinned(), Trust(known_hosts, FirstContact.ACCEPT))
        assert "marked @revoked" in error.message
        assert str(known_hosts) in error.hint
        assert known_hosts.read_text() == marked
    known_hosts.write_text(marked + sshd.known_hosts_line("pod"))
    assert "marked @revoked" in refusal(sshd.unpinned(), Trust(known_hosts)).message
    assert reaches(sshd.unpinned("other"), Trust(known_hosts, FirstContact.ACCEPT))


@pytest.mark.parametrize("hashed", [False, True], ids=["in clear", "hashed"])
def test_forgetting_a_host_keeps_what_is_revoked_and_who_vouches(
    sshd: SshServer, known_hosts: Path, hashed: bool
) -> None:
    marks = f"@revoked {sshd.known_hosts_line('pod')}@cert-authority {sshd.known_hosts_line('*')}"
    known_hosts.write_text(sshd.known_hosts_line("pod"))
    if hashed:
        words = ["ssh-keygen", "-q", "-H", "-f", str(known_hosts)]
        subprocess.run(words, check=True, capture_output=True)
    line = known_hosts.read_text()
    known_hosts.write_text(f"{marks}@revoked {line}{line}")
    assert forget(known_hosts, "pod")
    assert known_hosts.read_text() == f"{marks}@revoked {line}"
    assert not forget(known_hosts, "pod")
    assert "marked @revoked" in refusal(sshd.unpinned(), Trust(known_hosts)).message
