"""Files that several processes edit, and files that are not what they should be."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orchestrator.errors import HostKeyError, UsageError
from orchestrator.here import shared_file
from orchestrator.store.inventory.edit import add_host
from orchestrator.transport.connect import FirstContact, Trust
from orchestrator.transport.login.known_hosts import HostKey, forget, keys_of, remember
from orchestrator.transport.way.route import Route
from orchestrator.values.host import Host, TransportKind
from tests.disks import immutable, mounted
from tests.ssh.server import SshServer, private_null
from tests.transport.test_host_keys import ED25519, OTHER, reaches, refusal

REPOSITORY = Path(__file__).parents[2]
AT_ONCE = 24

# `count` processes that wait for each other and then all do the same, each with its number.
TOGETHER = """
import os, sys
from pathlib import Path
from orchestrator.store.inventory.edit import add_host
from orchestrator.transport.login.known_hosts import HostKey, forget, remember
path, count = Path(sys.argv[1]), int(sys.argv[2])
start, go = os.pipe()
children = []
for number in range(count):
    if child := os.fork():
        children.append(child)
        continue
    os.close(go)
    os.read(start, 1)
    WHAT
    os._exit(0)
os.close(go)
sys.exit(any(os.waitpid(child, 0)[1] for child in children))
"""


def together(path: Path, what: str, count: int = AT_ONCE) -> None:
    words = [sys.executable, "-c", TOGETHER.replace("WHAT", what), str(path), str(count)]
    done = subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_first_contacts_in_the_same_moment_are_all_remembered(tmp_path: Path) -> None:
    path = tmp_path / "own" / "known_hosts"
    together(path, 'remember(path, f"pod{number}", HostKey("ssh-ed25519", b"%d" % number))')
    for number in range(AT_ONCE):
        assert keys_of(path, f"pod{number}") == (HostKey("ssh-ed25519", b"%d" % number),)
    assert list(path.parent.iterdir()) == [path]


def test_one_host_met_by_many_is_written_down_once(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    together(path, 'remember(path, "pod", HostKey("ssh-ed25519", b"the key"))')
    assert len(path.read_text().splitlines()) == 1


def test_forgetting_and_meeting_in_the_same_moment_lose_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    for number in range(0, AT_ONCE, 2):
        remember(path, f"pod{number}", ED25519)
    remember(path, "kept", OTHER)
    met = 'remember(path, f"pod{number}", HostKey("ssh-ed25519", b"x"))'
    together(path, f'{met} if number % 2 else forget(path, f"pod{{number}}")')
    assert keys_of(path, "kept") == (OTHER,)
    for number in range(AT_ONCE):
        assert len(keys_of(path, f"pod{number}")) == number % 2


def test_hosts_added_in_the_same_moment_are_all_added(tmp_path: Path) -> None:
    path = tmp_path / "inventory.yaml"
    together(
        path,
        'add_host(path, f"h{number}", {"transport": "ssh", "address": f"10.0.0.{number}"}, {})',
    )
    text = path.read_text()
    for number in range(AT_ONCE):
        assert text.count(f"  h{number}:\n") == 1
    assert list(tmp_path.iterdir()) == [path]


def test_of_two_keys_met_in_one_moment_only_the_first_is_believed(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"

    def meanwhile(question: str, shown: str) -> bool:
        remember(path, "pod", OTHER)
        return True

    trust = Trust(path, FirstContact.ASK, ask=meanwhile)
    pod = Host("pod", TransportKind.SSH, "~/w", "python3", address="127.0.0.1")
    with pytest.raises(HostKeyError, match="CHANGED"):
        trust.verify(pod, Route("127.0.0.1", 22, "me", ()), ED25519)
    assert keys_of(path, "pod") == (OTHER,)


HOLDS = """
import sys, time
from pathlib import Path
from orchestrator.store.inventory.edit import add_host
from orchestrator.here import shared_file
with shared_file.alone(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_the_lock_of_a_dead_process_is_none_and_that_of_a_stopped_one_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_file, "_LIMIT_S", 0.3)
    path = tmp_path / "known_hosts"
    words = [sys.executable, "-c", HOLDS, str(path)]
    with subprocess.Popen(words, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        holder.send_signal(signal.SIGSTOP)
        with pytest.raises(UsageError, match="another process has been changing it") as caught:
            remember(path, "pod", ED25519)
        assert f"fuser -v {tmp_path}" in caught.value.hint
        assert not path.exists()
        holder.kill()
    began = time.monotonic()
    remember(path, "pod", ED25519)
    assert time.monotonic() - began < 0.3
    assert keys_of(path, "pod") == (ED25519,)


@pytest.mark.parametrize("whose", ["ours", "the user's"])
@pytest.mark.parametrize("kind", ["folder", "FIFO", "socket"])
def test_host_keys_that_are_no_file_are_named_at_once(
    sshd: SshServer, tmp_path: Path, home: Path, whose: str, kind: str
) -> None:
    own = tmp_path / "own" / "known_hosts"
    path = own if whose == "ours" else home / ".ssh" / "known_hosts"
    path.parent.mkdir()
    if kind == "folder":
        path.mkdir()
    elif kind == "FIFO":
        os.mkfifo(path)
    else:
        make = "import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])"
        subprocess.run([sys.executable, "-c", make, path.name], check=True, cwd=path.parent)
    error = unusable(sshd, own)
    assert f"the host keys in {path} cannot be used: it is a {kind}" in error.message
    subprocess.run(error.hint.split("`")[1], shell=True, check=True, capture_output=True)


def unusable(sshd: SshServer, own: Path) -> UsageError:
    with pytest.raises(UsageError) as caught:
        reaches(sshd.unpinned(), Trust(own, FirstContact.ACCEPT))
    return caught.value


def test_no_host_keys_may_be_said_by_dev_null(sshd: SshServer, tmp_path: Path, home: Path) -> None:
    (home / ".ssh").mkdir()
    (home / ".ssh" / "known_hosts").symlink_to("/dev/null")
    own = tmp_path / "known_hosts"
    assert reaches(sshd.unpinned(), Trust(own, FirstContact.ACCEPT))


def test_a_device_is_never_replaced_by_host_keys(sshd: SshServer, tmp_path: Path) -> None:
    node, link = private_null(tmp_path), tmp_path / "known_hosts"
    link.symlink_to(node)
    assert "it is a device" in unusable(sshd, link).message
    assert node.is_char_device()


def test_a_folder_in_which_ours_cannot_be_made_is_named(sshd: SshServer, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert str(tmp_path / "file") in unusable(sshd, tmp_path / "file" / "known_hosts").message


def test_garbage_and_broken_lines_are_passed_over_and_kept_to_the_byte(
    sshd: SshServer, tmp_path: Path
) -> None:
    own = tmp_path / "known_hosts"
    good = sshd.known_hosts_line("other")
    garbage = (
        bytes(range(256)) + b"\r\npod ssh-ed25519 !!!\n@revoked\npod ssh-ed25519\n|1|a\x0bb|c x y\n"
    )
    own.write_bytes(garbage + good.encode())
    assert reaches(sshd.unpinned(), Trust(own, FirstContact.ACCEPT))
    kept = garbage + good.encode() + sshd.known_hosts_line("pod").encode()
    assert own.read_bytes() == kept
    assert forget(own, "pod")
    assert own.read_bytes() == b"".join(
        line
        for line in kept.splitlines(keepends=True)
        if line != sshd.known_hosts_line("pod").encode()
    )


def test_a_link_to_our_file_stays_one(tmp_path: Path) -> None:
    link, shared = tmp_path / "known_hosts", tmp_path / "shared"
    link.symlink_to(shared)
    remember(link, "pod", ED25519)
    assert link.is_symlink()
    assert keys_of(shared, "pod") == (ED25519,)


def test_pod_with_a_capital_is_another_pod(sshd: SshServer, tmp_path: Path) -> None:
    own = tmp_path / "known_hosts"
    remember(own, "Pod", OTHER)
    assert reaches(sshd.unpinned("pod"), Trust(own, FirstContact.ACCEPT))
    assert reaches(sshd.unpinned("pod"), Trust(own))
    assert "CHANGED" in refusal(sshd.unpinned("Pod"), Trust(own)).message
    assert forget(own, "Pod")
    assert reaches(sshd.unpinned("pod"), Trust(own))


def test_the_users_own_file_is_about_addresses_in_whatever_letters(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    remember(path, "GPU.example.org", ED25519)
    assert keys_of(path, "gpu.example.org") == (ED25519,)


def cannot_remember(path: Path) -> UsageError:
    with pytest.raises(UsageError) as caught:
        remember(path, "pod", HostKey("ssh-ed25519", b"1"))
    assert f"the host keys in {path} cannot be written: " in caught.value.message
    return caught.value


@pytest.mark.parametrize(
    ("options", "words", "mend"),
    [
        ("size=4k", "No space left on device", "Make room on that disk."),
        ("ro", "Read-only file system", "That disk can only be read"),
    ],
)
def test_a_disk_that_takes_no_host_keys_is_named_as_that(
    tmp_path: Path, options: str, words: str, mend: str
) -> None:
    with mounted(tmp_path / ".orchestrator", options) as folder:
        if options != "ro":
            (folder / "big").write_bytes(b"x" * 4096)
        error = cannot_remember(folder / "known_hosts")
        assert words in error.message
        assert error.hint.startswith(mend)
        with pytest.raises(UsageError) as caught:
            add_host(folder / "inventory.yaml", "pod", {"transport": "local"}, {})
        assert words in caught.value.message
        assert caught.value.hint.startswith(mend)


@pytest.mark.parametrize("what", ["folder", "file"])
def test_what_is_immutable_is_shown_by_the_hint(tmp_path: Path, what: str) -> None:
    known, inventory = tmp_path / "known_hosts", tmp_path / "inventory.yaml"
    if what == "file":
        remember(known, "other", HostKey("ssh-ed25519", b"1"))
        inventory.write_text("hosts:\n  a: {transport: local}\n")
    for path in (known, inventory):
        with immutable(path if what == "file" else tmp_path):
            if path == known:
                hint = cannot_remember(path).hint
            else:
                with pytest.raises(UsageError) as caught:
                    add_host(path, "pod", {"transport": "local"}, {})
                hint = caught.value.hint
            (command,) = hint.split("`")[1::2]
            shown = subprocess.run(command, shell=True, check=True, capture_output=True, text=True)
            marked = [line for line in shown.stdout.splitlines() if "i" in line.split()[0]]
            assert [line.split()[1] for line in marked] == [
                str(path if what == "file" else tmp_path)
            ]
