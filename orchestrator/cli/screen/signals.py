"""Signals that end a program end this one as Ctrl-C does: cleaned up, and told.

Ctrl-Z stops it, and the shell has its cursor."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from types import FrameType
from typing import Any

from orchestrator.cli.screen import leaving
from orchestrator.errors import EndedBySignal
from orchestrator.here import children

# signal(7): those that end a process by default, but for SIGINT and what a fault of its own raises.
# SIGIO, SIGPWR and SIGSTKFLT are not everywhere; Python itself ignores SIGPIPE and SIGXFSZ.
_NAMES = (
    *("SIGTERM", "SIGHUP", "SIGQUIT", "SIGABRT", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGVTALRM"),
    *("SIGPROF", "SIGXCPU", "SIGIO", "SIGPWR", "SIGSTKFLT"),
)
_NUMBERS = tuple(one for one in signal.Signals if one.name in _NAMES)
# Whoever sends SIGTERM sends SIGKILL soon, docker stop for one after 10 s.
_CLEANING_UP_S = 5.0


def install() -> None:
    """From now on each of the signals raises EndedBySignal; one that is ignored stays so (nohup).

    A second one, or work that does not let go within _CLEANING_UP_S, ends the process at once.
    """
    _raise_from(signal.SIG_DFL)
    _keep_swallowed()
    if signal.getsignal(signal.SIGTSTP) is signal.SIG_DFL:
        signal.signal(signal.SIGTSTP, lambda number, frame: leaving.stop())
    if signal.getsignal(signal.SIGCONT) is signal.SIG_DFL:  # as after a SIGSTOP, or `bg` and `fg`
        signal.signal(signal.SIGCONT, lambda number, frame: leaving.go_on())


def _raise_from(handler: Any) -> None:
    """Let each signal raise whose handler is that one."""
    for number in _NUMBERS:
        if signal.getsignal(number) is handler:
            signal.signal(number, _end)


def _keep_swallowed() -> None:
    """As leaving.keep_interrupts, for these signals."""
    others = sys.unraisablehook

    def swallowed(unraisable: Any) -> None:
        if isinstance(unraisable.exc_value, EndedBySignal):
            _raise_from(_end_at_once)
            leaving.send_again(unraisable.exc_value.number)
        else:
            others(unraisable)

    sys.unraisablehook = swallowed


def end_at_once() -> None:
    """From now on each of those ends the process without a word: all has been said."""
    for number in _NUMBERS:
        if signal.getsignal(number) is _end:
            signal.signal(number, _end_at_once)


def wrapped(exc: BaseException) -> BaseException | None:
    """The signal behind an exception of a library that caught what one of ours raised, and tells of
    it in its own words, as pydantic does while it builds a model; None if there is none."""
    text = str(exc)
    if KeyboardInterrupt.__name__ in text:
        return KeyboardInterrupt()
    named = next((one for one in _NUMBERS if f"ended by {one.name}" in text), None)
    return EndedBySignal(named) if named and EndedBySignal.__name__ in text else None


def _end(number: int, frame: FrameType | None) -> None:
    end_at_once()
    with contextlib.suppress(RuntimeError):  # no thread can be started: a second signal ends it
        last = threading.Timer(_CLEANING_UP_S, _end_at_once, (number,))
        last.daemon = True
        last.start()
    raise EndedBySignal(number)


def _end_at_once(number: int, frame: FrameType | None = None) -> None:
    leaving.give_back()
    children.end_all()
    os._exit(128 + number)
