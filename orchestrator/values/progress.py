"""Progress as plain calls, so that workflows know nothing of screens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class Progress(Protocol):
    """Somewhere to report steps to; the command line draws it, tests and scripts ignore it."""

    def step(self, task: str, done: int, total: int | None, detail: str = "") -> None:
        """`task` (e.g. "sync", "check") is at done of total units; None: total not known."""

    def say(self, line: str) -> None:
        """A line worth reading once."""


class Silence:
    """Progress that nobody watches."""

    def step(self, task: str, done: int, total: int | None, detail: str = "") -> None:
        return

    def say(self, line: str) -> None:
        return


@dataclass(frozen=True)
class Expected:
    """parts: by name (e.g. "check"), in their order, how many seconds each took; empty where
    nothing is known."""

    parts: tuple[tuple[str, float], ...] = ()

    def of(self, name: str) -> float | None:
        """Seconds of one part; None: nobody knows."""
        return dict(self.parts).get(name)

    def behind(self, name: str) -> float:
        """Seconds of all that comes after a part; of all there is, for one that is none of it."""
        names = [part for part, _ in self.parts]
        first = names.index(name) + 1 if name in names else 0
        return sum(seconds for _, seconds in self.parts[first:])


NOTHING_KNOWN = Expected()
