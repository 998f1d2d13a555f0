"""What is watched, as it is at one moment: files as bytes, so that they can race once they are gone
from the disk."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path, PurePosixPath

from orchestrator.errors import UsageError
from orchestrator.here import shipped
from orchestrator.sync.packing import SourcesChanged
from orchestrator.values.snapshot import Extra, Kind, Scan
from orchestrator.workflows.against.twin import BEFORE, Twin
from orchestrator.workflows.plan import Plan
from orchestrator.workflows.user_providers import PROVIDERS_FOLDER
from remote_payload.contract.facts import Role
from remote_payload.contract.request import AT, Provider, Request
from remote_payload.operators import registry

_CSRC = "csrc"
# What editors leave for moments beside a file: https://watchfiles.helpmanual.io, DefaultFilter.
_PASSING = re.compile(r"(?:^|/)(?:\.#|flycheck_)|(?:~|\.sw.|\.___jb_\w+___|\.py[cod])$")


@dataclass(frozen=True)
class Part:
    """One provider that is watched. below: the folder of the snapshot with its files, which are
    (path in the snapshot, bytes) pairs."""

    provider: Provider
    below: str
    files: tuple[tuple[str, bytes], ...]

    @cached_property
    def digest(self) -> str:
        """Equal for what computes alike; of all that decides it, on one host."""
        said = replace(self.provider, required=False, against="")
        found = hashlib.sha256(repr(said).encode())
        for path, content in self.files:
            found.update(f"\0{path}\0{len(content)}\0".encode())
            found.update(content)
        return found.hexdigest()

    def twin(self, name: str, number: int) -> Twin:
        """The same under a name of its own, beside the one of now. number: of its state."""
        if self.below == _CSRC:
            folder = f"{BEFORE}/turn{number}"
            moved = Provider(name, sources=folder)
            return Twin(self.provider.name, moved, self._moved(f"{folder}/{_CSRC}"))
        there = f"{PROVIDERS_FOLDER}/{name}"
        said = self.provider.toolchain
        include = tuple(self._renamed(one, there) for one in said.include)
        moved = replace(
            self.provider,
            name=name,
            target=self._renamed(self.provider.target or "", there),
            toolchain=replace(said, include=include),
            required=False,
            against="",
        )
        return Twin(self.provider.name, moved, self._moved(there))

    def _moved(self, there: str) -> Extra:
        return tuple((self._renamed(path, there), content) for path, content in self.files)

    def _renamed(self, path: str, there: str) -> str:
        inside = path == self.below or path.startswith(f"{self.below}/")
        return f"{there}{path[len(self.below) :]}" if inside else path


@dataclass(frozen=True)
class State:
    """All that is watched, as it was first seen at turn `number`."""

    number: int
    parts: tuple[Part, ...]

    @cached_property
    def digest(self) -> str:
        return "".join(part.digest for part in self.parts)

    @property
    def label(self) -> str:
        """For people."""
        return f"turn{self.number}"

    def twin_name(self, provider: str) -> str:
        """What a provider of this state is called in a race; a number, so that nobody takes it for
        somebody at a machine (values/privacy)."""
        return f"{provider}{AT}{self.number}"

    def part(self, name: str) -> Part | None:
        return next((part for part in self.parts if part.provider.name == name), None)

    def twins_beside(self, now: State) -> Iterator[Twin]:
        """Of each part that is another one now."""
        for part in self.parts:
            of_now = now.part(part.provider.name)
            if of_now is not None and of_now.digest != part.digest:
                yield part.twin(self.twin_name(part.provider.name), self.number)


def watched(request: Request, root: Path) -> tuple[tuple[Provider, str], ...]:
    """Whom a save can change, each with its folder of the snapshot. root: of the project.

    UsageError: nobody.
    """
    found = []
    for provider in request.providers:
        below = f"{PROVIDERS_FOLDER}/{provider.name}"
        if provider.target and provider.target.startswith(f"{below}/"):
            found.append((provider, below))
    operator = None if request.operator_target else registry.known(request.operator)
    if operator and operator.facts.library and not shipped.is_installed(root.resolve()):
        ours = operator.facts.named(Role.OURS)
        found += [(one, _CSRC) for one in request.providers if one.name in ours]
    if not found:
        raise UsageError(
            "this run has no provider that a save could change",
            hint="Name your own, in a file of its own: --provider mine=path.py:function",
        )
    return tuple(found)


def parts_of(plan: Plan, scan: Scan) -> tuple[Part, ...]:
    """What is watched, as the scan saw it. SourcesChanged: it has changed since. UsageError: the
    file of one is not sent."""
    found = watched(plan.request, scan.root)
    for provider, _ in found:
        _require_sent(provider, scan)
    return tuple(Part(one, below, tuple(_files(scan, f"{below}/"))) for one, below in found)


def _require_sent(provider: Provider, scan: Scan) -> None:
    """The host would only tell that there is no such file."""
    path = (provider.target or "").rpartition(":")[0]
    for one in scan.skipped:
        if f"{path}/".startswith(f"{one.path.rstrip('/')}/"):
            name = PurePosixPath(one.path).name
            raise UsageError(
                f"provider {provider.name} is not sent: {name} {one.reason}",
                hint="Mend that, and save it again.",
            )


def _files(scan: Scan, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in scan.snapshot.entries:
        if not entry.path.startswith(prefix) or is_passing(entry.path):
            continue
        content = scan.written.get(entry.path)
        if content is None:
            content = _read(scan.local(entry))
        if entry.kind is not Kind.LINK and hashlib.sha256(content).hexdigest() != entry.content:
            raise SourcesChanged(f"{entry.path} changed while it was read")
        yield entry.path, content


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise SourcesChanged(f"{path} went away while it was read") from exc


def is_passing(path: str) -> bool:
    """Whether a file is an editor's own, there for moments, and no source."""
    return _PASSING.search(path) is not None
