"""Leaving after Ctrl-C or another signal: at once, with the terminal as it was found.

Imported before anything else, so it needs nothing but the standard library.
"""

from __future__ import annotations

import _thread
import atexit
import contextlib
import os
import signal
import sys
from collections.abc import Callable
from threading import Thread
from typing import Any, NoReturn

INTERRUPTED = 130
BY_SIGNAL = 128  # exit codes from here on are those of a signal
_FLUSH_LIMIT_S = 0.5
_CURSOR_SHOWN = b"\x1b[?25h"  # DECTCEM, which rich hides while it draws


def watch_terminal() -> Callable[[], None]:
    """Note how the terminal is now; what is returned puts it back so, cursor included."""
    try:
        import termios
    except ImportError:  # no terminals on this system
        return lambda: None
    try:
        descriptor = sys.stdin.fileno()
        before = termios.tcgetattr(descriptor)
    except (AttributeError, ValueError, OSError, termios.error):
        return _show_cursor

    def restore() -> None:
        # Only who is in front may: a job in the background would be stopped for trying.
        with contextlib.suppress(OSError, termios.error):
            if os.tcgetpgrp(descriptor) == os.getpgrp():
                termios.tcsetattr(descriptor, termios.TCSANOW, before)
        _show_cursor()

    return restore


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
        os.write(sys.stderr.fileno(), b"interrupted\n")
    return INTERRUPTED


def leave(restore: Callable[[], None], code: int) -> NoReturn:
    """End this process with `code`, and wait for none of its threads.

    The usual way out waits: for threads of pools, for a lock that another thread holds, for a
    reader of our output that does not read.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # once more, it means the same
    last = Thread(target=_last_words, args=(restore,), daemon=True)
    last.start()
    last.join(_FLUSH_LIMIT_S)
    restore()
    os._exit(code)


def _last_words(restore: Callable[[], None]) -> None:
    restore()
    for act in (atexit._run_exitfuncs, sys.stdout.flush, sys.stderr.flush):
        with contextlib.suppress(Exception):
            act()


def _show_cursor() -> None:
    with contextlib.suppress(OSError, ValueError, AttributeError):
        if sys.stderr.isatty():
            os.write(sys.stderr.fileno(), _CURSOR_SHOWN)
