"""Leaving after Ctrl-C or another signal: at once, and the terminal is given back; also for the
time of a Ctrl-Z.

Imported before anything else, so it needs nothing but the standard library.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NoReturn

INTERRUPTED = 130
BY_SIGNAL = 128  # exit codes from here on are those of a signal
_FLUSH_LIMIT_S = 0.5
_ODD_MOMENT_S = 0.01
# DECTCEM; rich hides it while it draws.
_CURSOR_SHOWN, _CURSOR_HIDDEN = b"\x1b[?25h", b"\x1b[?25l"
_taken: list[tuple[Callable[[], None], Callable[[], None]]] = []


@contextlib.contextmanager
def giving_back(
    act: Callable[[], None], again: Callable[[], None], *, to_the_end: bool = False
) -> Iterator[None]:
    """While the block lasts something of the terminal is ours; `act` gives it back, and waits for
    nothing. Whatever ends or stops this process meanwhile calls it first.

    again: takes it once more, when the process goes on and has the terminal.
    to_the_end: a signal may come while it is being taken, or another thread takes it anew: where
    one ends the block, it is given back at the very end, too.
    """
    ours, ends = (act, again), False
    _taken.append(ours)
    try:
        yield
    except BaseException as exc:
        ends = not isinstance(exc, Exception)
        raise
    finally:
        if not (ends and to_the_end):
            _taken.remove(ours)


def give_back() -> None:
    """Give back what is still ours of the terminal, and nothing else: a pager may have it too."""
    _each(act for act, _ in reversed(_taken[:]))


def stop() -> None:
    """Stop this process as Ctrl-Z would, and come back when it is to go on; at once where the
    kernel stops nobody, as no shell is there to let it go on."""
    give_back()
    ours = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
    told = signal.signal(signal.SIGCONT, signal.SIG_IGN)  # it goes on all the same
    signal.raise_signal(signal.SIGTSTP)
    signal.signal(signal.SIGTSTP, ours)
    signal.signal(signal.SIGCONT, told)
    go_on()


def go_on() -> None:
    """Take the terminal again as far as it was ours: whoever had it meanwhile has changed it."""
    _each(again for _, again in _taken[:])


def _each(acts: Iterable[Callable[[], None]]) -> None:
    for act in acts:
        with contextlib.suppress(Exception):
            act()


def show_cursor() -> None:
    """As rich does when it stops drawing; nothing where stderr is no terminal."""
    _set_cursor(_CURSOR_SHOWN)


def hide_cursor(drawn: bool) -> None:
    """As rich does when it begins, where there are bars and this process has the foreground."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        if drawn and os.tcgetpgrp(sys.stderr.fileno()) == os.getpgrp():
            _set_cursor(_CURSOR_HIDDEN)


def _set_cursor(how: bytes) -> None:
    with contextlib.suppress(OSError, ValueError, AttributeError):
        if sys.stderr.isatty():
            _write(how, 0.0)


def keep_interrupts() -> None:
    """A Ctrl-C that falls into what Python calls at odd moments (`__del__`) comes again."""

    def swallowed(unraisable: Any) -> None:
        if unraisable.exc_type is KeyboardInterrupt:
            send_again(signal.SIGINT)
        else:
            sys.__unraisablehook__(unraisable)

    sys.unraisablehook = swallowed


def send_again(number: int) -> None:
    """Send this process a signal once more, as soon as its main thread is out of the odd moment:
    what is raised in there is ignored, too. By a timer: a thread may be one too many."""

    def send(*_: object) -> None:
        signal.signal(signal.SIGALRM, before)
        os.kill(os.getpid(), number)

    before = signal.signal(signal.SIGALRM, send)
    signal.setitimer(signal.ITIMER_REAL, _ODD_MOMENT_S)


def send_no_more() -> None:
    """What has not come by now is not waited for: at Python's end a timer can but kill us."""
    signal.setitimer(signal.ITIMER_REAL, 0)


def heed_no_more() -> None:
    """All is said and done: a Ctrl-C from here on has nothing to interrupt but Python's own end.

    Ignored, as the kernel may give it to any thread; and blocked, as Python's end heeds it again.
    """
    while True:
        try:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
            return
        except KeyboardInterrupt:  # one that came just before
            continue


def interrupted() -> int:
    """Say so where nobody has; the exit code."""
    heed_no_more()
    say("interrupted")
    return INTERRUPTED


def say(what: str) -> None:
    """A line for the person, with nothing but what is always there."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        _write(f"{what}\n".encode(), _FLUSH_LIMIT_S)


def leave(code: int) -> NoReturn:
    """End this process with `code`, and wait for none of its threads.

    The usual way out waits: for threads of pools, for a lock that another thread holds, for a
    reader of our output that does not read.
    """
    with contextlib.suppress(RuntimeError):  # no thread can be started: all lines are out anyhow
        last = threading.Thread(target=_last_words, daemon=True)
        last.start()
        last.join(_FLUSH_LIMIT_S)
    give_back()
    os._exit(code)


def leave_beside_threads(code: int) -> None:
    """End this process with `code` and all that was printed, where threads that nobody waits for
    are at work, and nowhere else.

    What Python before 3.14 does to them at its end may abort the process instead
    (github.com/python/cpython/issues/87135).
    """
    others = [one for one in threading.enumerate() if one is not threading.main_thread()]
    if others and all(one.daemon for one in others):
        _last_words()
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
