"""Configurations of ssh, made at random, and what OpenSSH and we make of each of them.

Every one leads, or fails to lead, to one of three real servers on loopback, which are told apart
by their HOME. What counts is where one ends up, and over which servers.
"""

from __future__ import annotations

import getpass
import os
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.ssh.server import Keys, SshServer

VARIABLE = "SIDE_BY_SIDE"
RELAY = """
import os, socket, sys, threading
far = socket.create_connection((sys.argv[1], int(sys.argv[2])))
def up():
    while data := os.read(0, 65536): far.sendall(data)
threading.Thread(target=up, daemon=True).start()
while data := far.recv(65536): os.write(1, data)
"""


@dataclass(frozen=True)
class World:
    """The servers, what lies about for configurations to name, and the user's home."""

    servers: Sequence[SshServer]
    keys: Keys
    home: Path
    agent: Path
    has_v6: bool

    def prepare(self) -> None:
        """Put the files there that configurations name."""
        names = ["plain", "127.0.0.1", "::1", "localhost", "t", getpass.getuser(), str(os.getuid())]
        names += [str(server.port) for server in self.servers] + ["100%", "of-variable"]
        for name in names:
            self._copy(self.keys.client, self.key(name))
        self._copy(self.keys.stranger, self.key("stranger"))
        public = Path(f"{self.keys.client}.pub").read_bytes()
        self.key("public-only.pub").write_bytes(public)
        (self.home / "garbage").write_bytes(bytes(range(256)))
        (self.home / "relay.py").write_text(RELAY)
        (self.home / ".ssh").mkdir(mode=0o700)
        lines = [line for server in self.servers for line in _known(server)]
        (self.home / "known").write_text("".join(lines))
        (self.home / "wrong").write_text(
            "".join(line for s in self.servers for line in _known(s, s.keys.stranger))
        )

    def key(self, name: str) -> Path:
        return self.home / f"key-{name}"

    @property
    def config(self) -> Path:
        return self.home / ".ssh" / "config"

    def logins(self) -> list[int]:
        return [server.log().count("Accepted publickey") for server in self.servers]

    @staticmethod
    def _copy(key: Path, to: Path) -> None:
        to.write_bytes(key.read_bytes())
        to.chmod(0o600)
        Path(f"{to}.pub").write_bytes(Path(f"{key}.pub").read_bytes())


def _known(server: SshServer, key: Path | None = None) -> Iterator[str]:
    kind, blob = Path(f"{key or server.host_key}.pub").read_text().split()[:2]
    for name in ("127.0.0.1", "::1", "localhost"):
        yield f"[{name}]:{server.port} {kind} {blob}\n"
    yield f"called-{server.port} {kind} {blob}\n"


@dataclass
class Configuration:
    """One ~/.ssh/config, and the host that is asked of it. files: what it includes."""

    host: str
    lines: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    text: str = ""


def configurations(world: World, seed: int, count: int) -> Iterator[Configuration]:
    """`count` configurations, always the same for one seed."""
    chance = random.Random(seed)
    for _ in range(count):
        yield _Making(world, chance).made()


