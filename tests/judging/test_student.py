"""Student's t by our own arithmetic is that of scipy."""

from __future__ import annotations

import math

import pytest

from orchestrator.performance.chance.student import exceeded, outside
from orchestrator.performance.family import Family, critical

FREEDOMS = (1, 1.5, 2, 3, 4.7, 6, 7, 15, 31, 63, 100.3, 255, 1023, 5000)
LEVELS = (0.9, 0.5, 0.1, 0.05, 0.005, 1e-5, Family(4096, 8).level, 1e-9, 1e-12)


@pytest.mark.parametrize("freedom", [*FREEDOMS, math.inf])
def test_it_is_the_quantile_that_scipy_tells(freedom: float) -> None:
    from scipy.special import ndtri, stdtrit

    for level in LEVELS:
        known = ndtri(level / 2) if math.isinf(freedom) else stdtrit(freedom, level / 2)
        assert exceeded(freedom, level) == pytest.approx(-float(known), rel=1e-10)
        assert critical(freedom, level) == exceeded(freedom, level)


def test_the_tail_beyond_the_quantile_is_the_level() -> None:
    for freedom in FREEDOMS:
        for level in LEVELS:
            assert outside(exceeded(freedom, level), freedom) == pytest.approx(level, rel=1e-9)
