"""Work done aside, so that whoever waits for it can be interrupted, and waits no longer than said.

Looking up a name, for one, cannot be broken off: in the main thread Ctrl-C would have to wait for
it. The threads are daemons: no exit waits for one, as it would for those of a pool.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


def begun(act: Callable[[], T], name: str) -> Future[T]:
    """Start act in a thread of its own, called name; what it returns or raises is the future's."""
    outcome: Future[T] = Future()

    def work() -> None:
        try:
            done = act()
        except BaseException as error:
            outcome.set_exception(error)
        else:
            outcome.set_result(done)

    Thread(target=work, name=name, daemon=True).start()
    return outcome


def within(limit_s: float, act: Callable[[], T], name: str) -> T:
    """What act returns or raises; TimeoutError after limit_s, and act is left to itself."""
    outcome = begun(act, name)
    try:
        return outcome.result(limit_s)
    except NotInTime:
        if outcome.done():  # it is act's own
            raise
        raise TimeoutError(f"no answer within {limit_s:g} s") from None
