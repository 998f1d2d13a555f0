"""SIGTERM, SIGHUP and SIGQUIT end the program as Ctrl-C does: cleaned up, and told."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType

from orchestrator.cli import leaving
from orchestrator.errors import EndedBySignal

_NUMBERS = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
# Whoever sends SIGTERM sends SIGKILL soon, docker stop for one after 10 s.
_CLEANING_UP_S = 5.0


def install() -> None:
    """From now on each of the signals raises EndedBySignal; one that is ignored stays so (nohup).

    A second one, or work that does not let go within _CLEANING_UP_S, ends the process at once.
    """
    for number in _NUMBERS:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)


def end_at_once() -> None:
    """From now on each of those ends the process without a word: all has been said."""
    for number in _NUMBERS:
        if signal.getsignal(number) is _end:
            signal.signal(number, _end_at_once)


def _end(number: int, frame: FrameType | None) -> None:
    end_at_once()
    last = threading.Timer(_CLEANING_UP_S, _end_at_once, (number,))
    last.daemon = True
    last.start()
    raise EndedBySignal(number)


def _end_at_once(number: int, frame: FrameType | None = None) -> None:
    leaving.give_back()
    os._exit(128 + number)
