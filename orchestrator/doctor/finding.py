"""A finding: what is so on a host, whether that is well, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from orchestrator.values.host import Host
from orchestrator.values.host_facts import Facts, Gpu, Reach


class Level(str, Enum):
    """ok: as it should be. warn: work goes on, less well. fail: profile cannot work."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """One line of the diagnosis; mend is "" for what is ok."""

    level: Level
    topic: str
    found: str
    mend: str = ""


Findings = Iterable[Finding]


@dataclass(frozen=True)
class Case:
    """All that a rule may look at."""

    host: Host
    reach: Reach
    facts: Facts

    @property
    def gpu(self) -> Gpu | None:
        """The GPU that jobs use, as far as one is there."""
        index = self.host.gpu or 0
        return self.facts.gpus[index] if index < len(self.facts.gpus) else None

    @property
    def setting(self) -> str:
        """Where to set a key of this host, for mends."""
        return f"for {self.host.name} in the inventory"


def on_host(command: str) -> str:
    """A command to run there. Each is run by a test (tests/workflows/test_mends_work.py)."""
    return f"on the host: `{command}`"


def here(command: str) -> str:
    """A command to run on this machine; as on_host."""
    return f"here: `{command}`"


def again(case: Case) -> str:
    """Look once more."""
    return here(f"orchestrator doctor {case.host.name}")


def by_owner(what: str, option: str) -> str:
    """What needs NVIDIA's driver and rights that few users have: no test of ours can run it, so
    no command is offered."""
    return f"whoever owns the machine can {what} ({option})"


def ok(topic: str, found: str) -> Finding:
    return Finding(Level.OK, topic, found)


def warn(topic: str, found: str, mend: str) -> Finding:
    return Finding(Level.WARN, topic, found, mend)


def fail(topic: str, found: str, mend: str) -> Finding:
    return Finding(Level.FAIL, topic, found, mend)
