"""Signals that are noticed at once, whatever the main thread waits for.

Python looks for signals, and then waits: for a lock, a key, the next output. One that comes in
between is noticed after the wait, which may be a login's 15 s. With a thread beside it that is no
rare moment: a lock's wait begins with handing the other thread the interpreter.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from collections.abc import Iterator

_NUDGE = signal.SIGURG  # signal(7): ignored by default, and nobody sends it to a process like this
_NUDGED_EACH_S = 0.05


@contextlib.contextmanager
def signals() -> Iterator[None]:
    """While the block lasts, a thread is told of each signal and interrupts the main thread, with
    one that means nothing, until its handler has been called. Nothing in any other thread."""
    if threading.current_thread() is not threading.main_thread():  # signals are not for it
        yield
        return
    told, teller = socket.socketpair()
    teller.setblocking(False)
    noticed, over = threading.Event(), threading.Event()
    nudges = threading.Thread(target=_nudge, args=(told, noticed, over), daemon=True)
    handler = signal.signal(_NUDGE, lambda number, frame: noticed.set())
    before = signal.set_wakeup_fd(teller.fileno(), warn_on_full_buffer=False)
    try:
        with contextlib.suppress(RuntimeError):  # it cannot be started: then one may have to wait
            nudges.start()
        yield
    finally:
        over.set()
        noticed.set()
        signal.set_wakeup_fd(before)
        signal.signal(_NUDGE, handler)
        teller.close()
        if nudges.ident is None:
            told.close()
        else:
            nudges.join()


def _nudge(told: socket.socket, noticed: threading.Event, over: threading.Event) -> None:
    main = threading.main_thread().ident
    assert main is not None
    with told, contextlib.suppress(OSError):  # closed before we began
        while numbers := told.recv(64):
            if {*numbers} == {_NUDGE}:
                continue
            noticed.clear()
            while not (over.is_set() or noticed.wait(_NUDGED_EACH_S)):
                signal.pthread_kill(main, _NUDGE)
