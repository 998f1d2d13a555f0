"""Ctrl-C in the middle of a run: what is true of it then, and nothing half-made."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from types import FrameType


class Standing(Enum):
    """What we know of a run, in words that follow its name."""

    NOT_ASKED = "was not started"
    ASKED = "may have been started or not: it was being asked for"
    OTHER = "is left to the terminal that follows it"
    UNKNOWN = "is left alone; nobody has told how it is"
    GOES_ON = "goes on"
    ENDED = "has ended, and not all that it left is here yet"
    CANCELLING = "may go on or not: it was being cancelled"

    @property
    def has_begun(self) -> bool:
        """Whether the host has taken the run on."""
        return self not in (Standing.NOT_ASKED, Standing.ASKED)

    @property
    def may_go_on(self) -> bool:
        """Whether a second Ctrl-C has something to cancel."""
        return self in (Standing.ASKED, Standing.UNKNOWN, Standing.GOES_ON)


@contextmanager
def unbroken() -> Iterator[None]:
    """A Ctrl-C waits for the end of the block, which is short; a second one does not."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed = False

    def press(number: int, frame: FrameType | None) -> None:
        nonlocal pressed
        if pressed:
            raise KeyboardInterrupt
        pressed = True

    before = signal.signal(signal.SIGINT, press)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        raise KeyboardInterrupt
