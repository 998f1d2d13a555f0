"""Student's t by formulas of one line, for who cannot wait until SciPy is imported.

Wallace, Bounds on normal approximations to Student's and the chi-square distributions, Annals of
Mathematical Statistics 30 (1959), section 2: a little too large, by 2 % for one in a thousand and
five degrees of freedom, so that intervals of few runs are wider than they had to be.
"""

from __future__ import annotations

import math
from statistics import NormalDist

_NORMAL = NormalDist()
_LARGEST = 600.0  # of an exponent, below what a float holds


def normal_of(t: float, freedom: float) -> float:
    """The deviate of the normal distribution that is as likely as t of so many degrees."""
    if math.isinf(t):
        return t
    return _scale(freedom) * math.sqrt(freedom * math.log1p(t * t / freedom))


def critical(freedom: float, level: float) -> float:
    """Student's t that is exceeded on either side with the probability `level`."""
    return student_of(-_NORMAL.inv_cdf(level / 2), freedom)


def student_of(normal: float, freedom: float) -> float:
    """The inverse of `normal_of`."""
    power = (normal / _scale(freedom)) ** 2 / freedom
    return math.sqrt(freedom * math.expm1(min(power, _LARGEST)))


def shared(normal: float, parts: int) -> float:
    """The deviate that is exceeded with a `parts`-th of the probability (Bonferroni)."""
    if parts < 2:
        return normal
    return -_NORMAL.inv_cdf(_NORMAL.cdf(-normal) / parts)


def _scale(freedom: float) -> float:
    return (8 * freedom + 1) / (8 * freedom + 3)
