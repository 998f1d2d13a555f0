"""Whom we believe: a real server whose key is known, unknown, pinned or changed."""

from __future__ import annotations

import base64
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import HostKeyError
from orchestrator.transport.connect import FirstContact, Trust, connect
from orchestrator.transport.login.known_hosts import HostKey, forget, keys_of, remember
from orchestrator.values.command import Command
from orchestrator.values.host import Host
from tests.conftest import SshdVariant
from tests.ssh.server import SshServer, fingerprint

ED25519 = HostKey("ssh-ed25519", b"\0\0\0\x0bssh-ed25519 not a real one")
OTHER = HostKey("ssh-ed25519", b"another")


@pytest.fixture
def known_hosts(tmp_path: Path) -> Path:
    return tmp_path / "project" / "known_hosts"


def reaches(host: Host, trust: Trust) -> bool:
    with connect(host, trust) as transport:
        return transport.run(Command(("true",))).ok


def refusal(host: Host, trust: Trust) -> HostKeyError:
    with connect(host, trust) as transport, pytest.raises(HostKeyError) as caught:
        transport.open()
    return caught.value


def test_an_unknown_host_key_is_refused_with_its_fingerprint_and_the_way_out(
    sshd: SshServer, known_hosts: Path
) -> None:
    error = refusal(sshd.unpinned(), Trust(known_hosts))
    assert f"ssh-ed25519 {sshd.fingerprint}" in error.message
    assert "--accept-new-host-key" in error.hint
    assert f"host_key: {sshd.fingerprint}" in error.hint
    assert not known_hosts.exists()


def test_an_accepted_key_is_stored_privately_under_the_name_and_then_believed(
    sshd: SshServer, known_hosts: Path
) -> None:
    assert reaches(sshd.unpinned(), Trust(known_hosts, FirstContact.ACCEPT))
    assert known_hosts.read_text() == sshd.known_hosts_line("pod")
    assert known_hosts.stat().st_mode & 0o777 == 0o600
    assert reaches(sshd.unpinned(), Trust(known_hosts))


@pytest.mark.parametrize("answer", [True, False])
def test_a_person_is_asked_once_and_obeyed(
    sshd: SshServer, known_hosts: Path, answer: bool
) -> None:
    asked: list[tuple[str, str]] = []

    def ask(question: str, shown: str) -> bool:
        asked.append((question, shown))
        return answer

    trust = Trust(known_hosts, FirstContact.ASK, ask=ask)
    if answer:
        assert reaches(sshd.unpinned(), trust)
        assert reaches(sshd.unpinned(), trust)
    else:
        refusal(sshd.unpinned(), trust)
    (question, shown), *more = asked
    assert shown == sshd.fingerprint
    assert "pod" in question
    assert not more
    assert known_hosts.exists() is answer


def test_asking_without_anybody_to_ask_is_a_refusal(sshd: SshServer, known_hosts: Path) -> None:
    assert "not known yet" in refusal(sshd.unpinned(), Trust(known_hosts, FirstContact.ASK)).message


def test_a_pinned_key_needs_no_file_and_leaves_none(sshd: SshServer, known_hosts: Path) -> None:
    assert reaches(sshd.host(), Trust(known_hosts))
    assert not known_hosts.exists()


def test_a_wrong_pinned_key_is_refused_even_if_the_file_knows_the_key(
    sshd: SshServer, known_hosts: Path
) -> None:
    known_hosts.parent.mkdir()
    known_hosts.write_text(sshd.known_hosts_line("pod"))
    pinned = fingerprint(sshd.keys.stranger)
    host = replace(sshd.host(), host_key=pinned)
    error = refusal(host, Trust(known_hosts, FirstContact.ACCEPT))
    assert pinned in error.message
    assert sshd.fingerprint in error.message
    assert "`host_key:`" in error.hint


