"""ProxyCommand as OpenSSH runs it: real programs that carry the connection, or do not."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import HostUnreachable, UsageError
from orchestrator.transport.connect import Trust, connect
from orchestrator.values.command import Command
from orchestrator.values.host import Host
from tests.ssh.server import SshServer
from tests.ssh.side_by_side import RELAY
from tests.transport.test_login import write_config


@pytest.fixture
def far(sshd: SshServer, home: Path) -> Host:
    (home / "relay.py").write_text(RELAY)
    return replace(sshd.host(), address="far")


def by(home: Path, line: str) -> None:
    write_config(home, f"Host far\n HostName 127.0.0.1\n ProxyCommand {line}\n")


def reaches(host: Host, trust: Trust) -> bool:
    with connect(host, trust) as transport:
        return transport.run(Command(("true",))).ok


def test_a_program_that_says_much_on_stderr_goes_on(home: Path, far: Host, trust: Trust) -> None:
    relay = f"exec {sys.executable} {home}/relay.py %h %p"
    by(home, f"sh -c 'head -c 300000 /dev/zero >&2; {relay}'")
    assert reaches(far, trust)


def test_none_is_no_program(sshd: SshServer, home: Path, far: Host, trust: Trust) -> None:
    by(home, "none")
    assert reaches(far, trust)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("sh -c 'echo no way from here >&2; exit 3'", "it ended with 3: no way from here"),
        ("false", "it ended with 1 and said nothing"),
        ("no-such-program-here", "it ended with 127"),
        ("sh -c 'printf \"no nc here\\n  nc\\n  ^^\\n\" >&2'", "it ended with 0: no nc here; nc"),
        ("printf 'not ssh\\n'", "it ended with 0"),
    ],
)
def test_a_program_that_ends_is_told_with_its_last_words(
    home: Path, far: Host, trust: Trust, line: str, said: str
) -> None:
    by(home, line)
    with connect(far, trust) as transport, pytest.raises(HostUnreachable) as caught:
        transport.open()
    assert "the ProxyCommand for pod" in caught.value.message
    assert said in caught.value.message
    assert "`ssh far true`" in caught.value.hint


def test_a_token_that_means_nothing_there_is_told_as_by_ssh(
    home: Path, far: Host, trust: Trust
) -> None:
    by(home, "nc %C %p")
    with connect(far, trust) as transport, pytest.raises(UsageError, match="%C is unknown"):
        transport.open()


def test_it_is_the_users_own_shell_that_reads_it(
    home: Path, far: Host, trust: Trust, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = home / "shell"
    shell.write_text(f'#!/bin/sh\necho "$@" > {home}/asked\nexec /bin/sh "$@"\n')
    shell.chmod(0o755)
    monkeypatch.setenv("SHELL", str(shell))
    by(home, f"{sys.executable} {home}/relay.py %h %p")
    assert reaches(far, trust)
    assert (home / "asked").read_text().startswith(f"-c exec {sys.executable}")


@pytest.mark.parametrize(
    ("shell", "why"),
    [
        ("/no/such/shell", "No such file or directory"),
        ("/tmp", "Permission denied"),
        ("/etc/passwd", "Permission denied"),
        ("/etc/passwd/sh", "Not a directory"),
    ],
)
def test_a_shell_that_cannot_be_started_is_named(
    home: Path, far: Host, trust: Trust, monkeypatch: pytest.MonkeyPatch, shell: str, why: str
) -> None:
    monkeypatch.setenv("SHELL", shell)
    by(home, f"{sys.executable} {home}/relay.py %h %p")
    with connect(far, trust) as transport, pytest.raises(UsageError) as caught:
        transport.open()
    assert f"$SHELL is {shell}: {why}" in caught.value.message
    assert "export SHELL=" in caught.value.hint


def test_what_a_shell_says_first_is_not_lost(
    home: Path, far: Host, trust: Trust, monkeypatch: pytest.MonkeyPatch
) -> None:
    fish = shutil.which("fish")
    if fish is None:
        pytest.skip("no fish here")
    monkeypatch.setenv("SHELL", fish)
    by(home, "no-such-program-here %h %p")
    with connect(far, trust) as transport, pytest.raises(HostUnreachable) as caught:
        transport.open()
    assert "Unknown command: no-such-program-here" in caught.value.message


def test_the_program_ends_with_the_connection(home: Path, far: Host, trust: Trust) -> None:
    by(home, f"{sys.executable} {home}/relay.py %h %p")
    assert reaches(far, trust)
    running = subprocess.run(["pgrep", "-f", f"{home}/relay.py"], capture_output=True)
    assert running.returncode == 1, running.stdout
