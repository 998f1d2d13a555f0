"""Records whose samples are not all there, not their own, or there twice."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from orchestrator.performance.objections.every import objections
from remote_payload.contract.records import BenchRecord
from tests.model.objections.objecting import CASE, doubt, error, result_of
from tests.report import synthetic


def in_starts(provider: str, starts: int, rounds: int, seed: int, us: float = 370.0) -> BenchRecord:
    """An honest record: each start has a level of its own, each sample its noise."""
    draw = random.Random(seed)
    samples = tuple(
        level * draw.lognormvariate(0, 0.005)
        for level in (us * draw.lognormvariate(0, 0.01) for _ in range(starts))
        for _ in range(rounds)
    )
    return synthetic.bench(provider, CASE, samples, starts=(rounds,) * starts)


HONEST = in_starts("sdpa", 8, 5, seed=1)


def test_honest_starts_meet_no_objection() -> None:
    control = replace(in_starts("sdpa", 8, 5, seed=2), control=True)
    assert objections(result_of(HONEST, control, in_starts("sparsek", 8, 5, 3, 300.0))) == ()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        pytest.param({"starts": (5,) * 7}, "its starts gave 35 samples, and 40", id="a start less"),
        pytest.param({"starts": (40, 0)}, "its starts gave 40 samples", id="a start of none"),
        pytest.param(
            {"outside_us": (9e4,) * 3, "fresh_us": (400.0,) * 3}, "40 samples cannot", id="turns"
        ),
        pytest.param({"held_back": (40,)}, "samples as held back that are none", id="held back"),
    ],
)
def test_counts_that_contradict_each_other_are_an_error(
    changes: dict[str, object], told: str
) -> None:
    assert told in error(result_of(replace(HONEST, **changes)))  # type: ignore[arg-type]


def test_first_calls_that_were_left_out_of_some_turns_are_an_error() -> None:
    lacking = replace(HONEST, outside_us=(9e4,) * 8, fresh_us=(400.0,) * 7)
    assert "7 first calls for 8 turns" in error(result_of(lacking))
    lacking = replace(HONEST, outside_us=(9e4,) * 8, fresh_us=(400.0,) * 8, waited_us=(1.0,))
    assert "1 times of waiting for 8 turns" in error(result_of(lacking))


def test_the_best_samples_alone_are_fewer_than_those_of_the_race() -> None:
    ours = synthetic.bench("sparsek", CASE, synthetic.samples(300.0))
    best = replace(ours, samples_us=tuple(us for us in ours.samples_us if us < 300.0), starts=())
    theirs = synthetic.bench("sdpa", CASE, synthetic.samples(370.0))
    assert objections(result_of(ours, theirs)) == ()
    assert "where others of its race gave 40" in doubt(result_of(best, theirs))


def test_a_row_that_is_there_twice_is_an_error() -> None:
    again = in_starts("sdpa", 8, 5, seed=4)
    assert "recorded 2 times" in error(result_of(HONEST, again))
    result = result_of(HONEST)
    assert "recorded 2 times" in error(replace(result, checks=result.checks * 2))


def test_samples_of_another_provider_are_an_error() -> None:
    copied = replace(HONEST, provider="sparsek")
    assert "are those of sdpa" in error(result_of(HONEST, copied))


def test_a_start_that_was_copied_is_an_error() -> None:
    samples = HONEST.samples_us
    assert "5 samples of start 8 of sdpa" in error(
        result_of(replace(HONEST, samples_us=(*samples[:35], *samples[:5])))
    )


def test_few_values_of_a_coarse_timer_may_recur() -> None:
    draw = random.Random(5)
    coarse = [
        replace(
            HONEST, provider=name, samples_us=tuple(draw.choice((9.0, 10.0)) for _ in range(40))
        )
        for name in ("sdpa", "sparsek")
    ]
    found = objections(replace(result_of(*coarse), cases=()))
    assert all("to the last bit" not in one.text for one in found)
