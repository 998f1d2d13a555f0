"""Hints that are commands: each is accepted as it is printed."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from orchestrator.errors import ExitCode
from orchestrator.transport.login.known_hosts import HostKey, keys_of, remember
from tests.cli.conftest import Outcome, Project
from tests.conftest import SshdVariant
from tests.ssh.server import Keys, SshServer, private_null
from tests.transport.test_login import write_config

OLD = HostKey("ssh-ed25519", b"of the machine before")
POD = "  pod: {transport: ssh, address: %s, port: %d, identity_file: %s, workspace: /tmp/w, user: %s}\n"


def printed(done: Outcome) -> list[str]:
    """The words behind `orchestrator` of the first command in the hint."""
    hint = done.err.split("hint: ", 1)[1]
    found = re.search(r"(?:^|`|: )(orchestrator [^`\n]*)", hint)
    assert found, done.err
    return shlex.split(found[1])[1:]


def at(server: SshServer, address: str = "127.0.0.1", name: str = "pod") -> str:
    line = POD % (address, server.port, server.keys.client, server.host().user)
    return f"hosts:\n{line.replace('pod:', f'{name}:', 1)}"


def test_a_changed_host_is_forgotten_by_the_command_in_the_hint(
    project: Project, sshd: SshServer
) -> None:
    project.inventory(at(sshd))
    store = project.root / ".orchestrator" / "known_hosts"
    remember(store, "pod", OLD)
    refused = project.orchestrator("runs", "--host", "pod")
    assert (refused.code, "CHANGED" in refused.err) == (ExitCode.UNREACHABLE, True)
    assert project.orchestrator(*printed(refused)).out == "forgot the host key of pod\n"
    assert keys_of(store, "pod") == ()


def test_a_name_that_is_no_utf_8_is_no_host_and_no_crash(project: Project) -> None:
    store = project.root / ".orchestrator" / "known_hosts"
    remember(store, "pod", OLD)
    words = ["ssh-keygen", "-q", "-H", "-f", str(store)]
    subprocess.run(words, check=True, capture_output=True)
    done = project.orchestrator("hosts", "trust", os.fsdecode(b"g\xff"))
    assert (done.code, "Unicode" in done.err) == (ExitCode.USAGE, False), done.err


@pytest.mark.parametrize("jump", ["gate", "127.0.0.1:PORT", "ssh://gate:PORT"])
def test_a_changed_jump_host_is_forgotten_by_the_command_in_the_hint(
    project: Project, sshd_variant: SshdVariant, keys: Keys, home: Path, sshd: SshServer, jump: str
) -> None:
    gate = sshd_variant(host_key=keys.other_host)
    jump = jump.replace("PORT", str(gate.port))
    write_config(
        home,
        f"Host far\n HostName 127.0.0.1\n ProxyJump {jump}\nHost gate\n HostName 127.0.0.1\n"
        f" Port {gate.port}\nHost *\n IdentityFile {keys.client}\n",
    )
    project.inventory(at(sshd, "far"))
    store = project.root / ".orchestrator" / "known_hosts"
    name, _, port = jump.removeprefix("ssh://").partition(":")
    alias = f"[{name}]:{port}" if port else name
    remember(store, alias, OLD)
    refused = project.orchestrator("runs", "--host", "pod")
    assert "CHANGED" in refused.err
    assert project.orchestrator(*printed(refused)).out == f"forgot the host key of {alias}\n"
    again = project.orchestrator("runs", "--host", "pod")
    assert f"host key of {name}" not in again.err
    assert "is not known yet" in again.err


def test_a_hint_finds_the_inventory_that_was_given(project: Project, sshd: SshServer) -> None:
    other = project.root / "other place"
    other.mkdir()
    (other / "mine.yaml").write_text(at(sshd))
    remember(other / ".orchestrator" / "known_hosts", "pod", OLD)
    given = ("--inventory", str(other / "mine.yaml"))
    words = printed(project.orchestrator(*given, "runs", "--host", "pod"))
    assert words[:2] == list(given)
    assert project.orchestrator(*words).out == "forgot the host key of pod\n"
    listed = project.orchestrator(*given, "hosts", "show", "nobody")
    assert "only pod" in listed.err
    assert project.orchestrator(*printed(listed)).code == ExitCode.OK


@pytest.mark.parametrize(
    "typed",
    [
        ("hosts", "show", "nobody"),
        ("hosts", "trust", "local"),
        ("hosts", "add", "new"),
        ("hosts", "add", "new", "ssh root-64411@ssh.runpod.io"),
    ],
)
def test_what_a_hint_prints_is_accepted(project: Project, typed: tuple[str, ...]) -> None:
    done = project.orchestrator(*typed)
    assert done.code == ExitCode.USAGE
    assert project.orchestrator(*printed(done)).code == ExitCode.OK, done.err


def test_a_name_that_needs_quotes_has_them_in_the_hint(project: Project) -> None:
    done = project.orchestrator("hosts", "add", "two words; rm x")
    assert printed(done)[2:4] == ["two words; rm x", "--address"]


def test_an_encrypted_key_with_a_space_in_its_path_has_quotes_in_the_hint(
    project: Project, sshd: SshServer, keys: Keys
) -> None:
    key = project.root / "my keys" / "key"
    key.parent.mkdir()
    key.write_bytes(keys.encrypted.read_bytes())
    project.add_ssh_host(sshd, identity_file=str(key))
    done = project.orchestrator("runs", "--host", "pod")
    found = re.search(r"`(ssh-add [^`]*)`", done.err)
    assert found
    assert shlex.split(found[1]) == ["ssh-add", str(key)]


def test_trusting_a_pod_anew_leaves_a_pod_whose_id_only_begins_alike(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.inventory("hosts:\n  h100: {transport: ssh, runpod: {pod: abc}}\n")
    store = project.root / ".orchestrator" / "known_hosts"
    for pod in ("abc", "abc-d", "ABC"):
        remember(store, f"runpod-{pod}-20260601T120200Z", OLD)
    assert project.orchestrator("hosts", "trust", "h100").out == "forgot the host key of h100\n"
    left = [line.split()[0] for line in store.read_text().splitlines()]
    assert left == ["runpod-abc-d-20260601T120200Z", "runpod-ABC-20260601T120200Z"]


def test_hosts_whose_names_differ_in_capitals_alone_are_two(
    project: Project, sshd: SshServer, sshd_variant: SshdVariant, keys: Keys
) -> None:
    other = sshd_variant(host_key=keys.other_host)
    project.inventory(at(sshd) + at(other, name="Pod").removeprefix("hosts:\n"))
    first = ("runs", "--accept-new-host-key", "--host")
    for name in ("pod", "Pod"):
        assert "CHANGED" not in project.orchestrator(*first, name).err
    for name in ("pod", "Pod"):
        assert "host key" not in project.orchestrator("runs", "--host", name).err
    assert project.orchestrator("hosts", "trust", "Pod").out == "forgot the host key of Pod\n"
    assert "host key" not in project.orchestrator("runs", "--host", "pod").err


def test_an_inventory_that_is_a_device_is_not_replaced(project: Project) -> None:
    node = private_null(project.root)
    link = project.root / "link"
    link.symlink_to(node)
    done = project.orchestrator("--inventory", str(link), "hosts", "add", "new", "--local")
    assert done.code == ExitCode.USAGE
    assert "it is a device" in done.err
    assert node.is_char_device()
