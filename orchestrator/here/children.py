"""Programs that do not outlast us, and neither does what they started; nor do our temporary files.

Each program has a session of its own, so that all of it can be killed. Who waits for one may be a
thread that nobody waits for when this process ends: so whoever ends it calls end_all first.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from functools import partial

_STARTED_S = 1.0  # it takes some ms, unless the disk that holds the program does not answer
_at_the_end: list[Callable[[], object]] = []
_ended = threading.Event()


@contextlib.contextmanager
def started(
    argv: Sequence[str], environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A program on pipes, of which nothing goes on should the block fail, or this process end.

    environment: instead of ours. OSError: it cannot be started.
    """
    begun: Future[subprocess.Popen[bytes]] = Future()
    end = partial(_end, begun)
    with at_the_end(end), contextlib.ExitStack() as held:
        try:
            # Signals raise in the main thread: there, one could come between the program's start
            # and our knowing of it.
            threading.Thread(target=_start, args=(begun, argv, environment), daemon=True).start()
            yield held.enter_context(begun.result())
        except BaseException:
            end()
            raise


def _start(
    begun: Future[subprocess.Popen[bytes]],
    argv: Sequence[str],
    environment: Mapping[str, str] | None,
) -> None:
    pipe = subprocess.PIPE
    try:
        if _ended.is_set():
            raise RuntimeError("this process is about to end")
        child = subprocess.Popen(
            argv, stdin=pipe, stdout=pipe, stderr=pipe, env=environment, start_new_session=True
        )
        begun.set_result(child)
    except BaseException as exc:
        begun.set_exception(exc)


def _end(begun: Future[subprocess.Popen[bytes]]) -> None:
    """Kill the program and what it started, also where it is only about to start."""
    with contextlib.suppress(Exception):  # it was not started, or all of it has ended
        os.killpg(begun.result(_STARTED_S).pid, signal.SIGKILL)
    if not begun.done():
        begun.add_done_callback(_end)


@contextlib.contextmanager
def at_the_end(act: Callable[[], object]) -> Iterator[None]:
    """While the block lasts, `act` is called should this process end meanwhile."""
    _at_the_end.append(act)
    try:
        yield
    finally:
        _at_the_end.remove(act)


def end_all() -> None:
    """Before this process ends: end what is still at work in other threads, and wait for none.

    No program is started from now on.
    """
    _ended.set()
    for act in reversed(_at_the_end[:]):
        with contextlib.suppress(Exception):
            act()
