"""How many of the files that are compiled side by side are done, told after each."""

from __future__ import annotations

import threading
from typing import Callable, Dict, Tuple, TypeVar

# Told (done, total, label).
Progress = Callable[[int, int, str], None]

T = TypeVar("T")


def silent(done: int, total: int, label: str) -> None:
    """Progress that nobody watches."""


class Counting:
    """Units that are compiled, of a number that is known; whoever makes one may be any thread."""

    def __init__(self, total: int, tell: Progress) -> None:
        self._total, self._tell, self._done = total, tell, 0
        self._turn = threading.Lock()
        tell(0, total, "")

    def after(self, act: Callable[[], T], label: str) -> T:
        """What `act` gives, and one more is done."""
        made = act()
        self.one_more(label)
        return made

    def one_more(self, label: str) -> None:
        with self._turn:
            self._done += 1
            self._tell(self._done, self._total, label)


class Together:
    """Several that count at once, told as one sum, from `listen` on."""

    def __init__(self, tell: Progress) -> None:
        self._tell, self._turn = tell, threading.Lock()
        self._parts: Dict[str, Tuple[int, int]] = {}
        self._is_heard = False

    def listen(self) -> None:
        """Tell what was counted so far, and from then on each of them."""
        with self._turn:
            self._is_heard = True
            if self._parts:
                self._sum("")

    def of(self, part: str) -> Progress:
        """For one of them, by a name of its own."""

        def tell(done: int, total: int, label: str) -> None:
            with self._turn:
                self._parts[part] = (done, total)
                if self._is_heard:
                    self._sum(label)

        return tell

    def _sum(self, label: str) -> None:
        counts = self._parts.values()
        self._tell(sum(one for one, _ in counts), sum(all_ for _, all_ in counts), label)
