"""Quantiles of Student's t and of the normal distribution, to about twelve digits.

scipy says the same, and takes longer to import than a report takes to be made.
"""

from __future__ import annotations

import math
from statistics import NormalDist

_MOST_STEPS = 200
_CLOSE = 1e-14
_TINY = 1e-300


def exceeded(freedom: float, level: float) -> float:
    """The t that is exceeded on either side with the probability `level`, above 0 and below 1.

    freedom: degrees of it, at least 1; infinite for the normal distribution.
    """
    normal = -NormalDist().inv_cdf(level / 2)
    if math.isinf(freedom):
        return normal
    # Where it begins is the normal's value, which is too small; the logarithm of the tail is all
    # but straight in that of t, so few steps of Newton's do.
    at = math.log(max(normal, 1e-8))
    wanted = math.log(level)
    for _ in range(_MOST_STEPS):
        t = math.exp(at)
        tail = outside(t, freedom)
        step = (math.log(tail) - wanted) * tail / (2 * t * _density(t, freedom))
        at += max(-1.0, min(step, 1.0))
        if abs(step) < 1e-12:
            break
    return math.exp(at)


def outside(t: float, freedom: float) -> float:
    """How probable it is that |T| exceeds t, above 0."""
    return _incomplete_beta(
        freedom / 2, 0.5, freedom / (freedom + t * t), t * t / (freedom + t * t)
    )


def _density(t: float, freedom: float) -> float:
    logs = _log_beta(freedom / 2, 0.5) + (freedom + 1) / 2 * math.log1p(t * t / freedom)
    return math.exp(-logs) / math.sqrt(freedom)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _incomplete_beta(a: float, b: float, x: float, rest: float) -> float:
    """The regularized one at x. rest: 1 - x, which would lose its digits near 0."""
    front = math.exp(a * math.log(x) + b * math.log(rest) - _log_beta(a, b))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(a, b, x) / a
    return 1 - front * _fraction(b, a, rest) / b


def _fraction(a: float, b: float, x: float) -> float:
    """Its continued fraction (Abramowitz and Stegun 26.5.8), from the front as Lentz does."""
    front, back = 1.0, 1 / _not_zero(1 - (a + b) * x / (a + 1))
    value = back
    for n in range(1, _MOST_STEPS):
        for term in (
            n * (b - n) * x / ((a + 2 * n - 1) * (a + 2 * n)),
            -(a + n) * (a + b + n) * x / ((a + 2 * n) * (a + 2 * n + 1)),
        ):
            back = 1 / _not_zero(1 + term * back)
            front = _not_zero(1 + term / front)
            value *= front * back
        if abs(front * back - 1) < _CLOSE:
            break
    return value


def _not_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
