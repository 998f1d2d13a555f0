"""The ways to bring a tree to a host that are measured side by side."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from benchmarks.server import Server
from orchestrator.store.inventory import reading as inventory
from orchestrator.sync.deploy import deploy_from
from orchestrator.transport.base import Transport
from orchestrator.transport.connect import Trust, connect

PARTS = ("csrc", "remote_payload")
_REPOSITORY = Path(__file__).resolve().parent.parent
_LIMIT_S = 600.0


class Method(str, Enum):
    """What tables call each way."""

    RSYNC = "rsync -az"
    RSYNC_SHARED = "rsync, ControlMaster"
    FABRIC_PUT = "Fabric put per file"
    COMMAND = "orchestrator deploy"
    KEPT = "orchestrator deploy --persist"
    CONNECT = "ours, from connect on"
    OPEN = "ours, open connection"


@dataclass(frozen=True)
class Setting:
    """One tree, one server; place: a folder of this disk for what arrives."""

    tree: Path
    server: Server
    place: Path


class Way(ABC):
    """One method with its own destination; the far end's disk is this machine's."""

    def __init__(self, setting: Setting, method: Method) -> None:
        self.method = method
        self._tree = setting.tree
        self._server = setting.server
        self._place = setting.place / method.name.lower()
        self.forget()

    def forget(self) -> None:
        """Empty the destination."""
        shutil.rmtree(self._place, ignore_errors=True)
        self._place.mkdir(parents=True)

    @abstractmethod
    def sync(self) -> None:
        """Make the destination equal to the tree: the part that is timed."""

    def arrived(self) -> Path:
        """The folder that must now equal the tree."""
        return self._place


class Rsync(Way):
    """rsync -az --delete over OpenSSH; shared: words for ssh that reuse an open connection."""

    def __init__(self, setting: Setting, method: Method, shared: tuple[str, ...] = ()) -> None:
        super().__init__(setting, method)
        self._ssh = " ".join([*setting.server.ssh_words, *shared])

    def sync(self) -> None:
        target = f"{self._server.user}@{self._server.address}:{self._place}/"
        _run("rsync", "-az", "--delete", "-e", self._ssh, *PARTS, target, cwd=self._tree)


class FabricPut(Way):
    """What scripts do: one put per file."""

    def sync(self) -> None:
        from fabric import Config, Connection

        server = self._server
        with Connection(
            server.address,
            user=server.user,
            port=server.port,
            config=Config(overrides={"load_ssh_configs": False}),
            connect_kwargs={"key_filename": str(server.client_key), "allow_agent": False},
        ) as connection:
            for folder in sorted({file.parent for file in _files(self._tree)}):
                inside = self._place / folder.relative_to(self._tree)
                connection.run(f"mkdir -p {inside}", hide=True, in_stream=False)
            for file in _files(self._tree):
                connection.put(str(file), str(self._place / file.relative_to(self._tree)))


class _Ours(Way):
    def __init__(self, setting: Setting, method: Method) -> None:
        super().__init__(setting, method)
        self._trust = Trust(setting.place / "known_hosts")
        file = setting.place / f"{method.name.lower()}.yaml"
        file.write_text(setting.server.inventory(self._place))
        self._host = inventory.load(file, os.environ).host("bench")

    def arrived(self) -> Path:
        records = (self._place / "snapshots").glob("*.json")
        return max(records, key=lambda record: record.stat().st_mtime).with_suffix("")

    def connection(self) -> Transport:
        return connect(self._host, self._trust)


class Command(_Ours):
    """A whole `orchestrator deploy`, the start of Python included; its modules were compiled once,
    as an installation does."""

    options: tuple[str, ...] = ("--no-persist",)

    def __init__(self, setting: Setting, method: Method) -> None:
        super().__init__(setting, method)
        self._inventory = setting.place / f"{method.name.lower()}.yaml"
        compiled = str(setting.place / "compiled")
        ours = {"PYTHONPATH": str(_REPOSITORY), "PYTHONPYCACHEPREFIX": compiled}
        self._environment = os.environ | ours
        self._environment.pop("PYTHONDONTWRITEBYTECODE", None)
        self.sync()
        self.forget()

    def sync(self) -> None:
        self._orchestrator("deploy", "--no-build", "--host", "bench", *self.options)

    def _orchestrator(self, *words: str) -> None:
        program = (sys.executable, "-m", "orchestrator", "--inventory", str(self._inventory))
        _run(*program, *words, cwd=self._tree, env=self._environment)


class Kept(Command):
    """The same over a connection that an earlier command left open."""

    options = ("--persist", "10m")

    def end(self) -> None:
        """Let nothing be left of the connection."""
        self._orchestrator("hosts", "disconnect")


class FromConnect(_Ours):
    """A fresh connection in a program that already runs."""

    def sync(self) -> None:
        with self.connection() as transport:
            deploy_from(self._tree, transport)


class OpenConnection(_Ours):
    """A connection that is open, as in every sync of a session but the first."""

    def __init__(self, setting: Setting, method: Method) -> None:
        super().__init__(setting, method)
        self.transport = self.connection()
        self.transport.open()

    def sync(self) -> None:
        deploy_from(self._tree, self.transport)


@contextlib.contextmanager
def all_ways(setting: Setting) -> Iterator[list[Way]]:
    """Every way, ready to go; shared connections are open until the block ends."""
    server = setting.server
    socket = f"{server.place}/cm-{os.getpid()}"
    target = f"{server.user}@{server.address}"
    _run(*server.ssh_words, "-MNf", "-S", socket, target)
    opened, kept = OpenConnection(setting, Method.OPEN), Kept(setting, Method.KEPT)
    try:
        yield [
            Rsync(setting, Method.RSYNC),
            Rsync(setting, Method.RSYNC_SHARED, ("-S", socket)),
            FabricPut(setting, Method.FABRIC_PUT),
            FromConnect(setting, Method.CONNECT),
            opened,
            Command(setting, Method.COMMAND),
            kept,
        ]
    finally:
        opened.transport.close()
        kept.end()
        _run(*server.ssh_words, "-S", socket, "-O", "exit", target)


def is_equal(tree: Path, arrived: Path) -> bool:
    """Whether every file arrived, byte for byte, and nothing else."""
    names = [file.relative_to(tree) for file in _files(tree)]
    return names == [file.relative_to(arrived) for file in _files(arrived)] and all(
        (tree / name).read_bytes() == (arrived / name).read_bytes() for name in names
    )


def _files(root: Path) -> list[Path]:
    return sorted(file for part in PARTS for file in (root / part).rglob("*") if file.is_file())


def _run(*words: str, cwd: Path | None = None, env: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        words,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_LIMIT_S,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{words[0]} exited {done.returncode}: {done.stderr.strip()[-600:]}")
