"""inventory.yaml → typed hosts; whoever wrote it wrong hears file, line, key and the mend.

    default: local                 # the host of commands without --host; else the first one
    defaults: {user: root}         # for every host that does not say otherwise
    hosts:
      local: {transport: local}
      h100: {transport: ssh, address: "${POD_IP}", port: "${POD_PORT}"}

Variables may be missing for hosts that are not in use: that is told when such a host is asked for.
The host `local`, this machine, is there without a file too, and where a file does not speak of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from orchestrator.errors import InventoryError, UsageError
from orchestrator.store.inventory import outline
from orchestrator.store.inventory.block import Reading
from orchestrator.store.inventory.document import (
    Block,
    Problem,
    Scalar,
    complaint,
    nearest,
    shown_path,
)
from orchestrator.store.inventory.hosts import Candidate, Entry, Written
from orchestrator.store.inventory.place import FILE_NAME as FILE_NAME
from orchestrator.store.inventory.place import find as find
from orchestrator.store.inventory.schema import Defaults, TopKeys
from orchestrator.store.inventory.written import text_of
from orchestrator.values.host import Host

LOCAL = "local"
_MOST_BYTES = 64 << 20


@dataclass(frozen=True)
class Inventory:
    """The hosts of one file, in the order written.

    path: None where there is no file. hosts: those that can be used from here; problems: why the
    others cannot; unusable: what those keep private.
    """

    path: Path | None
    default: str
    entries: tuple[Entry, ...]
    hosts: Mapping[str, Host]
    problems: Mapping[str, list[Problem]]
    unusable: Mapping[str, Written] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(entry.name for entry in self.entries)

    def host(self, name: str | None = None) -> Host:
        """Return the named host, or the default one; `local` is built in.

        UsageError: no such host. InventoryError: one of its variables or files is missing here.
        """
        if name == LOCAL and LOCAL not in self.names:
            return built_in().hosts[LOCAL]
        wanted = self.entry(self.default if name is None else name).name
        if self.path and wanted in self.problems:
            raise complaint(self.path, self.problems[wanted])
        return self.hosts[wanted]

    def entry(self, name: str) -> Entry:
        """Return the line of the listing for name, usable or not; UsageError: no such host."""
        for entry in self.entries:
            if entry.name == name:
                return entry
        if self.path is None:
            raise UsageError(
                f"there is no {FILE_NAME} here or in any folder above, and so no host named "
                f"{name!r}, only {LOCAL}",
                hint="begin one with: orchestrator hosts add NAME ssh USER@HOST -p PORT",
            )
        raise UsageError(
            f"{shown_path(self.path)} has no host named {name!r}, only {', '.join(self.names)}",
            hint=_meant(name, self.names) or "`orchestrator hosts` lists them",
        )


def built_in() -> Inventory:
    """What goes without a file: this machine."""
    at = f"hosts.{LOCAL}"
    host = Block(at, 2, {"transport": Scalar(f"{at}.transport", 3, "local")})
    tree = Block("", 1, {"hosts": Block("hosts", 1, {LOCAL: host})})
    return replace(_understood(Path(FILE_NAME), tree, {}), path=None)


def load(path: Path, environ: Mapping[str, str]) -> Inventory:
    """Read and check the whole file; InventoryError tells the first few problems together."""
    return parse(path, read_text(path), environ)


def keep_outline(path: Path) -> None:
    """So that what was read without a fault is read faster next time."""
    try:
        outline.keep(path, read_text(path))
    except InventoryError:  # it has changed meanwhile
        return


def parse(path: Path, text: str, environ: Mapping[str, str]) -> Inventory:
    """Check an inventory's text as if path held it; beside it only identity files are looked at."""
    return _understood(path, outline.document_of(path, text), environ)


def _understood(path: Path, top: Block, environ: Mapping[str, str]) -> Inventory:
    head = Reading(_without_details(top), environ)
    keys = head.values(TopKeys)
    lasting = head.lasting + head.passing
    defaults = top.entries.get("defaults")
    shared = defaults if isinstance(defaults, Block) else Block("defaults", 1)
    general = Reading(shared, environ)
    general.values(Defaults)
    lasting += general.lasting
    written = top.entries.get("hosts")
    trees = written.entries if isinstance(written, Block) else {}
    found = {name: Candidate(name, tree, shared, path, environ) for name, tree in trees.items()}
    for candidate in found.values():
        lasting += candidate.lasting
    default = (keys.default if keys else None) or next(iter(found), "")
    if keys and default not in found:
        line = top.entries["default"].line
        said = f"no host is named {default!r}, expected one of {', '.join(found)}"
        lasting.append(Problem(line, "default", said, _meant(default, found) or "name a host"))
    if lasting:
        raise complaint(path, lasting)
    return Inventory(
        path=path,
        default=default,
        entries=tuple(candidate.entry(default) for candidate in found.values()),
        hosts={name: one.host for name, one in found.items() if one.host is not None},
        problems={name: one.passing for name, one in found.items() if one.host is None},
        unusable={n: one.written(environ) for n, one in found.items() if one.host is None},
    )


def _without_details(top: Block) -> Block:
    """Return the top block with nothing below the names of the hosts and the key defaults."""
    entries = dict(top.entries)
    for name in ("defaults", "hosts"):
        block = entries.get(name)
        if isinstance(block, Block):
            inner = {} if name == "defaults" else block.entries
            bare = {host: Scalar(tree.key, tree.line, "") for host, tree in inner.items()}
            entries[name] = Block(block.key, block.line, bare)
    return Block(top.key, top.line, entries)


def _meant(word: str, known: Iterable[str]) -> str:
    meant = nearest(word, known)
    return f"did you mean {meant}?" if meant else ""


def read_text(path: Path) -> str:
    try:
        return text_of(path, _MOST_BYTES)
    except InventoryError as exc:
        if not isinstance(exc.__cause__, FileNotFoundError):
            raise
        raise InventoryError(
            f"{shown_path(path)}: no such file",
            hint="begin one with: orchestrator hosts add local --local",
        ) from exc
