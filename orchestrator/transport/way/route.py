"""How to reach an SSH host: what the inventory says, completed by the user's OpenSSH client."""

from __future__ import annotations

import contextlib
import getpass
import os
import pwd
import shutil
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.errors import UsageError
from orchestrator.transport.way.jump import hop
from orchestrator.transport.way.ssh_config import Said, ask, expanded
from orchestrator.values.host import Host

_DEFAULT_KEYS = ("id_ed25519", "id_ecdsa", "id_rsa")
_KNOWN_HOSTS = ("known_hosts", "known_hosts2")
_FAMILIES = {"inet": socket.AF_INET, "inet6": socket.AF_INET6}
_NO = ("no", "false")
# What would lead elsewhere, or believe somebody else, if it were passed over. Of the rest, that
# which is about a session, a terminal or algorithms is ours, and what else lets in is not tried.
_NOT_DONE = ("bindinterface", "knownhostscommand", "proxyusefdpass", "revokedhostkeys")


@dataclass(frozen=True)
class Route:
    """Where to connect, and as whom.

    jumps: hosts to go through, nearest first, as `[user@]host[:port]` or URIs. proxy_command: a
    program that carries the connection instead of TCP. identities: private key files, of which
    at least the public half exists. certificates: files that ssh_config names. only_identities:
    offer no other key of the agent. agent: its socket, "" for no agent, None for that of
    SSH_AUTH_SOCK. connect_timeout_s: None if not configured. family, source: for TCP.
    alias: the name that known_hosts files have it under (HostKeyAlias). known_hosts: those files.
    """

    address: str
    port: int
    user: str
    identities: tuple[Path, ...]
    only_identities: bool = False
    jumps: tuple[str, ...] = ()
    proxy_command: str | None = None
    connect_timeout_s: float | None = None
    certificates: tuple[Path, ...] = ()
    agent: str | None = None
    family: int = socket.AF_UNSPEC
    source: str | None = None
    alias: str | None = None
    known_hosts: tuple[Path, ...] = ()

    @property
    def known_as(self) -> str:
        """The address as known_hosts files write it."""
        if self.alias:
            return self.alias
        return self.address if self.port == 22 else f"[{self.address}]:{self.port}"

    @property
    def known_without_port(self) -> str | None:
        """The bare address where known_as has a port, which its lines may do without."""
        return None if self.alias or self.port == 22 else self.address


def resolve(host: Host) -> Route:
    """Complete the inventory's entry from ~/.ssh/config.

    UsageError: that cannot be read, or asks for something that we do not do.
    """
    assert host.address is not None
    if shutil.which("ssh") is None:
        user = host.user or getpass.getuser()
        keys = (Path.home() / ".ssh" / name for name in _DEFAULT_KEYS)
        known = tuple(Path.home() / ".ssh" / name for name in _KNOWN_HOSTS)
        return Route(host.address, host.port or 22, user, _existing(keys), known_hosts=known)
    said = ask(host)
    _refuse_what_we_do_not_do(host, said)
    address, port = said.one("hostname") or host.address, said.one("port") or "22"
    user = said.one("user") or getpass.getuser()
    # ssh_config(5), TOKENS: what a proxy takes, and what files take.
    tokens = {"%": "%", "h": address, "n": host.address, "p": port, "r": user}
    timeout = said.one("connecttimeout")
    jumps = expanded("ProxyJump", said.one("proxyjump") or "", tokens, variables=False)
    proxy = expanded("ProxyCommand", said.one("proxycommand") or "", tokens, variables=False)
    of_files = tokens | _of_files(host, said, jumps)
    # An identity file of the inventory is offered alone: what is wrong with others is no matter.
    identities = () if host.identity_file else _files("IdentityFile", said, of_files)
    return Route(
        address=address,
        port=int(port),
        user=user,
        identities=_existing(identities),
        only_identities=said.one("identitiesonly") == "yes",
        jumps=tuple(jump.strip() for jump in jumps.split(",") if jump.strip()),
        proxy_command=proxy or None,
        connect_timeout_s=float(timeout) if timeout else None,
        certificates=_files("CertificateFile", said, of_files),
        agent=_agent(said, of_files),
        family=_FAMILIES.get(said.one("addressfamily") or "", socket.AF_UNSPEC),
        source=said.one("bindaddress"),
        alias=said.one("hostkeyalias"),
        known_hosts=_known_hosts(said),
    )


