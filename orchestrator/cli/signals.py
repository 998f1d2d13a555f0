"""SIGTERM, SIGHUP and SIGQUIT end the program as Ctrl-C does: cleaned up, and told."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from types import FrameType

from orchestrator.errors import EndedBySignal

_NUMBERS = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
# Whoever sends SIGTERM sends SIGKILL soon, docker stop for one after 10 s.
_CLEANING_UP_S = 5.0
_SHOW_CURSOR = b"\x1b[?25h"  # DECTCEM, as rich hides it


def install() -> None:
    """From now on each of the signals raises EndedBySignal; one that is ignored stays so (nohup).

    A second one, or work that does not let go within _CLEANING_UP_S, ends the process at once.
    """
    for number in _NUMBERS:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)


def release() -> None:
    """From now on they end the process as they always do: all has been said, the cursor is back."""
    for number in _NUMBERS:
        if signal.getsignal(number) in (_end, _end_at_once):
            signal.signal(number, signal.SIG_DFL)


def _end(number: int, frame: FrameType | None) -> None:
    for each in _NUMBERS:
        if signal.getsignal(each) is _end:
            signal.signal(each, _end_at_once)
    last = threading.Timer(_CLEANING_UP_S, _end_at_once, (number,))
    last.daemon = True
    last.start()
    raise EndedBySignal(number)


def _end_at_once(number: int, frame: FrameType | None = None) -> None:
    with contextlib.suppress(OSError):
        if os.isatty(2):
            os.write(2, _SHOW_CURSOR)
    os._exit(128 + number)
