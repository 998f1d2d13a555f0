"""Shared by the sync tests: trees on this disk, what the far end holds, progress that listens."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from orchestrator.transport.local import LocalTransport
from orchestrator.values.host import Host, TransportKind
from orchestrator.values.snapshot import Deployed

Tree = dict[str, "str | bytes"]


def local_host(workspace: Path) -> Host:
    return Host("here", TransportKind.LOCAL, str(workspace), sys.executable)


def local(workspace: Path) -> LocalTransport:
    return LocalTransport(local_host(workspace))


def write(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """A project without git that holds files; csrc/ and remote_payload/ are always there."""
    for part in ("csrc", "remote_payload"):
        (root / part).mkdir(parents=True, exist_ok=True)
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data.encode() if isinstance(data, str) else data)
    return root


def held(folder: Path | str | os.PathLike[str]) -> dict[str, str]:
    """path → contents of every file below folder; `x ` leads a program's, `→ ` a link's target."""
    found = {}
    for base, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            path = Path(base, name)
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                found[str(path.relative_to(folder))] = f"→ {path.readlink()}"
            elif stat.S_ISREG(mode):
                text = path.read_bytes().decode("latin-1")
                found[str(path.relative_to(folder))] = ("x " if mode & 0o100 else "") + text
    return found


def held_of(root: Path) -> dict[str, str]:
    """What a sync of root has to bring."""
    return {path: text for path, text in held(root).items() if not path.startswith(".orchestrator")}


def there(deployed: Deployed) -> Path:
    """The snapshot's folder; the far end's disk is this one."""
    return Path(deployed.remote_path)


def published(workspace: Path) -> set[str]:
    return {item.name for item in (workspace / "snapshots").iterdir() if item.is_dir()}


class Listener:
    """Progress that keeps what is said and calls back once, at the first step of a task."""

    def __init__(self, at_first_step: Callable[[], object] = lambda: None) -> None:
        self.lines: list[str] = []
        self._at_first_step: Callable[[], object] | None = at_first_step

    def step(self, task: str, done: int, total: int | None, detail: str = "") -> None:
        action, self._at_first_step = self._at_first_step, None
        if action is not None:
            action()

    def say(self, line: str) -> None:
        self.lines.append(line)
