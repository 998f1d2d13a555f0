"""The one connection of a watch: opened anew, to wherever the host is by then, when it is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from orchestrator.errors import (
    AuthenticationError,
    HostKeyError,
    HostStopped,
    HostUnreachable,
    InventoryError,
    NobodyToAsk,
)
from orchestrator.transport.base import Transport
from orchestrator.values.progress import Progress
from orchestrator.workflows.watch.racing import Cancelled, Racer

T = TypeVar("T")

# Before each new try; the last one again and again: whoever watches has time, and leaves with `q`.
_PAUSES_S = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
# Logins in a row: a machine that has just come up may not have its keys yet, but who is refused for
# long is locked out by some.
_REFUSALS = 3


class Line:
    """connect: a way to the host as the inventory describes it at this moment, not yet open; again:
    after one that was lost, which is told here.

    racing: what runs turns over it.
    """

    def __init__(
        self,
        connect: Callable[[bool], Transport],
        racing: Callable[[Transport], Racer],
        progress: Progress,
    ) -> None:
        self._connect, self._racing, self._progress = connect, racing, progress
        self._transport: Transport | None = None
        self._racer: Racer | None = None
        self._called_off = threading.Event()
        self._was_open = False

    def open(self) -> None:
        """Connect now. HostUnreachable: why not."""
        self.done(lambda transport, racer: None)

    def done(self, act: Callable[[Transport, Racer], T]) -> T:
        """Do `act`; where the link is lost, wait for the host and do it from its beginning.

        Cancelled. HostUnreachable: it was never reached, or waiting does not help.
        """
        lost_at, tries, refused = 0.0, 0, 0
        while True:
            try:
                transport, racer = self._ends()
                transport.open()
                self._was_open = True
                self.require_wanted()
                if lost_at:
                    took_s = time.monotonic() - lost_at
                    self._progress.say(f"{transport.host.where}: back after {took_s:.1f} s")
                    lost_at = 0.0  # the pauses go on growing: it may be the turn that ends the link
                return act(transport, racer)
            except (HostKeyError, HostStopped, NobodyToAsk):
                self.require_wanted()
                raise
            except (HostUnreachable, InventoryError) as exc:
                self.require_wanted()
                refused = refused + 1 if isinstance(exc, AuthenticationError) else 0
                if not self._was_open or refused == _REFUSALS:
                    raise
                if not lost_at:
                    lost_at = time.monotonic()
                    self._progress.say(
                        f"{exc.message}; connecting again, to where the inventory says it is then"
                    )
                self._let_go()
                self._wait(_PAUSES_S[min(tries, len(_PAUSES_S) - 1)])
                tries += 1

    def begin(self) -> None:
        """A turn begins: whatever was called off before is over."""
        self._called_off.clear()

    def call_off(self) -> None:
        """End what `done` does, from another thread; it raises Cancelled soon."""
        self._called_off.set()
        if self._racer is not None:
            self._racer.cancel()

    def break_off(self) -> None:
        """The same where the far end does not answer: hang up."""
        self._called_off.set()
        if self._transport is not None:
            self._transport.close()

    def close(self) -> None:
        """Leave nothing behind on the host, and hang up."""
        if self._racer is not None:
            self._racer.close()
        if self._transport is not None:
            self._transport.close()

    def _ends(self) -> tuple[Transport, Racer]:
        if self._transport is None or self._racer is None:
            self._transport = self._connect(self._was_open)
            self._racer = self._racing(self._transport)
        return self._transport, self._racer

    def _let_go(self) -> None:
        """Of a connection that was lost; where the host is, is asked anew."""
        if self._transport is not None:
            self._transport.close()
        self._transport = self._racer = None

    def require_wanted(self) -> None:
        """What fails after it was called off failed for that."""
        if self._called_off.is_set():
            raise Cancelled

    def _wait(self, pause_s: float) -> None:
        if self._called_off.wait(pause_s):
            raise Cancelled
