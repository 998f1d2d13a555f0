"""Programs that do not outlast us, and neither does what they started; nor do our temporary files.

Each program has a session of its own, so that all of it can be killed. Who waits for one may be a
thread that nobody waits for when this process ends: so whoever ends it calls end_all first.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

_at_the_end: list[Callable[[], object]] = []


@contextlib.contextmanager
def started(
    argv: Sequence[str], environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A program on pipes, of which nothing goes on should the block fail, or this process end.

    environment: instead of ours. OSError: it cannot be started.
    """
    pipe = subprocess.PIPE
    with subprocess.Popen(
        argv, stdin=pipe, stdout=pipe, stderr=pipe, env=environment, start_new_session=True
    ) as child:
        kill = partial(_kill, child.pid)
        with at_the_end(kill):
            try:
                yield child
            except BaseException:
                kill()
                raise


@contextlib.contextmanager
def at_the_end(act: Callable[[], object]) -> Iterator[None]:
    """While the block lasts, `act` is called should this process end meanwhile."""
    _at_the_end.append(act)
    try:
        yield
    finally:
        _at_the_end.remove(act)


def end_all() -> None:
    """Before this process ends: end what is still at work in other threads, and wait for none."""
    for act in reversed(_at_the_end[:]):
        with contextlib.suppress(Exception):
            act()


def _kill(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # all of it has ended
        os.killpg(group, signal.SIGKILL)
