"""Samples that are no times of the work, were picked, or come from a timer that is too coarse."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from orchestrator.performance.objection import Severity
from orchestrator.performance.objections.every import objections
from remote_payload.contract.facts import CaseFacts
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.result import Result
from tests.model.objections.objecting import (
    CASE,
    doubt,
    error,
    only,
    result_of,
)
from tests.report import synthetic


def workless(samples_us: tuple[float, ...]) -> Result:
    """Of a case of which nobody knows how much work it is."""
    result = result_of(synthetic.bench("sdpa", CASE, samples_us))
    return replace(result, cases=(CaseFacts(CASE, None),))


def noisy(median_us: float, cv: float, count: int = 20, seed: int = 1) -> tuple[float, ...]:
    draw = random.Random(seed)
    return tuple(median_us * draw.lognormvariate(0.0, cv) for _ in range(count))


def test_nine_of_twenty_samples_of_a_hundredth_of_a_microsecond_are_an_error() -> None:
    honest = synthetic.samples(300.0)
    lie = tuple(0.01 + n / 1e4 if n % 2 else us for n, us in enumerate(honest[:19]))
    text = error(workless((*lie, honest[19])))
    assert text.startswith("9 of 20 samples (45 %) are below 0.02 µs, down to 0.0101")


def test_fast_samples_of_another_kind_are_doubted_where_nobody_knows_the_work() -> None:
    honest = synthetic.samples(300.0)
    lie = tuple(1.0 + n / 100 if n % 2 else us for n, us in enumerate(honest))
    found = objections(workless(lie))
    assert "20 of 40 samples (50 %) are 50 times as fast as the slower half" in found[0].text
    assert found[0].severity is Severity.DOUBT


@pytest.mark.parametrize("slow", [2.0, 3.0, 10.0])
def test_a_machine_that_stalls_now_and_then_is_not_taken_for_two_kinds(slow: float) -> None:
    stalled = tuple(us * slow if n % 3 else us for n, us in enumerate(noisy(50.0, 0.01)))
    assert all("as fast as the slower" not in one.text for one in objections(workless(stalled)))


def test_sorted_samples_are_doubted_and_shuffled_ones_are_not() -> None:
    taken = noisy(300.0, 0.01)
    assert objections(workless(taken)) == ()
    for order in (sorted(taken), sorted(taken, reverse=True)):
        assert "lie in order of their size" in doubt(workless(tuple(order)))


def test_constant_samples_are_in_no_order() -> None:
    assert objections(workless((300.0,) * 20)) == ()


def test_times_on_the_grid_of_a_coarse_timer_are_a_note() -> None:
    draw = random.Random(3)
    ticks = tuple(round(1.024 * draw.choice((9, 10, 10, 11)), 3) for _ in range(20))
    found = only(workless(ticks))
    assert found.severity is Severity.NOTE
    assert found.text.startswith("1 of 1 timings lie on their timer's grid")
    assert "in steps of 1.024 µs, 1e+01 % of its time" in found.text


def test_a_grid_that_is_fine_beside_the_time_is_none() -> None:
    draw = random.Random(3)
    ticks = tuple(round(0.032 * draw.choice(range(9370, 9376)), 3) for _ in range(20))
    assert objections(workless(ticks)) == ()


def test_noise_of_every_usual_kind_meets_no_objection() -> None:
    for seed in range(30):
        for cv in (0.002, 0.01, 0.03):
            assert objections(workless(noisy(300.0, cv, seed=seed))) == ()


def with_means(provider: str, share: float, us: float = 300.0, **changes: object) -> BenchRecord:
    """Its calls take `share` times as long on average as in the median."""
    record = synthetic.bench(provider, CASE, synthetic.samples(us), **changes)
    return replace(record, mean_us=tuple(share * one for one in record.samples_us))


def test_calls_that_take_longer_now_and_then_are_doubted_where_the_baselines_do_not() -> None:
    base = with_means("sdpa", 1.02, 370.0)
    text = doubt(result_of(base, with_means("sparsek", 1.5)))
    assert text == (
        "its calls take 1.5 × as long on average as in the median, those of sdpa 1.02 ×: now and "
        "then one does more"
    )


@pytest.mark.parametrize("share", [0.98, 1.0, 1.09, 1.4])
def test_a_machine_that_interrupts_everybody_is_nobodys_doubt(share: float) -> None:
    base = with_means("sdpa", share, 370.0)
    for mine in (with_means("sparsek", 1.05 * share), with_means("sparsek", 0.9 * share)):
        assert objections(result_of(base, mine)) == ()


def test_means_without_those_of_the_baseline_say_nothing() -> None:
    plain = synthetic.bench("sdpa", CASE, synthetic.samples(370.0))
    assert objections(result_of(plain, with_means("sparsek", 3.0))) == ()
