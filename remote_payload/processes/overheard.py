"""What workers print, on its way into the log: no line of theirs passes for one of the payload's.

All that a worker starts with comes from the fork server, its standard output and error as well: so
it is enough to start that with a pipe in their place, and to copy what comes out of it.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from multiprocessing import forkserver
from typing import Iterator, Tuple

from remote_payload.contract.words import NOTE_MARK, PROGRESS_MARK

_OUT, _ERROR = 1, 2
_CHUNK_BYTES = 1 << 16
_END_S = 5.0
_MARKS = tuple(mark.encode() for mark in (PROGRESS_MARK, NOTE_MARK))


def harmless(text: bytes) -> bytes:
    """The same without our marks, wherever in a line they are: what ends a line, readers decide."""
    for mark in _MARKS:
        text = text.replace(mark, mark.replace(b"@@", b"@", 1))
    return text


class Overheard:
    """Copies what the workers of a fork server print to our own standard output, line by line.

    stays: it goes on after `finish`, as long as the fork server does."""

    def __init__(self, stays: bool = False) -> None:
        self._reads = self._writes = -1
        self._stays, self.started = stays, False
        self._end = os.urandom(16).hex().encode()
        self._all_said = threading.Event()
        self._thread = threading.Thread(target=self._copy, daemon=True)

    def start(self) -> None:
        """Start the fork server, which no worker may have done before. Elsewhere than on Linux
        there is none, and nobody is overheard."""
        self.started = True
        if not sys.platform.startswith("linux"):
            return
        self._reads, self._writes = os.pipe()
        with _in_place_of_ours(self._writes):
            forkserver.ensure_running()
        self._thread.start()

    def finish(self) -> None:
        """Wait for what was printed before; whoever is alive still is not heard any more, unless
        this stays."""
        if self._thread.is_alive():
            self._all_said.clear()
            os.write(self._writes, self._end)
            self._all_said.wait(_END_S)

    def _copy(self) -> None:
        held = b""
        while True:
            held += os.read(self._reads, _CHUNK_BYTES)
            said, end, held = held.partition(self._end)
            if end:
                _print(said)
                self._all_said.set()
                if not self._stays:
                    return
                continue
            whole, newline, rest = said.rpartition(b"\n")
            if len(rest) > _CHUNK_BYTES:  # no line of ours is that long
                whole, newline, rest = said + b"\n", b"", b""
            _print(whole + newline)
            held = rest


def _print(text: bytes) -> None:
    text = harmless(text)
    with contextlib.suppress(OSError):  # as of a reader that has gone; the workers may go on
        while text:
            text = text[os.write(_OUT, text) :]


@contextlib.contextmanager
def _in_place_of_ours(handle: int) -> Iterator[None]:
    kept: Tuple[Tuple[int, int], ...] = tuple((one, os.dup(one)) for one in (_OUT, _ERROR))
    try:
        for ours, _ in kept:
            os.dup2(handle, ours)
        yield
    finally:
        for ours, copy in kept:
            os.dup2(copy, ours)
            os.close(copy)
