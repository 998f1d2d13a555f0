"""The middle of what starts gave, in two ways: what they all say, and what most of them say.

On a machine that others use too, one start in four was seen to be a third slower: their mean then
lies where nobody is, and its error hides what there is to see. Not so that of the inner three
fifths.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import Sequence, Tuple

TRIMMED = 0.2  # of the starts, on either side
# Starts. Of eight the inner six are too often alike by chance where a clock is coarse, or memory
# lies in one of two ways: false calls in 4 % of reports, by calibration.
FEWEST_TRIMMED = 16
# Of the error that an interval may have. A quarter makes it little wider, and the other hardly.
SHARE_OF_TRIMMED = 0.25
SAMPLES_A_STEP = 4  # of a clock, in the mean, from which on equal ones are no chance


@dataclass(frozen=True)
class Middle:
    """error: its standard error."""

    at: float
    error: float


@dataclass(frozen=True)
class Student:
    """By which t the standard error of one of the middles is multiplied. freedom: degrees of it.

    share: of the probability to be wrong that all of them may have together.
    """

    freedom: int
    share: float


def is_coarse(samples_us: Sequence[float]) -> bool:
    """Whether samples lie on so few steps of a clock that equal ones are no chance.

    Inner starts are then alike now and then though they are not the same; their mean of all is off
    by no more than it seems.
    """
    return len({float(f"{us:.9g}") for us in samples_us}) * SAMPLES_A_STEP <= len(samples_us)


def middles(logs: Sequence[float], coarse: bool = False) -> Tuple[Middle, ...]:
    """Of at least two logarithms: their mean, and from sixteen on, unless they come from a coarse
    clock, the trimmed one beside it.

    Yuen, The two-sample trimmed t for unequal population variances, Biometrika 61 (1974): the error
    of a trimmed mean by the variance of the Winsorized sample.
    """
    number = len(logs)
    mean = Middle(statistics.fmean(logs), statistics.stdev(logs) / math.sqrt(number))
    if coarse or number < FEWEST_TRIMMED:
        return (mean,)
    ordered, cut = sorted(logs), cut_of(number)
    inner = ordered[cut : number - cut]
    winsorized = [inner[0]] * cut + inner + [inner[-1]] * cut
    left = len(inner)
    error = statistics.stdev(winsorized) * math.sqrt((number - 1) / (left * (left - 1)))
    return (mean, Middle(statistics.fmean(inner), error))


def cut_of(number: int) -> int:
    """How many are left out on either side."""
    return int(TRIMMED * number)


def students(number: int, coarse: bool = False) -> Tuple[Student, ...]:
    """Of each of the `middles` of so many."""
    if coarse or number < FEWEST_TRIMMED:
        return (Student(number - 1, 1.0),)
    inner = Student(number - 2 * cut_of(number) - 1, SHARE_OF_TRIMMED)
    return (Student(number - 1, 1.0 - SHARE_OF_TRIMMED), inner)
