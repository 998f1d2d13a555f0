"""What ~/.ssh/config may hold beyond addresses, and what may be wrong with it."""

from __future__ import annotations

import getpass
import os
import socket
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import AuthenticationError, HostKeyError, OrchestratorError, UsageError
from orchestrator.transport.connect import FirstContact, Trust, connect
from orchestrator.transport.login.known_hosts import remember
from orchestrator.transport.way.route import resolve
from orchestrator.values.command import Command
from orchestrator.values.host import Host
from tests.ssh.agents import SshAgent
from tests.ssh.server import Keys, SshServer
from tests.transport.conftest import copied
from tests.transport.test_host_keys import OTHER
from tests.transport.test_login import write_config

REPOSITORY = Path(__file__).parents[2]


def reaches(host: Host, trust: Trust) -> bool:
    with connect(host, trust) as transport:
        return transport.run(Command(("true",))).ok


def refusal(host: Host, trust: Trust) -> OrchestratorError:
    with connect(host, trust) as transport, pytest.raises(OrchestratorError) as caught:
        transport.open()
    assert "\n" not in caught.value.message or isinstance(caught.value, AuthenticationError)
    assert caught.value.hint
    return caught.value


def of_far(home: Path, *lines: str, more: str = "") -> None:
    write_config(home, "\n ".join(("Host far", "HostName 127.0.0.1", *lines)) + f"\n{more}\n")


@pytest.fixture
def far(sshd: SshServer) -> Host:
    """A host whose key ~/.ssh/config names."""
    return replace(sshd.host(), address="far", identity_file=None)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("%h", "127.0.0.1"),
        ("%n", "far"),
        ("%r", getpass.getuser()),
        ("%u", getpass.getuser()),
        ("%i", str(os.getuid())),
        ("%p", "PORT"),
        ("%L", socket.gethostname().partition(".")[0]),
        ("a%%b", "a%b"),
        ("${BSK_KEY}-%h", "of variable-127.0.0.1"),
        ("%k", "far"),
    ],
)
@pytest.mark.parametrize("start", ["%d", "~"])
def test_tokens_and_variables_of_an_identity_file_mean_what_openssh_means(
    far: Host, home: Path, monkeypatch: pytest.MonkeyPatch, written: str, name: str, start: str
) -> None:
    monkeypatch.setenv("BSK_KEY", "of variable")
    key = home / f"key-{name.replace('PORT', str(far.port))}"
    key.write_text("a key")
    of_far(home, f'IdentityFile "{start}/key-{written}"')
    assert resolve(far).identities == (key,)


def test_a_key_named_by_tokens_lets_in(
    sshd: SshServer, far: Host, trust: Trust, home: Path
) -> None:
    copied(sshd.keys.client, home / ".ssh" / f"of-127.0.0.1-{sshd.port}")
    of_far(home, "IdentityFile %d/.ssh/of-%h-%p")
    assert reaches(far, trust)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("IdentityFile ${BSK_UNSET}/key", "the environment variable BSK_UNSET is not set"),
        ("IdentityFile ~/%z", "%z is unknown"),
        ("IdentityFile ~nobody-of-that-name/key", "there is no such user"),
        ("CertificateFile ${BSK_UNSET}/key", "the environment variable BSK_UNSET is not set"),
    ],
)
def test_what_openssh_cannot_expand_is_told_with_the_line(
    far: Host, trust: Trust, home: Path, line: str, said: str
) -> None:
    of_far(home, line)
    error = refusal(far, trust)
    assert isinstance(error, UsageError)
    assert line in error.message
    assert said in error.message


def test_a_key_of_the_inventory_needs_no_other_to_be_right(
    sshd: SshServer, trust: Trust, home: Path
) -> None:
    write_config(home, "Host *\n IdentityFile ${BSK_UNSET}/key\n")
    assert reaches(sshd.host(), trust)


