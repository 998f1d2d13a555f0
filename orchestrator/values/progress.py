"""Progress as plain calls, so that workflows know nothing of screens."""

from __future__ import annotations

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
