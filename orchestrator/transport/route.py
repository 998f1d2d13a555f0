"""How to reach an SSH host: what the inventory says, completed by the user's OpenSSH client.

`ssh -G` is asked instead of a parser of ours or Paramiko's (which ignores Include and most of
Match): nobody reads ssh_config(5) better, it takes 20 ms, and it runs while Paramiko loads.
"""

from __future__ import annotations

import getpass
import re
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from orchestrator.errors import UsageError
from orchestrator.model.host import Host, TransportKind

_DEFAULT_KEYS = ("id_ed25519", "id_ecdsa", "id_rsa")
_SYSTEM_CONFIG = "/etc/ssh/ssh_config"


@dataclass(frozen=True)
class Route:
    """Where to connect, and as whom.

    jumps: hosts to go through, nearest first, as `[user@]host[:port]`. proxy_command: a program
    that carries the connection instead of TCP. identities: existing private key files.
    only_identities: offer no other key of the agent. connect_timeout_s: None if not configured.
    """

    address: str
    port: int
    user: str
    identities: tuple[Path, ...]
    only_identities: bool = False
    jumps: tuple[str, ...] = ()
    proxy_command: str | None = None
    connect_timeout_s: float | None = None

    @property
    def known_as(self) -> str:
        """The address as known_hosts files write it."""
        return self.address if self.port == 22 else f"[{self.address}]:{self.port}"


def resolve(host: Host) -> Route:
    """Complete the inventory's entry from ~/.ssh/config; UsageError if that cannot be read."""
    assert host.address is not None
    if shutil.which("ssh") is None:
        keys = tuple(f"~/.ssh/{name}" for name in _DEFAULT_KEYS)
        user = host.user or getpass.getuser()
        return Route(host.address, host.port or 22, user, _existing(keys))
    said = _ask_openssh(host, host.address)

    def one(key: str) -> str | None:
        value = said.get(key, [""])[0]
        return None if value in ("", "none") else value

    jumps = one("proxyjump") or ""
    timeout = one("connecttimeout")
    address, port = one("hostname") or host.address, one("port") or "22"
    user = one("user") or getpass.getuser()
    # ssh -G leaves the tokens of this one as they are written (ssh_config(5), TOKENS).
    tokens = {"%%": "%", "%h": address, "%p": port, "%r": user, "%n": host.address}
    proxy = re.sub("%[%hprn]", lambda token: tokens[token[0]], one("proxycommand") or "")
    return Route(
        address=address,
        port=int(port),
        user=user,
        identities=_existing(tuple(said.get("identityfile", []))),
        only_identities=one("identitiesonly") == "yes",
        jumps=tuple(jump for jump in jumps.split(",") if jump),
        proxy_command=proxy or None,
        connect_timeout_s=float(timeout) if timeout else None,
    )


def _ask_openssh(host: Host, address: str) -> dict[str, list[str]]:
    words = ["ssh", "-G", "-T", "-F", "/dev/stdin"]
    words += ["-p", str(host.port)] if host.port else []
    words += ["-l", host.user] if host.user else []
    # Named here because ssh itself looks up the home directory in passwd, whatever $HOME says.
    config = f'Include "{Path.home()}/.ssh/config"\nMatch all\nInclude {_SYSTEM_CONFIG}\n'
    answer = subprocess.run([*words, "--", address], input=config, capture_output=True, text=True)
    if answer.returncode != 0:
        raise UsageError(
            f"the OpenSSH client cannot tell how to reach {host.where}: {answer.stderr.strip()}",
            hint=f"Try `ssh -G {address}`, and correct ~/.ssh/config or the address.",
        )
    said: dict[str, list[str]] = {}
    for line in answer.stdout.splitlines():
        key, _, value = line.partition(" ")
        said.setdefault(key, []).append(value)
    return said


def _existing(names: tuple[str, ...]) -> tuple[Path, ...]:
    return tuple(path for path in (Path(name).expanduser() for name in names) if path.is_file())


def through(route: Route, host: Host, jumps: tuple[str, ...]) -> Route:
    """The route over given jump hosts, or over ssh_config's where none is given."""
    if jumps:
        return replace(route, jumps=jumps, proxy_command=None)
    # `Host *` with a ProxyJump matches the jump host itself, too.
    others = tuple(jump for jump in route.jumps if hop(jump).address != host.address)
    return replace(route, jumps=others)


def hop(jump: str) -> Host:
    """A jump host of ssh_config as a host of ours: verified and met like any other."""
    parts = urlsplit(jump if "://" in jump else f"ssh://{jump}")
    name = parts.hostname or jump
    return Host(name, TransportKind.SSH, "", "", address=name, port=parts.port, user=parts.username)
