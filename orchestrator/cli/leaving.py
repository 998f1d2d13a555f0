"""Leaving after Ctrl-C or another signal: at once, and the terminal is given back.

Imported before anything else, so it needs nothing but the standard library.
"""

from __future__ import annotations

import _thread
import atexit
import contextlib
import os
import select
import signal
import sys
from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any, NoReturn

INTERRUPTED = 130
BY_SIGNAL = 128  # exit codes from here on are those of a signal
_FLUSH_LIMIT_S = 0.5
_CURSOR_SHOWN = b"\x1b[?25h"  # DECTCEM, which rich hides while it draws
_taken: list[Callable[[], None]] = []


@contextlib.contextmanager
def giving_back(act: Callable[[], None]) -> Iterator[None]:
    """While the block lasts something of the terminal is ours; `act` gives it back, and waits for
    nothing. Whatever ends this process meanwhile calls it first."""
    _taken.append(act)
    try:
        yield
    finally:
        _taken.remove(act)


def give_back() -> None:
    """Give back what is still ours of the terminal, and nothing else: a pager may have it too."""
    for act in reversed(_taken[:]):
        with contextlib.suppress(Exception):
            act()


def show_cursor() -> None:
    """As rich does when it stops drawing; nothing where stderr is no terminal."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        if sys.stderr.isatty():
            _write(_CURSOR_SHOWN, 0.0)


def keep_interrupts() -> None:
    """A Ctrl-C that falls into what Python calls at odd moments (`__del__`) comes again."""

    def swallowed(unraisable: Any) -> None:
        if unraisable.exc_type is KeyboardInterrupt:
            _thread.interrupt_main()
        else:
            sys.__unraisablehook__(unraisable)

    sys.unraisablehook = swallowed


def interrupted() -> int:
    """Say so where nobody has, with nothing but what is always there; the exit code."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(OSError, ValueError, AttributeError):
        _write(b"interrupted\n", _FLUSH_LIMIT_S)
    return INTERRUPTED


def leave(code: int) -> NoReturn:
    """End this process with `code`, and wait for none of its threads.

    The usual way out waits: for threads of pools, for a lock that another thread holds, for a
    reader of our output that does not read.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # once more, it means the same
    last = Thread(target=_last_words, daemon=True)
    last.start()
    last.join(_FLUSH_LIMIT_S)
    give_back()
    os._exit(code)


def _last_words() -> None:
    for act in (atexit._run_exitfuncs, sys.stdout.flush, sys.stderr.flush):
        with contextlib.suppress(Exception):
            act()


def _write(data: bytes, limit_s: float) -> None:
    """To stderr, if it takes anything within limit_s: a terminal that Ctrl-S stopped does not."""
    descriptor = sys.stderr.fileno()
    if select.select([], [descriptor], [], limit_s)[1]:
        os.write(descriptor, data)