class _Making:
    """One configuration in the making. The target is server 0; 1 and 2 are there to jump over."""

    def __init__(self, world: World, chance: random.Random) -> None:
        self._world, self._chance = world, chance
        self._more: list[str] = []
        self._includes: dict[str, str] = {}

    def made(self) -> Configuration:
        target = self._world.servers[0]
        name, address = self._name()
        block = [f" Port {target.port}", *address, *self._user(), *self._identity()]
        block += [*self._way(name), *self._odd()]
        known = self._pick({"known": 12, "wrong": 1})
        general = [
            "Host *",
            f" UserKnownHostsFile {self._world.home / known}",
            " StrictHostKeyChecking yes",
            " BatchMode yes",
            " ConnectTimeout 10",
            f" IdentityFile {self._world.key('plain')}",
        ]
        lines = [*self._placed(name, block), *self._more, *general]
        return Configuration(name, lines, self._includes, "\n".join([*lines, ""]))

    def _pick(self, weighed: dict[str, int]) -> str:
        return self._chance.choices(list(weighed), list(weighed.values()))[0]

    def _name(self) -> tuple[str, list[str]]:
        """What is asked for, and how its address is written."""
        kind = self._pick({"plain": 5, "alias": 4, "token": 2, "tail": 2, "v6": 3, "name": 2})
        if kind == "v6" and not self._world.has_v6:
            kind = "plain"
        return {
            "plain": ("127.0.0.1", []),
            "alias": ("t", [" HostName 127.0.0.1"]),
            "token": ("localhost", [" HostName %h"]),
            "tail": ("1", [" HostName 127.0.0.%h"]),
            "v6": ("t", [" HostName ::1"]),
            "name": (
                "t",
                [" HostName localhost", f" AddressFamily {self._pick(self._families())}"],
            ),
        }[kind]

    def _families(self) -> dict[str, int]:
        return {"inet": 2, "any": 1} | ({"inet6": 1} if self._world.has_v6 else {})

    def _user(self) -> list[str]:
        me = getpass.getuser()
        return {"none": [], "me": [f" User {me}"], "other": [" User nobody-here"]}[
            self._pick({"none": 4, "me": 5, "other": 1})
        ]

    def _identity(self) -> list[str]:
        key, home = self._world.key, self._world.home
        choices: dict[str, list[str]] = {
            "general": [],
            "of host": [f" IdentityFile {key('%h')}"],
            "of port": [f" IdentityFile {key('%p')}"],
            "of user": [f" IdentityFile {key('%r')}"],
            "of us": [f" IdentityFile {key('%u')}", f" IdentityFile {key('%i')}"],
            "as asked": [f" IdentityFile {key('%n')}"],
            "percent": [f" IdentityFile {key('100%%')}"],
            # As many .. as lead from any home to the root.
            "of home": [f" IdentityFile %d{'/..' * 20}{key('plain')}"],
            "variable": [f" IdentityFile ${{{VARIABLE}}}/key-of-variable"],
            "unset": [" IdentityFile ${SIDE_BY_SIDE_UNSET}/key"],
            "unknown token": [f" IdentityFile {key('%z')}"],
            "missing": [f" IdentityFile {key('missing')}"],
            "none": [" IdentityFile none"],
            "stranger": [f" IdentityFile {key('stranger')}"],
            "stranger alone": [" IdentitiesOnly yes", f" IdentityFile {key('stranger')}"],
            "agent": [" IdentityFile none", f" IdentityAgent {self._world.agent}"],
            "agent's": [
                " IdentitiesOnly yes",
                f" IdentityFile {key('public-only')}",
                f" IdentityAgent {self._world.agent}",
            ],
            "no agent": [" IdentityFile none", " IdentityAgent none"],
            "garbage": [f" CertificateFile {home / 'garbage'}", f" IdentityFile {key('plain')}"],
            "no certificate": [f" CertificateFile {key('missing')}-cert.pub"],
        }
        return choices[self._chance.choice(list(choices))]

    def _way(self, name: str) -> list[str]:
        way = {"direct": 5, "jump": 6, "two": 4, "three": 1, "none": 1, "self": 1, "nowhere": 1}
        way |= {"relay": 3, "by ssh": 2, "no proxy": 1, "broken": 1, "bad token": 1}
        home, python = self._world.home, sys.executable
        kind = self._pick(way)
        if kind in ("jump", "two", "three"):
            order = {"jump": (1,), "two": (1, 2), "three": (1, 2, 1)}[kind]
            return [f" ProxyJump {','.join(self._jump(number, name) for number in order)}"]
        gate = self._world.servers[1].port
        return {
            "direct": [],
            "none": [" ProxyJump none"],
            "self": [f" ProxyJump {name}:{self._world.servers[0].port}"]
            if "0" in name or "l" in name
            else [],
            "nowhere": [" ProxyJump gate1:1"],
            "relay": [f" ProxyCommand {python} {home / 'relay.py'} %h %p"],
            "by ssh": [f" ProxyCommand ssh -F {self._world.config} -p {gate} -W [%h]:%p 127.0.0.1"]
            if name != "127.0.0.1"
            else [],
            "no proxy": [" ProxyCommand none"],
            "broken": [" ProxyCommand echo no way from here >&2; exit 3"],
            "bad token": [f" ProxyCommand {python} {home / 'relay.py'} %h %z"],
        }[kind]

    def _jump(self, number: int, name: str) -> str:
        """A jump host, in one of the ways in which it can be written.

        Not by the name that is asked for: its block is the jump host's too, and ssh starts itself
        without end (see `test_jumps.py` for what we do).
        """
        port, me = self._world.servers[number].port, getpass.getuser()
        forms = [f"127.0.0.1:{port}", f"{me}@127.0.0.1:{port}", f"ssh://{me}@127.0.0.1:{port}"]
        forms += [f"[127.0.0.1]:{port}", f"gate{number}", f"{me}@gate{number}", f"localhost:{port}"]
        forms += [f"gate{number}-%r", f"ssh://gate{number}"]
        if self._world.has_v6:
            forms += [f"[::1]:{port}", f"{me}@[::1]:{port}", f"ssh://[::1]:{port}"]
        if f"Host gate{number}*" not in self._more:
            self._more += [f"Host gate{number}*", " HostName 127.0.0.1", f" Port {port}"]
        return self._chance.choice([form for form in forms if name not in form or name in "t1"])

    def _odd(self) -> list[str]:
        """What few configurations have."""
        called = f" HostKeyAlias called-{self._world.servers[0].port}"
        odd: dict[str, tuple[int, list[str]]] = {
            "nothing": (14, []),
            "alias": (2, [called]),
            "from here": (2, [" BindAddress 127.0.0.1"]),
            "session": (2, [" ServerAliveInterval 5", " Compression yes", " LogLevel ERROR"]),
            "no keys": (1, [" PubkeyAuthentication no"]),
            "password": (1, [" PreferredAuthentications password"]),
            "unknown": (1, [" NoSuchKeyword yes"]),
        }
        return odd[self._pick({name: weight for name, (weight, _) in odd.items()})][1]

    def _placed(self, name: str, block: list[str]) -> list[str]:
        """The host's block, by Host or Match, here or included."""
        heads = [f"Host {name}", f"Host elsewhere {name}", f"Match originalhost {name}"]
        heads += [f"Match originalhost {name} exec true", "Match all", f"Host {name[:-1]}? !other"]
        heads += [f"Match originalhost {name} user *", f"Match final originalhost {name}"]
        head = self._chance.choice(heads)
        if head == "Match all":
            return ["Match originalhost other exec true", " Port 1", f"Host {name}", *block]
        where = self._pick({"here": 3, "include": 2, "inside": 1})
        if where == "here":
            return [head, *block]
        file = self._world.home / "more.conf"
        if where == "include":
            self._includes[str(file)] = "\n".join([head, *block, ""])
            return [f"Include {file}"]
        self._includes[str(file)] = "\n".join([*(line.strip() for line in block), ""])
        return [head, f" Include {self._world.home}/more*.conf"]
