"""What a watch waits for, in one place: saves, keys, turns that end."""

from __future__ import annotations

import contextlib
import os
import queue
import select
from dataclasses import dataclass
from enum import Enum, auto
from types import TracebackType

from orchestrator.cli.watching.keys import Keys


class Kind(Enum):
    SAVED = auto()
    ENDED = auto()
    KEY = auto()


@dataclass(frozen=True)
class Event:
    """key: which one was pressed."""

    kind: Kind
    key: str = ""


class Events:
    """Any thread puts, the main thread waits."""

    def __init__(self, keys: Keys | None) -> None:
        self._keys, self._queue = keys, queue.SimpleQueue[Event]()
        self._ears, self._mouth = os.pipe()
        os.set_blocking(self._ears, False)
        os.set_blocking(self._mouth, False)

    def __enter__(self) -> Events:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        mouth, self._mouth = self._mouth, -1
        for end in (self._ears, mouth):
            os.close(end)

    def put(self, kind: Kind) -> None:
        self._queue.put(Event(kind))
        with contextlib.suppress(OSError):  # it is full, or nobody waits any more
            os.write(self._mouth, b".")

    def wait(self, limit_s: float) -> list[Event]:
        """What has come; empty after limit_s without anything."""
        if self._keys:
            self._keys.keep()
        places = [self._ears, *([self._keys.descriptor] if self._keys else [])]
        ready = select.select(places, [], [], limit_s)[0]
        if self._ears in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(self._ears, 4096)
        found = []
        with contextlib.suppress(queue.Empty):
            while True:
                found.append(self._queue.get_nowait())
        if self._keys and self._keys.descriptor in ready:
            pressed = self._keys.pressed()
            found += [Event(Kind.KEY, key) for key in pressed or ""]
            if pressed is None:
                self._keys = None
        return found
