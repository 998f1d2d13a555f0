"""Steps: a series that stood on one level first, and on another later."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.performance.family import critical

P_STEP = 0.001


@dataclass(frozen=True)
class Step:
    """at: how many values came before it. before, after: the medians on either side.

    start: how many whole starts came before it; None where all values are of one start.
    """

    at: int
    before: float
    after: float
    start: int | None = None

    @property
    def change(self) -> float:
        """Relative, above 0 if it grew."""
        return self.after / self.before - 1
