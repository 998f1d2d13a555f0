"""How much wider intervals are where more is claimed."""

from __future__ import annotations

import itertools
import math

import pytest
from scipy import stats

from orchestrator.performance.family import (
    FAMILY_ERROR,
    Family,
    critical,
    critical_table,
    looks,
    starts_for,
)


@pytest.mark.parametrize("freedom", [1, 7, 63, 1023, math.inf])
@pytest.mark.parametrize("level", [0.05, 1e-4, 1e-9])
def test_a_critical_value_is_the_one_of_students_distribution(freedom: float, level: float) -> None:
    expected = stats.norm.isf(level / 2) if math.isinf(freedom) else stats.t.isf(level / 2, freedom)
    assert critical(freedom, level) == pytest.approx(expected)


def test_the_table_holds_for_up_to_4096_rows_and_for_all_looks_together() -> None:
    table = critical_table((8, 16, 32, 64))
    assert [[len(row) for row in of_look] for of_look in table] == [[13], *[[13, 13]] * 3]
    inner = {16: 10, 32: 20, 64: 40}  # of so many starts
    for look, of_look in zip((8, 16, 32, 64), table, strict=True):
        known = [(look, 0.75), (inner[look], 0.25)] if look in inner else [(look, 1.0)]
        for (starts, share), row in zip(known, of_look, strict=True):
            for power, value in enumerate(row):
                level = share * FAMILY_ERROR / 2**power / 4
                assert value == pytest.approx(stats.t.isf(level / 2, starts - 1), rel=1e-4)
    for one, two in itertools.pairwise(table):
        for row, later in zip(one, two, strict=False):
            assert all(after < before for before, after in zip(row, later, strict=True))


def test_where_a_look_is_too_early_for_a_verdict_nothing_is_decided_on_the_way() -> None:
    assert critical_table((4,)) == ()


@pytest.mark.parametrize(
    ("most", "at"), [(1, (1,)), (8, (8,)), (20, (8, 16, 20)), (64, (8, 16, 32, 64))]
)
def test_looks_double_up_to_the_last(most: int, at: tuple[int, ...]) -> None:
    assert looks(most) == at


def test_more_claims_and_more_looks_make_each_harder() -> None:
    levels = [Family(rows, number).level for rows, number in ((1, 1), (1, 4), (90, 4), (4096, 4))]
    assert levels == sorted(levels, reverse=True)
    assert Family(0, 0).level == FAMILY_ERROR


def half_width(spread: float, starts: int) -> float:
    level = 1e-4 * (0.75 if starts >= 16 else 1)
    return critical(starts - 1, level) * spread / math.sqrt(starts)


@pytest.mark.parametrize("spread", [0.0001, 0.003, 0.01, 0.05])
def test_the_starts_that_would_do_are_the_fewest_that_do(spread: float) -> None:
    found = starts_for(spread, 0.01, 1e-4)
    assert found is not None
    assert half_width(spread, found) <= 0.01
    assert found == 8 or half_width(spread, found - 1) > 0.01


def test_where_not_even_the_most_starts_would_do_none_are_named() -> None:
    assert starts_for(0.3, 0.01, 1e-4) is None
