"""What goes on in a command: its parts, how far each is, since when, and how long it may take.

Nothing is printed here. Remaining times come from earlier runs alone: what is expected of a part
stands still while the clock runs, so they only ever fall, and where it is passed that is said.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from orchestrator.values.progress import NOTHING_KNOWN, Expected

LONGER = "longer than before"
# What is counted in bytes, and what in units that nobody knows: those are told as a share.
_IN_BYTES, _AS_SHARE = ("sync", "pull"), ("bench",)
# A host may count to any number; a bar has no room for it, and floats no value.
_MOST = 10**15


@dataclass
class Part:
    """One thing done, e.g. "check". total: 0 while nobody knows. ended: since when it is whole."""

    name: str
    began: float
    done: int = 0
    total: int = 0
    detail: str = ""
    ended: float | None = None

    @property
    def share(self) -> float:
        """From 0 to 1."""
        return min(self.done / self.total, 1.0) if self.total else 0.0

    @property
    def amount(self) -> str:
        """How far it is, in words; empty where nobody knows."""
        if not self.total and not self.done:
            return ""
        if self.name in _AS_SHARE:
            return f"{math.floor(100 * self.share)} %"
        if self.name in _IN_BYTES:
            done, total = f"{self.done / 1e6:.1f}", f"{self.total / 1e6:.1f}"
            return f"{done}/{total} MB" if self.total else f"{done} MB"
        return f"{self.done}/{self.total}" if self.total else f"{self.done}"

    def seconds(self, now: float) -> float:
        """How long it has taken so far."""
        return max(0.0, (now if self.ended is None else self.ended) - self.began)


class Course:
    """The parts of a command, in the order in which they began. what: it all, in a word."""

    def __init__(
        self,
        expected: Expected = NOTHING_KNOWN,
        what: str = "total",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._expected, self.what, self.now = expected, what, clock
        self.began = clock()
        self.parts: dict[str, Part] = {}
        self._current: Part | None = None

    def step(self, task: str, done: int, total: int | None, detail: str = "") -> None:
        """`task` is at done of total units; total: None or 0 while nobody knows."""
        now, part = self.now(), self.parts.get(task)
        if part is None:
            part = self.parts[task] = Part(task, now)
        if self._current is not None and self._current is not part and self._current.ended is None:
            self._current.ended = now
        self._current = part
        part.done, part.total = _countable(done), _countable(total or 0)
        part.detail = detail
        is_whole = 0 < part.total <= part.done
        # Whoever counts on has begun no new part: its clock has run all the time.
        part.ended = (part.ended or now) if is_whole else None

    def seconds(self) -> float:
        """Of it all, so far."""
        return self.now() - self.began

    def left(self, part: Part) -> str:
        """How long a part may still take; empty where nobody knows, or nothing is left."""
        expected = self._expected.of(part.name)
        if expected is None or part.ended is not None:
            return ""
        return _left(expected - part.seconds(self.now()))

    def left_in_all(self) -> str:
        """How long it may still take in all; empty where nobody knows, or nothing is left."""
        if not self._expected.parts:
            return ""
        known = [part for part in self.parts.values() if self._expected.of(part.name) is not None]
        if not known:
            return _left(self._expected.behind(""))
        last = known[-1]
        behind = self._expected.behind(last.name)
        if last.ended is not None:
            return _left(behind) if behind else ""
        own = (self._expected.of(last.name) or 0.0) - last.seconds(self.now())
        return _left(max(own, 0.0) + behind)

    def line(self) -> str:
        """All of it in a line: what goes on, how far, for how long, and how long it may take."""
        part, in_all = self._current, clock(self.seconds())
        if part is None:
            return f"{self.what}: {in_all}{_aside(self.left_in_all())}"
        if part.ended is not None:
            return f"{part.name} done; {in_all} in all{_aside(self.left_in_all())}"
        how_far = f"{part.name} {part.amount}".rstrip()
        said = f"{how_far}, {clock(part.seconds(self.now()))}{_aside(self.left(part))}"
        said += f"; {in_all} in all"
        return f"{said}: {part.detail}" if part.detail else said


def clock(seconds: float) -> str:
    """1:05, or 1:01:05."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _left(seconds: float) -> str:
    return f"about {clock(math.ceil(seconds))} left" if seconds > 0 else LONGER


def _aside(words: str) -> str:
    return f" ({words})" if words else ""


def _countable(amount: int) -> int:
    return min(max(amount, 0), _MOST)
