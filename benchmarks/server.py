"""A real sshd for the benchmark, with keys and configuration of its own."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.line import Line
from remote_payload.machine.device_lock import NAMED


@dataclass(frozen=True)
class Server:
    """A running server and what a client needs to be let in."""

    address: str
    port: int
    user: str
    place: Path

    @property
    def client_key(self) -> Path:
        return self.place / "client"

    @property
    def locks(self) -> Path:
        """Where jobs lock devices, apart from those of this machine."""
        return self.place / "locks"

    @property
    def fingerprint(self) -> str:
        words = ["ssh-keygen", "-l", "-E", "sha256", "-f", str(self.place / "host.pub")]
        return subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()[1]

    @property
    def ssh_words(self) -> list[str]:
        """OpenSSH's client, verifying the host as ours does."""
        options = {
            "UserKnownHostsFile": self.place / "known_hosts",
            "StrictHostKeyChecking": "yes",
            "IdentitiesOnly": "yes",
            "BatchMode": "yes",
        }
        words = ["ssh", "-F", "none", "-i", str(self.client_key), "-p", str(self.port)]
        return words + [f"-o{name}={value}" for name, value in options.items()]

    def inventory(self, workspace: Path) -> str:
        """inventory.yaml with this server under the name bench."""
        return (
            "default: bench\nhosts:\n  bench:\n    transport: ssh\n"
            f"    address: {self.address}\n    port: {self.port}\n    user: {self.user}\n"
            f"    identity_file: {self.client_key}\n    host_key: {self.fingerprint}\n"
            f"    workspace: {workspace}\n    python: {sys.executable}\n"
        )


@contextlib.contextmanager
def serve(line: Line, place: Path, port: int = 22022) -> Iterator[Server]:
    """Run sshd at the far end of the line until the block ends."""
    program = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        raise SystemExit("no sshd here: install openssh-server")
    place.mkdir(parents=True)
    server = Server(line.address, port, getpass.getuser(), place)
    for name in ("host", "client"):
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(place / name)]
        subprocess.run(words, check=True)
    shutil.copy(place / "client.pub", place / "authorized_keys")
    known = (place / "host.pub").read_text()
    (place / "known_hosts").write_text(f"[{line.address}]:{port} {known}")
    (place / "sshd_config").write_text(_config(server))
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    with (place / "log").open("wb") as log:
        words = [*line.far, program, "-D", "-e", "-f", str(place / "sshd_config")]
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        _wait(line, server, process)
        yield server
    finally:
        process.terminate()
        process.wait()


def _config(server: Server) -> str:
    for folder in (server.place / "home", server.locks):
        folder.mkdir()
    return f"""\
ListenAddress {server.address}:{server.port}
HostKey {server.place / "host"}
AuthorizedKeysFile {server.place / "authorized_keys"}
SetEnv HOME={server.place / "home"} {NAMED}={server.locks}
PidFile none
UsePAM no
StrictModes no
PermitRootLogin yes
PasswordAuthentication no
PrintMotd no
Subsystem sftp internal-sftp
"""


def _wait(line: Line, server: Server, process: subprocess.Popen[bytes]) -> None:
    words = [*line.near, *server.ssh_words, f"{server.user}@{server.address}", "true"]
    for _ in range(50):
        if process.poll() is None:
            time.sleep(0.1)
            if subprocess.run(words, capture_output=True, check=False).returncode == 0:
                return
    raise SystemExit(f"sshd does not let us in:\n{(server.place / 'log').read_text()}")