def _refuse_what_we_do_not_do(host: Host, said: Said) -> None:
    asked = [
        f"{name} {value}" for name in _NOT_DONE if (value := said.one(name)) not in (None, "no")
    ]
    keys = (said.one("pubkeyauthentication") or "yes") not in _NO
    methods = said.one("preferredauthentications")
    if not host.identity_file and not (keys and (methods is None or "publickey" in methods)):
        asked.append("to log in without keys (PubkeyAuthentication, PreferredAuthentications)")
    if said.one("proxycommand") == "-":
        asked.append("proxycommand -")
    if asked:
        raise UsageError(
            f"~/.ssh/config asks for {' and '.join(asked)} on the way to {host.where}, which we do "
            "not do",
            hint="Take it out of the host's block there, or give the host an alias without it.",
        )


def _of_files(host: Host, said: Said, jumps: str) -> dict[str, str]:
    here = socket.gethostname()
    return {
        "d": str(Path.home()),
        "i": str(os.getuid()),
        "j": jumps,
        "k": said.one("hostkeyalias") or host.address or "",
        "L": here.partition(".")[0],
        "l": here,
        "u": getpass.getuser(),
    }


def _files(keyword: str, said: Said, tokens: Mapping[str, str]) -> tuple[Path, ...]:
    written = (text for text in said.all(keyword.lower()) if text != "none")
    return tuple(_file(keyword, text, tokens) for text in written)


def _file(keyword: str, text: str, tokens: Mapping[str, str]) -> Path:
    path = Path(expanded(keyword, text, tokens, variables=True))
    try:
        return path.expanduser() if text.startswith("~") else path
    except RuntimeError as error:
        raise UsageError(
            f"`{keyword} {text}` of ~/.ssh/config cannot be used: there is no such user",
            hint="Correct that line.",
        ) from error


def _agent(said: Said, tokens: Mapping[str, str]) -> str | None:
    text = next(iter(said.all("identityagent")), "SSH_AUTH_SOCK")
    if text == "none":
        return ""
    if text == "SSH_AUTH_SOCK":
        return None
    if text.startswith("$") and not text.startswith("${"):
        return os.environ.get(text[1:], "")
    return str(_file("IdentityAgent", text, tokens))


def _known_hosts(said: Said) -> tuple[Path, ...]:
    """The user's files, and the system's. Where ssh writes passwd's home, $HOME is meant."""
    ours = str(Path.home())
    try:
        theirs = pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        theirs = ours
    found = []
    for keyword in ("userknownhostsfile", "globalknownhostsfile"):
        for name in _names(said.one(keyword) or ""):
            is_default = name in (f"{theirs}/.ssh/{each}" for each in _KNOWN_HOSTS)
            path = name.replace(theirs, ours, 1) if is_default else name
            found.append(_at_home(path))
    return tuple(dict.fromkeys(found))


def _names(text: str) -> Iterator[str]:
    """The files of a list in which blanks may also be part of a name: ssh -G tells neither apart,
    so the longest name that is there counts."""
    words = text.split(" ")
    while words:
        count = next((n for n in range(len(words), 1, -1) if _is_one_file(words[:n])), 1)
        if any(words[:count]):
            yield " ".join(words[:count])
        del words[:count]


def _is_one_file(words: Sequence[str]) -> bool:
    with contextlib.suppress(OSError):  # too long for a name, or in a folder that is closed to us
        return bool(words[0]) and _at_home(" ".join(words)).is_file()
    return False


def _at_home(name: str) -> Path:
    return Path(name).expanduser() if name.startswith("~/") else Path(name)


def _existing(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Those that are there: of a key that only an agent holds, the public half."""
    return tuple(path for path in paths if _is_there(path) or _is_there(Path(f"{path}.pub")))


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # in a folder that is closed to us: told when it is read
        return True


def through(route: Route, host: Host, jumps: tuple[str, ...]) -> Route:
    """The route over given jump hosts, or over ssh_config's where none is given."""
    if jumps:
        return replace(route, jumps=jumps, proxy_command=None)
    return replace(route, jumps=tuple(jump for jump in route.jumps if not _is(host, route, jump)))


def _is(host: Host, route: Route, jump: str) -> bool:
    """Whether it is the host itself: `Host *` with a ProxyJump matches the jump host, too."""
    gate = hop(jump)
    same = gate.port in (None, route.port) and gate.user in (None, route.user)
    return gate.address == host.address and same
