"""Whoever waits for a process hears when it compiles, so that this counts against a limit of its
own and not against the one for what is computed.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Callable, Iterator, List, Tuple

from remote_payload.compiling.errors import CompileError
from remote_payload.contract.machine import Compilation


@dataclass(frozen=True)
class Began:
    """A compile that is to end within limit_s seconds. what: a file or an extension."""

    what: str
    limit_s: float


@dataclass(frozen=True)
class Ended:
    """It is over. why: what is wrong, where it failed. made: what our compiler made, now or
    before."""

    why: str = ""
    made: Tuple[Compilation, ...] = ()


_LISTENERS: List[Callable[[object], None]] = []


def listen(listener: Callable[[object], None]) -> None:
    """Have every compile of this process told to `listener`, as Began and Ended."""
    _LISTENERS.append(listener)


@contextlib.contextmanager
def compiling(what: str, limit_s: float) -> Iterator[List[Compilation]]:
    """Around a compile that keeps its limit itself; what it made is to be put into the list."""
    _tell(Began(what, limit_s))
    made: List[Compilation] = []
    why = ""
    try:
        yield made
    except CompileError as exc:
        why = str(exc)
        raise
    finally:
        _tell(Ended(why, tuple(made)))


def _tell(message: object) -> None:
    for listener in _LISTENERS:
        listener(message)
