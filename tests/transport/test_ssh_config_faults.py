"""What may be wrong with ~/.ssh and the files of host keys: each is named, with what to do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orchestrator.errors import UsageError
from orchestrator.transport.connect import Trust
from orchestrator.transport.way import ssh_config
from orchestrator.values.host import Host
from tests import toolkit
from tests.processes import left_at_work_in, needs_proc
from tests.ssh.server import SshServer
from tests.transport.test_login import write_config
from tests.transport.test_ssh_config import far, of_far, reaches, refusal

__all__ = ["far"]  # a fixture
REPOSITORY = Path(__file__).parents[2]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="gives a file to somebody else: needs root")


def test_a_configuration_that_never_ends_is_given_up(
    far: Host, trust: Trust, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ssh_config, "_LIMIT_S", 0.5)
    of_far(home, more='Match exec "sleep 3"\n Port 1')
    began = time.monotonic()
    assert "does not say within 0.5 s" in refusal(far, trust).message
    assert time.monotonic() - began < 3


@needs_proc
def test_of_a_configuration_that_is_given_up_nothing_goes_on(
    far: Host, trust: Trust, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ssh_config, "_LIMIT_S", 0.5)
    of_far(home, more=f'Match exec "cd {home}; sleep 66 & sleep 65"\n Port 1')
    assert "does not say within 0.5 s" in refusal(far, trust).message
    assert left_at_work_in(home) == []


@pytest.mark.parametrize(
    "says", ["Welcome to ssh", "hostname h", "hostname h\\nport abc", "port 22", "port 0", ""]
)
def test_a_program_called_ssh_that_is_none_is_named(
    far: Host, trust: Trust, home: Path, monkeypatch: pytest.MonkeyPatch, says: str
) -> None:
    toolkit.program(home / "bin" / "ssh", f"printf '{says}\\n'")
    monkeypatch.setenv("PATH", f"{home / 'bin'}:{os.environ['PATH']}")
    error = refusal(far, trust)
    assert isinstance(error, UsageError)
    assert "`ssh -G` does not say how to reach" in error.message
    assert "`type ssh`" in error.hint


def test_a_program_called_ssh_that_prints_before_it_is_one_is_heard(
    far: Host, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_far(home)
    toolkit.program(home / "bin" / "ssh", f'echo Welcome; exec {shutil.which("ssh")} "$@"')
    monkeypatch.setenv("PATH", f"{home / 'bin'}:{os.environ['PATH']}")
    assert ssh_config.ask(far).one("hostname") == "127.0.0.1"


@as_root
def test_a_configuration_of_somebody_else_is_named_with_what_to_do(
    sshd: SshServer, trust: Trust, home: Path
) -> None:
    write_config(home, "Host *\n")
    config = home / ".ssh" / "config"
    os.chown(config, 4711, 4711)
    config.chmod(0o666)
    error = refusal(sshd.host(), trust)
    assert f"Bad owner or permissions on {config}" in error.message
    for command in error.hint.split("`")[1::2]:
        subprocess.run(command, shell=True, check=True)
    assert reaches(sshd.host(), trust)


@pytest.mark.parametrize("kind", ["folder", "FIFO"])
def test_a_configuration_that_is_no_file_is_named(
    sshd: SshServer, trust: Trust, home: Path, kind: str
) -> None:
    config = home / ".ssh" / "config"
    config.parent.mkdir()
    config.mkdir() if kind == "folder" else os.mkfifo(config)
    error = refusal(sshd.host(), trust)
    assert f"{config} cannot be read: it is a {kind}" in error.message


ONE_LOGIN = """
import sys
from pathlib import Path
from orchestrator.errors import OrchestratorError
from orchestrator.values.host import Host, TransportKind
from orchestrator.transport.connect import FirstContact, Trust, connect
key, port, known, user = sys.argv[1:]
host = Host("pod", TransportKind.SSH, "~/w", "python3", address="127.0.0.1", port=int(port), user=user,
            identity_file=Path(key) if key else None)
try:
    with connect(host, Trust(Path(known), FirstContact.ACCEPT, passphrase=None)) as transport:
        transport.open()
    print("in")
except OrchestratorError as error:
    print(type(error).__name__, error.message, error.hint, sep="\\n")
"""


def without_rights(sshd: SshServer, key: Path | None, known: Path) -> list[str]:
    """One login by a process that may read what the file modes let it, and no more, as root."""
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        pytest.skip("setpriv is not here: root reads whatever the modes say")
    rights = "-dac_override,-dac_read_search"
    limited = ["setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}"]
    words = [sys.executable, "-c", ONE_LOGIN, str(key or ""), str(sshd.port), str(known)]
    done = subprocess.run(
        [*(limited if os.geteuid() == 0 else []), *words, sshd.host().user or ""],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
    )
    assert done.stdout, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    "closed", [".ssh", ".ssh/config", ".ssh/known_hosts", "own/known_hosts", "own", "sealed"]
)
def test_what_may_not_be_read_or_written_is_named_and_mended_as_the_hint_says(
    sshd: SshServer, home: Path, closed: str
) -> None:
    write_config(home, "Host *\n")
    (home / ".ssh" / "known_hosts").write_text("")
    own = home / "own" / "known_hosts"
    own.parent.mkdir()
    if closed == "own/known_hosts":
        own.write_text("")
    place = home / ("own" if closed == "sealed" else closed)
    place.chmod(0o555 if closed == "sealed" else 0)
    kind, message, hint = without_rights(sshd, sshd.keys.client, own)
    assert kind == "UsageError"
    assert str(place) in message
    assert "ermission denied" in message
    subprocess.run(hint.split("`")[1], shell=True, check=True)
    assert without_rights(sshd, sshd.keys.client, own) == ["in"]
