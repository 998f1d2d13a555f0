"""Processes that are killed at random moments."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from orchestrator.errors import OrchestratorError

_LIMIT_S, _KILLED = 60.0, 0.75  # the longest that one may live; the part that is killed


def forked(act: Callable[[], None]) -> int:
    """A process of its own that does `act`. Nothing here is connected: no thread is missed."""
    process = os.fork()
    if process:
        return process
    try:
        act()
    except OrchestratorError as error:
        print(f"{type(error).__name__}: {error.message}", file=sys.stderr)
    finally:
        os._exit(0)


@dataclass
class Life:
    """A process and when it is to die: delay_s after `first` is there, or None if it may live.

    first: a file, or None for at once. The way from a run's folder here to its job there is short,
    and many shall die on it.
    """

    process: int
    delay_s: float | None
    first: Path | None
    began: float | None = None

    @property
    def is_due(self) -> bool:
        now = time.monotonic()
        if self.began is None and (self.first is None or self.first.exists()):
            self.began = now
        return self.began is not None and now - self.began > (self.delay_s or _LIMIT_S)


def life(process: int, moments: Random, usual_s: float, card: Path | None) -> Life:
    """Doomed or not, from any moment on or from the one when the run's card is written."""
    doomed, early = moments.random() < _KILLED, moments.random() < 0.5
    delay_s = moments.random() * usual_s * (0.3 if early and card else 1.0)
    return Life(process, delay_s if doomed else None, card if early and doomed else None)


def some_killed(lives: list[Life]) -> int:
    """Wait for all, and kill those whose time has come; how many were."""
    killed = 0
    while lives:
        for life in list(lives):
            if os.waitpid(life.process, os.WNOHANG)[0]:
                lives.remove(life)
            elif life.is_due:
                os.kill(life.process, signal.SIGKILL)
                os.waitpid(life.process, 0)
                lives.remove(life)
                killed += 1
        time.sleep(0.002)
    return killed
