"""All that a program says, and no more: what it left behind may hold its pipes open for hours."""

from __future__ import annotations

import os
import select
import selectors
import subprocess
import time
from typing import IO

_LOOK_EVERY_S = 0.2
_QUIET_S = 1.0  # after its end; a wrapper's own end may come before what it started speaks
_AT_ONCE_BYTES = 1 << 16


def heard_out(child: subprocess.Popen[bytes], asked: bytes, until: float) -> tuple[bytes, bytes]:
    """Write `asked` to a program on pipes, read both of its outputs to their end or to its own, and
    wait for that.

    until: of time.monotonic(), when TimeoutError is raised. To be called once for each program.
    """
    if not (child.stdin and child.stdout and child.stderr):
        raise ValueError("the program is not on pipes")
    told, complaint = bytearray(), bytearray()
    with selectors.DefaultSelector() as pipes:
        pipes.register(child.stdin, selectors.EVENT_WRITE, (child.stdin, None))
        pipes.register(child.stdout, selectors.EVENT_READ, (child.stdout, told))
        pipes.register(child.stderr, selectors.EVENT_READ, (child.stderr, complaint))
        while any(heard is not None for _, heard in _registered(pipes)):
            if time.monotonic() > until:
                raise TimeoutError
            ended = child.poll() is not None
            ready = pipes.select(_QUIET_S if ended else _LOOK_EVERY_S)
            if ended and not ready:
                break
            for pipe, heard in (key.data for key, _ in ready):
                if heard is None:
                    asked = left = _left_of(asked, pipe)
                else:
                    left = os.read(pipe.fileno(), _AT_ONCE_BYTES)
                    heard += left
                if not left:
                    pipes.unregister(pipe)
                    pipe.close()
    try:
        child.wait(max(0.0, until - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise TimeoutError from None
    return bytes(told), bytes(complaint)


def _registered(pipes: selectors.BaseSelector) -> list[tuple[IO[bytes], bytearray | None]]:
    return [key.data for key in pipes.get_map().values()]


def _left_of(asked: bytes, to: IO[bytes]) -> bytes:
    """After as much was written as fits; nothing when nobody reads it any more."""
    try:
        # POSIX: so much is written without a wait once select says that there is room.
        return asked[os.write(to.fileno(), asked[: select.PIPE_BUF]) :] if asked else asked
    except BrokenPipeError:
        return b""
