"""What the bench worker is asked and what it streams back; free of torch for the parent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

from remote_payload.contract.case import Case
from remote_payload.contract.words import Method, Status
from remote_payload.stages.bench.schedule import Effort, Entrant


@dataclass(frozen=True)
class Race:
    """One case to time. slot_s: seconds for each method, None if unbounded.

    unrecorded: providers that GRAPH is not tried on. baseline: who is the control as well.
    """

    case: Case
    providers: Tuple[str, ...]
    slot_s: Optional[float]
    unrecorded: Tuple[str, ...] = ()
    baseline: str = ""


@dataclass(frozen=True)
class Chosen:
    """How a method is going to be timed."""

    method: Method
    effort: Effort


@dataclass(frozen=True)
class Turn:
    """`entrant` is about to run; if the worker now dies or hangs, it was this one."""

    method: Method
    entrant: Entrant
    round: int = 0


@dataclass(frozen=True)
class Samples:
    """Times of one turn: microseconds per call, in the order taken.

    host_us: what the host needed per call to enqueue them, in the same order; empty if unknown.
    """

    method: Method
    entrant: Entrant
    times_us: Tuple[float, ...]
    host_us: Tuple[float, ...] = ()


@dataclass(frozen=True)
class Fault:
    """A provider is out of this race: it raised, or what it computed while timed was wrong.

    method: it is out of this one only; None for all.
    """

    provider: str
    reason: str
    status: Status = Status.FAILED
    method: Optional[Method] = None


@dataclass(frozen=True)
class Finished:
    """The race is over."""
