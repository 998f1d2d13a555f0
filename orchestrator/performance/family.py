"""How far a mean of starts may be off, where all that a report says is to be right together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from orchestrator.performance.chance.student import exceeded
from remote_payload.contract.tools.middles import students

# Of one false verdict or more in a report on one and the same code, and of an interval that stands
# by itself. Both are made for half of the error that is promised: medians of few turns are not
# normal, and where they are skewed or of two levels Student's t is off by up to that much
# (docs/statistics.md).
PROMISED_ERROR, CONFIDENCE = 0.01, 0.95
FAMILY_ERROR, ALONE = PROMISED_ERROR / 2, (1 - CONFIDENCE) / 2
FEWEST_STARTS, MOST_STARTS = 8, 1024
MOST_ROWS = 4096


@dataclass(frozen=True)
class Family:
    """What is judged together. rows: comparisons; looks: how often each may have been looked at."""

    rows: int = 1
    looks: int = 1

    @property
    def level(self) -> float:
        """The error that one comparison at one look may have (Bonferroni)."""
        return FAMILY_ERROR / (max(self.rows, 1) * max(self.looks, 1))


def looks(most: int) -> tuple[int, ...]:
    """After how many starts it is looked whether all is decided: 8, 16, 32, ... and the last."""
    doubled = (FEWEST_STARTS << n for n in range(MOST_STARTS.bit_length()))
    return (*(each for each in doubled if each < most), most)


@lru_cache(maxsize=4096)
def critical(freedom: float, level: float) -> float:
    """Student's t that is exceeded on either side with the probability `level`.

    freedom: degrees of it, at least 1; infinite for the normal distribution.
    """
    return exceeded(freedom, level)


def critical_table(
    of_looks: tuple[int, ...], most_rows: int = MOST_ROWS
) -> tuple[tuple[tuple[float, ...], ...], ...]:
    """BenchPlan.critical: for each look and each of its `middles` one value for up to 1, 2, 4, ...
    `most_rows` rows.

    Empty where a look comes too early for any verdict.
    """
    if min(of_looks, default=0) < FEWEST_STARTS:
        return ()
    sizes = [1 << n for n in range(most_rows.bit_length())]
    levels = [Family(rows, len(of_looks)).level for rows in sizes]
    return tuple(
        tuple(
            tuple(round(critical(one.freedom, level * one.share), 4) for level in levels)
            for one in known
        )
        for known in map(students, of_looks)
    )


def starts_for(spread: float, half_width: float, level: float) -> int | None:
    """How many starts give an interval of ±`half_width` (in logarithms), at this spread of them, by
    its mean. None where even MOST_STARTS would not do.
    """
    few, many = FEWEST_STARTS, MOST_STARTS
    if _half_width(spread, many, level) > half_width:
        return None
    while few < many:
        middle = (few + many) // 2
        if _half_width(spread, middle, level) > half_width:
            few = middle + 1
        else:
            many = middle
    return few


def _half_width(spread: float, starts: int, level: float) -> float:
    of_all = students(starts)[0]
    return critical(of_all.freedom, level * of_all.share) * spread / math.sqrt(starts)
