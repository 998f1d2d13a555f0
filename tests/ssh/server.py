"""A real OpenSSH server on a loopback port, with its own keys, for one test process."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from orchestrator.values.host import Host, TransportKind

# Where jobs of its sessions keep the locks of devices; remote_payload/machine/device_lock.py.
LOCKS = "BLACKWELL_SPARSEK_LOCKS"
PASSPHRASE = "correct horse"

# Variants of the server: lines that replace those of the ordinary configuration. The ordinary
# server has no SFTP, so that nothing of ours can come to need it.
WITH_SFTP = ("Subsystem sftp internal-sftp",)
NOISY_LOGIN = (
    "ForceCommand head -c 102400 /dev/zero | tr '\\0' n; echo; echo 'Welcome to the pod'; "
    'echo noise on stderr >&2; eval "$SSH_ORIGINAL_COMMAND"',
)
NO_PYTHON = ('ForceCommand PATH=/nonexistent; export PATH; eval "$SSH_ORIGINAL_COMMAND"',)
INTERACTIVE_ONLY = ('ForceCommand echo "Error: Your SSH client doesn\'t support PTY"; exit 1',)
PASSWORD_ONLY = ("PubkeyAuthentication no", "PasswordAuthentication yes")
TWO_TRIES = ("MaxAuthTries 2",)
ONE_STARTUP = ("MaxStartups 1:100:1",)


@dataclass(frozen=True)
class Keys:
    """Key files made once per test process: <name> and <name>.pub."""

    host: Path
    other_host: Path
    client: Path
    stranger: Path
    encrypted: Path


def make_keys(directory: Path) -> Keys:
    """Make every key pair; `client` and `encrypted` are the ones that servers let in."""
    paths = {name: directory / name for name in Keys.__annotations__}
    for name, path in paths.items():
        secret = PASSPHRASE if name == "encrypted" else ""
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-a", "1", "-N", secret, "-C", name]
        subprocess.run([*words, "-f", str(path)], check=True, stdin=subprocess.DEVNULL)
    return Keys(**paths)


def fingerprint(key: Path) -> str:
    """SHA256:... of a key pair, as OpenSSH itself prints it."""
    words = ["ssh-keygen", "-l", "-E", "sha256", "-f", f"{key}.pub"]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()[1]


@dataclass(frozen=True)
class SshServer:
    """A running server. remote_home: HOME of its sessions; workspace lies under it."""

    port: int
    keys: Keys
    host_key: Path
    directory: Path
    remote_home: Path

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.host_key)

    @property
    def workspace(self) -> str:
        return str(self.remote_home / "workspace")

    @property
    def locks(self) -> Path:
        return self.directory / "locks"

    def host(self, name: str = "pod") -> Host:
        """The inventory's view of this server, its host key pinned; vary it with replace()."""
        return Host(
            name=name,
            kind=TransportKind.SSH,
            workspace=self.workspace,
            python=sys.executable,
            address="127.0.0.1",
            port=self.port,
            user=getpass.getuser(),
            identity_file=self.keys.client,
            host_key=self.fingerprint,
        )

    def unpinned(self, name: str = "pod") -> Host:
        """The same host without a pinned key: a first contact."""
        return replace(self.host(name), host_key=None)

    def known_hosts_line(self, alias: str) -> str:
        kind, blob = Path(f"{self.host_key}.pub").read_text().split()[:2]
        return f"{alias} {kind} {blob}\n"

    def log(self) -> str:
        """What sshd wrote so far."""
        return (self.directory / "sshd.log").read_text("utf-8", "replace")


@contextlib.contextmanager
def serve(
    directory: Path,
    keys: Keys,
    *options: str,
    host_key: Path | None = None,
    port: int | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[SshServer]:
    """Run sshd until the block ends; options are extra sshd_config lines, taken first.

    environment: of sshd itself, besides ours.
    """
    home = directory / "home"
    home.mkdir(parents=True, exist_ok=True)
    (directory / "locks").mkdir(exist_ok=True)
    for _attempt in range(5):
        server = SshServer(port or _free_port(), keys, host_key or keys.host, directory, home)
        process = _start(server, options, {**os.environ, **(environment or {})})
        if _answers(server, process):
            break
        _stop(process)
    else:
        raise RuntimeError(f"sshd does not start:\n{server.log()}")
    try:
        yield server
    finally:
        _stop(process)


def _start(
    server: SshServer, options: tuple[str, ...], environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    program = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        raise FileNotFoundError("no sshd here: install openssh-server")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    authorized = server.directory / "authorized_keys"
    publics = (server.keys.client, server.keys.encrypted)
    authorized.write_text("".join(Path(f"{key}.pub").read_text() for key in publics))
    config = server.directory / "sshd_config"
    # sshd takes the first value of most keywords, but the last MaxStartups: so give only one.
    given = {line.split()[0] for line in options}
    usual = (line for line in _config(server, authorized) if line.split()[0] not in given)
    config.write_text("\n".join((*options, *usual, "")))
    with (server.directory / "sshd.log").open("ab") as log:
        words = [program, "-D", "-e", "-f", str(config)]
        return subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment
        )


def _config(server: SshServer, authorized: Path) -> tuple[str, ...]:
    return (
        f"ListenAddress 127.0.0.1:{server.port}",
        f"HostKey {server.host_key}",
        f"AuthorizedKeysFile {authorized}",
        f"SetEnv HOME={server.remote_home} {LOCKS}={server.locks} {_threads()}".rstrip(),
        "PidFile none",
        "UsePAM no",
        "StrictModes no",
        "PermitRootLogin yes",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "PubkeyAuthentication yes",
        "MaxStartups 100",
        "PrintMotd no",
    )


def _threads() -> str:
    """Of torch in its jobs: as many as in the test itself, where that shares the cores."""
    threads = os.environ.get("OMP_NUM_THREADS")
    return f"OMP_NUM_THREADS={threads}" if threads else ""


def _answers(server: SshServer, process: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", server.port), timeout=5) as probe,
        ):
            return probe.recv(4) == b"SSH-" and process.poll() is None
        time.sleep(0.02)
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def private_null(directory: Path) -> Path:
    """A device like /dev/null that a fault may destroy; skips where none can be made."""
    node = directory / "null"
    try:
        os.mknod(node, stat.S_IFCHR | 0o666, os.makedev(1, 3))
    except OSError as error:
        pytest.skip(f"no device can be made here: {error}")
    return node


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
