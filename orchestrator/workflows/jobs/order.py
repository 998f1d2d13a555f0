"""One run to make, and what would be done for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from orchestrator.values.command import Command
from orchestrator.workflows.plan import Plan


@dataclass(frozen=True)
class Order:
    """One run to make. root: the project folder; reproduce: the command line that asked; tags: what
    it is to be called as well."""

    root: Path
    verb: str
    reproduce: str
    plan: Plan
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class DryStep:
    """One command of a dry run, what it is for, and the host that gets it."""

    host: str
    what: str
    command: Command