@pytest.mark.parametrize("first_contact", FirstContact)
def test_a_changed_host_key_is_refused_with_both_fingerprints(
    sshd_variant: SshdVariant, known_hosts: Path, first_contact: FirstContact
) -> None:
    before = sshd_variant()
    assert reaches(before.unpinned(), Trust(known_hosts, FirstContact.ACCEPT))
    after = sshd_variant(host_key=before.keys.other_host)
    trust = Trust(known_hosts, first_contact, ask=lambda question, shown: True)
    error = refusal(after.unpinned(), trust)
    assert before.fingerprint in error.message
    assert after.fingerprint in error.message
    assert "`orchestrator hosts trust pod`" in error.hint
    assert "Accepted publickey" not in after.log()
    assert known_hosts.read_text() == before.known_hosts_line("pod")


def test_a_forgotten_host_can_be_met_again(sshd_variant: SshdVariant, known_hosts: Path) -> None:
    old = sshd_variant()
    assert reaches(old.unpinned(), Trust(known_hosts, FirstContact.ACCEPT))
    new = sshd_variant(host_key=old.keys.other_host)
    assert forget(known_hosts, "pod")
    assert reaches(new.unpinned(), Trust(known_hosts, FirstContact.ACCEPT))


def test_the_name_is_what_is_known_wherever_the_pod_moves(
    sshd_variant: SshdVariant, known_hosts: Path
) -> None:
    assert reaches(sshd_variant().unpinned(), Trust(known_hosts, FirstContact.ACCEPT))
    moved = sshd_variant()  # same key, another port
    assert reaches(moved.unpinned(), Trust(known_hosts))
    refusal(moved.unpinned("other name"), Trust(known_hosts))


def test_the_users_own_known_hosts_is_believed_by_address_and_never_written(
    sshd: SshServer, known_hosts: Path, home: Path
) -> None:
    own = home / ".ssh" / "known_hosts"
    own.parent.mkdir()
    own.write_text(sshd.known_hosts_line(f"[127.0.0.1]:{sshd.port}"))
    before = own.stat()
    assert reaches(sshd.unpinned(), Trust(known_hosts))
    assert not known_hosts.exists()
    assert own.stat().st_mtime_ns == before.st_mtime_ns


def test_another_key_at_this_address_in_the_users_file_is_a_changed_key(
    sshd: SshServer, known_hosts: Path, home: Path
) -> None:
    own = home / ".ssh" / "known_hosts"
    remember(own, f"[127.0.0.1]:{sshd.port}", OTHER)
    error = refusal(sshd.unpinned(), Trust(known_hosts, FirstContact.ACCEPT))
    assert OTHER.fingerprint in error.message
    assert sshd.fingerprint in error.message
    assert f"ssh-keygen -R '[127.0.0.1]:{sshd.port}'" in error.hint


def test_the_key_may_stand_in_any_of_the_users_files(
    sshd: SshServer, known_hosts: Path, home: Path
) -> None:
    name, folder = f"[127.0.0.1]:{sshd.port}", home / ".ssh"
    remember(folder / "known_hosts", name, OTHER)
    (folder / "known_hosts2").write_text(sshd.known_hosts_line(name))
    assert reaches(sshd.unpinned(), Trust(known_hosts))


def test_a_key_that_none_of_the_users_files_knows_is_forgotten_in_each(
    sshd: SshServer, known_hosts: Path, home: Path
) -> None:
    for name in ("known_hosts", "known_hosts2"):
        remember(home / ".ssh" / name, f"[127.0.0.1]:{sshd.port}", OTHER)
    error = refusal(sshd.unpinned(), Trust(known_hosts, FirstContact.ACCEPT))
    assert "CHANGED" in error.message
    for words in error.hint.split("`")[1:4:2]:
        subprocess.run(words, shell=True, check=True, capture_output=True)
    assert reaches(sshd.unpinned(), Trust(known_hosts, FirstContact.ACCEPT))


