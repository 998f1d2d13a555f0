"""What every channel shares: a bounded tail of stderr, and running a command to its end."""

from __future__ import annotations

import threading
import time

from orchestrator.errors import LinkLost
from orchestrator.transport.base import Channel
from orchestrator.transport.failures import lost
from orchestrator.values.completed import Completed
from orchestrator.values.host import Host

STDERR_TAIL_BYTES = 1 << 16
CHUNK_BYTES = 4 << 20


class Tail:
    """The last STDERR_TAIL_BYTES of a stream."""

    def __init__(self) -> None:
        self._kept = b""

    def add(self, data: bytes) -> None:
        self._kept = (self._kept + data)[-STDERR_TAIL_BYTES:]

    def __bytes__(self) -> bytes:
        return self._kept

    def __str__(self) -> str:
        return self._kept.decode("utf-8", "replace")


def run_to_end(
    host: Host, channel: Channel, tail: Tail, stdin: bytes, timeout_s: float
) -> Completed:
    """Feed stdin, collect stdout (all of it) and stderr (its tail), wait for the exit status."""
    deadline = time.monotonic() + timeout_s
    threading.Thread(target=_feed, args=(channel, stdin), daemon=True).start()
    output = bytearray()
    try:
        while data := channel.receive(CHUNK_BYTES, _left(deadline)):
            output += data
        status = channel.exit_status(_left(deadline))
        if status is None:
            _left(deadline)
    except (LinkLost, TimeoutError) as error:
        if time.monotonic() < deadline:
            raise
        raise lost(host, f"did not finish a command within {timeout_s:g} s") from error
    return Completed(status, bytes(output), bytes(tail))


def _left(deadline: float) -> float:
    """Seconds until deadline; TimeoutError once it has passed, however much is still coming."""
    left_s = deadline - time.monotonic()
    if left_s <= 0:
        raise TimeoutError
    return left_s


def _feed(channel: Channel, stdin: bytes) -> None:
    # A command may end without reading its input; its exit status tells what matters then.
    try:
        if stdin:
            channel.send(stdin)
        channel.close_send()
    except LinkLost:
        return
