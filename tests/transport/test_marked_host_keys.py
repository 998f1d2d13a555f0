"""Lines of known_hosts with a marker: keys that were stolen, and authorities that vouch for hosts."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.transport.connect import FirstContact, Trust
from orchestrator.transport.login.known_hosts import forget, remember
from tests.conftest import SshdVariant
from tests.ssh.server import SshServer
from tests.transport.test_host_keys import OTHER, reaches, refusal
from tests.transport.test_login import write_config


@pytest.fixture
def known_hosts(tmp_path: Path) -> Path:
    path = tmp_path / "project" / "known_hosts"
    path.parent.mkdir()
    return path


@pytest.fixture
def vouched(sshd_variant: SshdVariant, sshd: SshServer, home: Path) -> SshServer:
    """A server with a certificate, and its authority in the user's known_hosts."""
    authority, key = home / "authority", home / "host"
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", authority)
    for suffix in ("", ".pub"):
        shutil.copy(f"{sshd.keys.other_host}{suffix}", f"{key}{suffix}")
    run("ssh-keygen", "-q", "-s", authority, "-I", "host", "-h", "-n", "127.0.0.1", f"{key}.pub")
    server = sshd_variant(f"HostCertificate {key}-cert.pub", host_key=key)
    (home / ".ssh").mkdir(mode=0o700)
    kind, blob = Path(f"{authority}.pub").read_text().split()[:2]
    line = f"@cert-authority [127.0.0.1]:{server.port} {kind} {blob}\n"
    (home / ".ssh" / "known_hosts").write_text(line)
    return server


def run(*words: object) -> None:
    subprocess.run([str(word) for word in words], check=True, capture_output=True)


def by_openssh(server: SshServer, home: Path) -> int:
    words = ["ssh", "-F", "none", "-o", f"UserKnownHostsFile={home}/.ssh/known_hosts"]
    words += ["-o", "BatchMode=yes", "-i", str(server.keys.client), "-p", str(server.port)]
    done = subprocess.run([*words, "127.0.0.1", "true"], capture_output=True)
    return done.returncode


def test_a_host_known_by_an_authority_alone_is_told_as_that(
    vouched: SshServer, known_hosts: Path, home: Path
) -> None:
    assert by_openssh(vouched, home) == 0
    error = refusal(vouched.unpinned(), Trust(known_hosts))
    assert f"as {home}/.ssh/known_hosts knows it by a certificate authority only" in error.message
    assert f"host_key: {vouched.fingerprint}" in error.hint
    asked: list[str] = []

    def ask(question: str, shown: str) -> bool:
        asked.append(question)
        return True

    assert reaches(vouched.unpinned(), Trust(known_hosts, FirstContact.ASK, ask=ask))
    assert "by a certificate authority only, which we do not do" in asked[0]
    assert "new here; its" not in asked[0]
    own = replace(vouched.unpinned("other"), pod="abc")  # a pod has none of the user's keys
    assert "authority" not in refusal(own, Trust(known_hosts)).message


def test_another_key_beside_an_authority_is_not_told_to_have_changed(
    vouched: SshServer, known_hosts: Path, home: Path
) -> None:
    remember(home / ".ssh" / "known_hosts", f"[127.0.0.1]:{vouched.port}", OTHER)
    assert by_openssh(vouched, home) == 0
    error = refusal(vouched.unpinned(), Trust(known_hosts, FirstContact.ACCEPT))
    assert "CHANGED" not in error.message
    assert "has a certificate authority for it, which we do not do" in error.message
    assert f"host_key: {vouched.fingerprint}" in error.hint
    assert not known_hosts.exists()
    subprocess.run(error.hint.split("`")[1], shell=True, check=True, capture_output=True)
    assert "authority only" in refusal(vouched.unpinned(), Trust(known_hosts)).message


def test_a_key_in_many_lines_and_a_file_named_twice_are_told_once(
    sshd: SshServer, known_hosts: Path, home: Path
) -> None:
    first, second = home / "a", home / "b"
    remember(first, f"[127.0.0.1]:{sshd.port}", OTHER)
    first.write_text(first.read_text() * 2)
    shutil.copy(first, second)
    write_config(home, f"Host *\n UserKnownHostsFile {first} {second} {first}\n")
    error = refusal(sshd.unpinned(), Trust(known_hosts))
    assert error.message.count(OTHER.fingerprint) == 1
    assert (error.hint.count(f"-f {first}"), error.hint.count(f"-f {second}")) == (1, 1)
    known_hosts.write_text(first.read_text().replace(f"[127.0.0.1]:{sshd.port}", "pod"))
    error = refusal(sshd.unpinned(), Trust(known_hosts))
    assert error.message.count(OTHER.fingerprint) == 1


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