def test_a_key_known_without_a_port_is_believed_at_any_port_and_contradicts_none(
    sshd: SshServer, known_hosts: Path, home: Path
) -> None:
    own = home / ".ssh" / "known_hosts"
    remember(own, "127.0.0.1", OTHER)
    assert "not known yet" in refusal(sshd.unpinned(), Trust(known_hosts)).message
    line = sshd.known_hosts_line("127.0.0.1")
    own.write_text(line)
    assert reaches(sshd.unpinned(), Trust(known_hosts))
    pod = replace(sshd.unpinned(), pod="abc")
    assert "not known yet" in refusal(pod, Trust(known_hosts)).message
    own.write_text(f"{line}@revoked {line}")
    assert "@revoked" in refusal(sshd.unpinned(), Trust(known_hosts, FirstContact.ACCEPT)).message


def test_a_revoked_key_is_refused(sshd: SshServer, known_hosts: Path, home: Path) -> None:
    own = home / ".ssh" / "known_hosts"
    own.parent.mkdir()
    own.write_text("@revoked " + sshd.known_hosts_line("*"))
    assert "@revoked" in refusal(sshd.unpinned(), Trust(known_hosts, FirstContact.ACCEPT)).message


def test_a_server_with_several_keys_is_asked_for_the_one_we_know(
    sshd_variant: SshdVariant, known_hosts: Path, tmp_path: Path
) -> None:
    rsa = tmp_path / "rsa"
    words = ["ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", str(rsa)]
    subprocess.run(words, check=True)
    server = sshd_variant(f"HostKey {rsa}")
    kind, blob = Path(f"{rsa}.pub").read_text().split()[:2]
    remember(known_hosts, "pod", HostKey(kind, base64.b64decode(blob)))
    assert reaches(server.unpinned(), Trust(known_hosts))


def test_our_fingerprint_is_the_one_openssh_prints(sshd: SshServer) -> None:
    blob = base64.b64decode(sshd.known_hosts_line("x").split()[2])
    assert HostKey("ssh-ed25519", blob).fingerprint == sshd.fingerprint


def test_openssh_itself_can_use_our_file(sshd: SshServer, known_hosts: Path) -> None:
    assert reaches(sshd.unpinned(), Trust(known_hosts, FirstContact.ACCEPT))
    words = ["ssh-keygen", "-F", "pod", "-f", str(known_hosts)]
    assert (
        sshd.known_hosts_line("pod") in subprocess.run(words, capture_output=True, text=True).stdout
    )


def test_hashed_names_made_by_openssh_are_found(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    remember(path, "[10.0.0.1]:2222", ED25519)
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(path)], check=True, capture_output=True)
    assert path.read_text().startswith("|1|")
    assert keys_of(path, "[10.0.0.1]:2222") == (ED25519,)
    assert keys_of(path, "[10.0.0.1]:2223") == ()


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ("pod", True),
        ("a,pod,b", True),
        ("p*", True),
        ("p?d", True),
        ("POD", True),
        ("*,!pod", False),
        ("podx", False),
        ("[pod]:22", False),
        ("|1|broken", False),
        ("|1|!!!!|????", False),
    ],
)
def test_name_patterns_mean_what_openssh_means(tmp_path: Path, names: str, found: bool) -> None:
    path = tmp_path / "known_hosts"
    remember(path, names, ED25519)
    assert (keys_of(path, "pod") == (ED25519,)) is found


def test_lines_that_are_no_keys_are_passed_over_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    odd = "# a comment\n\npod\npod ssh-ed25519 !!!\n@cert-authority * ssh-rsa AAAA\n"
    path.write_text(odd)
    assert keys_of(path, "pod") == ()
    remember(path, "pod", ED25519)
    assert keys_of(path, "pod") == (ED25519,)
    assert path.read_text().startswith(odd)


def test_forgetting_drops_one_name_and_says_whether_it_was_there(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    remember(path, "pod", ED25519)
    remember(path, "gate", OTHER)
    assert forget(path, "pod")
    assert not forget(path, "pod")
    assert (keys_of(path, "pod"), keys_of(path, "gate")) == ((), (OTHER,))
    assert not forget(tmp_path / "none", "pod")