def test_a_key_of_which_only_the_public_half_is_here_is_the_agents(
    sshd: SshServer, far: Host, trust: Trust, home: Path, agent: Callable[..., SshAgent]
) -> None:
    agent().add(sshd.keys.client)
    (home / "half.pub").write_bytes(Path(f"{sshd.keys.client}.pub").read_bytes())
    of_far(home, "IdentitiesOnly yes", f"IdentityFile {home}/half")
    assert reaches(far, trust)


def test_the_agent_is_the_one_that_ssh_config_names(
    sshd: SshServer,
    far: Host,
    trust: Trust,
    home: Path,
    agent: Callable[..., SshAgent],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    agent().add(sshd.keys.client)
    place = os.environ["SSH_AUTH_SOCK"]
    of_far(home, "IdentityAgent none")
    assert "no SSH key to offer" in refusal(far, trust).message
    monkeypatch.setenv("SSH_AUTH_SOCK", str(home / "nothing"))
    monkeypatch.setenv("BSK_AGENT", place)
    for written in (place, "${BSK_AGENT}", "$BSK_AGENT"):
        of_far(home, f"IdentityAgent {written}")
        assert reaches(far, trust)
    of_far(home, f"IdentityAgent {home}/gone")
    assert f"IdentityAgent {home}/gone cannot be asked" in refusal(far, trust).message


def certificate(keys: Keys, home: Path, key: Path) -> Path:
    """A certificate about key, by the host's own key as authority, beside nothing."""
    copy = copied(key, home / "certified")
    words = ["ssh-keygen", "-q", "-s", str(keys.host), "-I", "me", "-n", getpass.getuser()]
    subprocess.run([*words, f"{copy}.pub"], check=True, capture_output=True)
    return Path(f"{copy}-cert.pub").rename(home / "elsewhere-cert.pub")


def test_a_certificate_that_ssh_config_names_goes_before_its_key(
    sshd_variant: Callable[..., SshServer], keys: Keys, trust: Trust, home: Path
) -> None:
    cert = certificate(keys, home, keys.stranger)
    server = sshd_variant(f"TrustedUserCAKeys {keys.host}.pub")
    host = replace(server.host(), identity_file=keys.stranger)
    refusal(host, trust)
    write_config(home, f"Host *\n CertificateFile {cert}\n")
    assert reaches(host, trust)


@pytest.mark.parametrize("damage", ["garbage", "cut short", "another key's", "missing", "folder"])
def test_a_certificate_that_is_none_costs_nothing_and_is_told_if_nobody_gets_in(
    sshd: SshServer, keys: Keys, trust: Trust, home: Path, damage: str
) -> None:
    cert = certificate(keys, home, keys.other_host if damage == "another key's" else keys.client)
    kind, blob, *_ = cert.read_text().split()
    if damage == "garbage":
        cert.write_bytes(bytes(range(256)))
    elif damage == "cut short":
        cert.write_text(f"{kind} {blob[: len(blob) // 8 * 4]}")
    elif damage == "missing":
        cert.unlink()
    elif damage == "folder":
        cert.unlink()
        cert.mkdir()
    write_config(home, f"Host *\n CertificateFile {cert}\n")
    before = sshd.log().count("Accepted publickey")
    assert reaches(sshd.host(), trust)
    assert sshd.log().count("Accepted publickey") == before + 1
    error = refusal(replace(sshd.host(), identity_file=keys.stranger), trust)
    assert f"{cert}: it cannot be used" in error.message


def test_garbage_beside_a_key_is_no_certificate(sshd: SshServer, trust: Trust, home: Path) -> None:
    key = copied(sshd.keys.client, home / "keys" / "mine")
    beside = Path(f"{key}-cert.pub")
    for garbage in (b"\xff" * 99, b"ssh-ed25519-cert-v01@openssh.com AAAA", b"ssh-ed25519 AAAA"):
        beside.write_bytes(garbage)
        assert reaches(replace(sshd.host(), identity_file=key), trust)


def test_a_second_look_at_the_configuration_sees_it_too(
    sshd: SshServer, trust: Trust, home: Path
) -> None:
    """`Match final` makes ssh read everything a second time, which a pipe does not bear."""
    write_config(
        home, f"Host far\n HostName 127.0.0.1\nMatch final host 127.0.0.1\n Port {sshd.port}\n"
    )
    assert reaches(replace(sshd.host(), address="far", port=None), trust)


def test_a_home_with_odd_characters_is_found(
    sshd: SshServer, trust: Trust, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = home / 'it\'s [a] "h*me"\\ ?'
    odd.mkdir()
    monkeypatch.setenv("HOME", str(odd))
    write_config(odd, f"Host far\n HostName 127.0.0.1\n Port {sshd.port}\n")
    assert reaches(replace(sshd.host(), address="far", port=None), trust)


def test_the_files_of_host_keys_are_those_of_ssh_config(
    sshd: SshServer, far: Host, trust: Trust, home: Path
) -> None:
    host = replace(far, host_key=None, identity_file=sshd.keys.client)
    remember(home / ".ssh" / "known_hosts", f"[127.0.0.1]:{sshd.port}", OTHER)
    of_far(home)
    assert "CHANGED" in refusal(host, trust).message
    of_far(home, "UserKnownHostsFile /dev/null")
    assert "not known yet" in refusal(host, trust).message
    mine = home / "mine"
    mine.write_text(sshd.known_hosts_line(f"[127.0.0.1]:{sshd.port}"))
    of_far(home, f"UserKnownHostsFile /dev/null {mine}")
    assert reaches(host, trust)
    mine.write_text(sshd.known_hosts_line("whatever"))
    of_far(home, f"UserKnownHostsFile {mine}", "HostKeyAlias whatever")
    assert reaches(host, trust)
    mine.unlink()
    remember(mine, "whatever", OTHER)
    error = refusal(host, trust)
    assert isinstance(error, HostKeyError)
    words = error.hint.split("`")[1]
    subprocess.run(words, shell=True, check=True, capture_output=True)
    assert reaches(host, replace(trust, first_contact=FirstContact.ACCEPT))


@pytest.mark.parametrize("name", ["a  b", "it is a list", "one"])
def test_a_file_of_host_keys_may_have_blanks_in_its_name(
    sshd: SshServer, far: Host, trust: Trust, home: Path, name: str
) -> None:
    host = replace(far, host_key=None, identity_file=sshd.keys.client)
    (home / name).write_text(sshd.known_hosts_line(f"[127.0.0.1]:{sshd.port}"))
    of_far(home, f'UserKnownHostsFile /dev/null {home}/none "{home}/{name}" {home}/last')
    assert reaches(host, trust)


@pytest.mark.parametrize(
    "line",
    [
        "KnownHostsCommand /bin/true",
        "ProxyUseFdpass yes",
        "RevokedHostKeys ~/revoked",
        "PubkeyAuthentication no",
        "PreferredAuthentications password",
        "ProxyCommand -",
    ],
)
def test_what_we_do_not_do_is_said_in_one_line(
    far: Host, trust: Trust, home: Path, line: str
) -> None:
    of_far(home, line)
    error = refusal(far, trust)
    assert "which we do not do" in error.message
    assert line.split()[0].lower() in error.message.lower()


def test_an_address_family_and_an_address_of_ours_are_followed(
    sshd: SshServer, far: Host, trust: Trust, home: Path
) -> None:
    host = replace(far, identity_file=sshd.keys.client)
    of_far(home, "BindAddress 127.0.0.1", "AddressFamily inet")
    assert reaches(host, trust)
    of_far(home, "AddressFamily inet6")
    assert "cannot be resolved" in refusal(host, trust).message
    of_far(home, "BindAddress 192.0.2.1")
    assert "cannot be reached" in refusal(host, trust).message
    of_far(home, "BindAddress nothing.invalid")
    assert "BindAddress nothing.invalid of ~/.ssh/config" in refusal(host, trust).message
