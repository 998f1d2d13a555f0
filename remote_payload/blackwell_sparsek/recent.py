"""The last calls, checked and ready to launch."""

from __future__ import annotations

import threading
from typing import Dict, Generic, Hashable, TypeVar

Value = TypeVar("Value")


class Recent(Generic[Value]):
    """At most `most` values by key; the one that was put first leaves first.

    Finding takes no lock: reading a dict is atomic. Two threads that miss the same key both make
    its value, and either will do.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: Dict[Hashable, Value] = {}
        self._lock = threading.Lock()
        self.find = self._values.get  # bound once: this is where every call goes

    def put(self, key: Hashable, value: Value) -> None:
        with self._lock:
            while len(self._values) >= self._most and key not in self._values:
                del self._values[next(iter(self._values))]
            self._values[key] = value
