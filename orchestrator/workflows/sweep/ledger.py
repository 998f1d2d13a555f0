"""What a sweep came to so far, line by line, so that one that was interrupted goes on."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from orchestrator.errors import UsageError
from orchestrator.here import regular_file
from orchestrator.values.snapshot import Extra
from orchestrator.workflows.sweep.outcome import Kind, Outcome
from remote_payload.operators.adapted import node
from remote_payload.operators.user.stated import BadOperator

FOLDER = ".sweeps"
_DIGITS = 16


class Ledger:
    """One file for each thing asked for: the same command finds its own again."""

    def __init__(self, runs: Path, asked: Iterable[str]) -> None:
        digest = hashlib.sha256("\0".join(asked).encode()).hexdigest()[:_DIGITS]
        self.path = runs / FOLDER / f"{digest}.jsonl"

    def known(self) -> dict[str, Outcome]:
        """Outcomes by problem and what it was made of then, see `key`, the newest of each; a line
        that nobody can read is passed over, as that of a sweep that was killed while it wrote."""
        try:
            lines = regular_file.read_bytes(self.path).splitlines()
        except FileNotFoundError:
            return {}
        except OSError as exc:
            raise UsageError(
                f"{self.path} cannot be read: {exc.strerror}", hint="Leave out --resume."
            ) from exc
        found: dict[str, Outcome] = {}
        for line in lines:
            try:
                document = node.read(self.path.name, line).value
                mark = str(document.pop("key"))
                found[mark] = _outcome(document)
            except (BadOperator, AttributeError, KeyError, TypeError, ValueError):
                continue
        return found

    def add(self, key: str, outcome: Outcome) -> None:
        """One more, on the disk when this returns."""
        line = json.dumps({"key": key, **asdict(outcome)})
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with regular_file.appended(self.path) as file:
            file.write(f"{line}\n".encode())
            file.flush()
            os.fsync(file.fileno())


def key(label: str, extra: Extra) -> str:
    """The problem, and all files that travel for it: what was changed since is run again."""
    digest = hashlib.sha256()
    for path, content in sorted(extra, key=lambda one: one[0]):
        data = content if isinstance(content, bytes) else _bytes_below(content)
        digest.update(path.encode() + b"\0" + hashlib.sha256(data).digest())
    return f"{label} {digest.hexdigest()[:_DIGITS]}"


def _bytes_below(path: Path) -> bytes:
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    return b"\0".join(file.read_bytes() for file in files if file.is_file())


def _outcome(document: dict[str, Any]) -> Outcome:
    return Outcome(**{**document, "kind": Kind(document["kind"])})
