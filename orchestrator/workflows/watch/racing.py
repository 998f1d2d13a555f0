"""What runs the turns on a host: its warm process, as far as a watch has to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from orchestrator.launch.warm import Hear, Turn, Warm
from orchestrator.transport.base import Transport
from orchestrator.values.job import Ending, JobEnd
from remote_payload.contract.request import Request
from remote_payload.contract.result import Result


class Cancelled(Exception):
    """The turn was called off."""


@dataclass(frozen=True)
class Ran:
    """What a turn came to on its host. log: all that it printed. seconds: of its parts, for whoever
    asks what the time went into."""

    result: Result
    end: JobEnd
    log: str
    seconds: Mapping[str, float] = field(default_factory=dict)


class Racer(Protocol):
    """One host, ready for turns over a connection that is open."""

    def turn(self, request: Request, hear: Hear) -> Ran:
        """Run one turn to its end. Cancelled; HostUnreachable; HostUnfit."""

    def cancel(self) -> None:
        """Call off the turn that goes on, from another thread; nothing where none does."""

    def close(self) -> None:
        """Leave nothing behind there."""


class Warmed:
    """The racer that is the host's warm process."""

    def __init__(self, transport: Transport) -> None:
        self._warm = Warm(transport)

    def turn(self, request: Request, hear: Hear) -> Ran:
        turn = self._warm.turn(request.snapshot, request, hear)
        if turn.end.why is Ending.CANCELLED:
            raise Cancelled
        return Ran(turn.result, turn.end, turn.log.decode("utf-8", "replace"), _seconds(turn))

    def cancel(self) -> None:
        self._warm.cancel()

    def close(self) -> None:
        self._warm.close()


def _seconds(turn: Turn) -> dict[str, float]:
    return {
        "waited": turn.waited_s,
        "build": turn.build_s,
        "check": turn.check_s,
        "race": turn.bench_s,
        "other": turn.other_s,
    }
