"""What is asked of a provider's process while it is timed, and what it answers; free of torch for
the parent."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Optional, Tuple

from remote_payload.contract.case import Case
from remote_payload.contract.words import Method
from remote_payload.stages.apart.words import Given, Piece

SHIFTS = 16  # places in which inputs can lie


@dataclass(frozen=True)
class Sit:
    """Be loaded."""


@dataclass(frozen=True)
class Seated:
    """It is."""


@dataclass(frozen=True)
class Enter:
    """Be ready for a case: load, call once, and once more by each of the methods, to know how long
    that takes."""

    case: Case
    given: Given
    methods: Tuple[Method, ...]


@dataclass(frozen=True)
class Entered:
    """seconds: of one call by each method, in their order. library_digest: as in a BenchRecord."""

    seconds: Tuple[float, ...]
    library_digest: Optional[str] = None


@dataclass(frozen=True)
class Prepare:
    """Have these inputs, which the process has never seen. shift: by how many steps they lie
    further on in memory than where they would lie. calls: of a recording, for GRAPH."""

    given: Given
    shift: int
    method: Method
    calls: int = 0


@dataclass(frozen=True)
class Prepared:
    """They lie there. outputs: of a first replay, where a recording was made just now."""

    outputs: Tuple[Piece, ...] = ()


@dataclass(frozen=True)
class Go:
    """Take the time, now. samples: so many of them."""

    method: Method
    warmup: int
    calls: int
    samples: int = 1


@dataclass(frozen=True)
class Taken:
    """What a provider's process says of one turn: microseconds per call, in the order taken.

    host_us: what the host needed per call to enqueue them; empty if unknown. fresh_us: its first
    call, the first one ever on these inputs; None where that is not taken by itself. mean_us: of
    the calls of each sample, where times_us are their medians.
    """

    times_us: Tuple[float, ...]
    host_us: Tuple[float, ...] = ()
    fresh_us: Optional[float] = None
    mean_us: Tuple[float, ...] = ()


@dataclass(frozen=True)
class Look:
    """What became of inputs and outputs? keep: hand over the outputs of the last timed call.

    other: call once more, on this in the same place, and hand over what that gives.
    """

    keep: bool
    other: Optional[Given] = None


@dataclass(frozen=True)
class Looked:
    """changed: which inputs no longer hold what they held, in words. outputs, later: of the last
    timed call, and of the one after it; () where there is none, or none that tells anything."""

    changed: str
    outputs: Tuple[Piece, ...] = ()
    later: Tuple[Piece, ...] = ()


@dataclass(frozen=True)
class Failed:
    """What was asked for could not be done; how: in words. only: it is out of this method alone,
    as not all that computes can be recorded."""

    how: str
    only: Optional[Method] = None


_PLAIN = {Sit: Seated, Prepare: Prepared, Look: Looked}


def answers(message: Any, said: Any) -> bool:
    """Whether `said` is what a provider's process may say to a message, with numbers in it."""
    if isinstance(message, Enter):
        whole = isinstance(said, Entered) and len(said.seconds) == len(message.methods)
        return whole and all(map(math.isfinite, said.seconds))
    if isinstance(message, Go):
        whole = isinstance(said, Taken) and len(said.times_us) == message.samples
        return whole and all(map(math.isfinite, _numbers(said)))
    return isinstance(said, _PLAIN[type(message)])


def _numbers(taken: Taken) -> Tuple[float, ...]:
    fresh = () if taken.fresh_us is None else (taken.fresh_us,)
    return (*taken.times_us, *taken.host_us, *taken.mean_us, *fresh)


@dataclass(frozen=True)
class Draw:
    """To the judge: other inputs of this case, which nobody has seen. first: those of the check."""

    case: Case
    first: bool = False


@dataclass(frozen=True)
class Drawn:
    """number: by which they are known from then on. seconds: what they took to make."""

    number: int
    given: Given
    seconds: float


@dataclass(frozen=True)
class Forget:
    """To the judge: no provider needs the inputs of these numbers any more."""

    numbers: Tuple[int, ...]


@dataclass(frozen=True)
class Forgotten:
    """They are gone."""


@dataclass(frozen=True)
class JudgeTimed:
    """To the judge: outputs for the inputs of that number."""

    number: int
    outputs: Tuple[Piece, ...]
