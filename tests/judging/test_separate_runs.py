"""Two separate runs: told apart only by more than runs of one code differ."""

from __future__ import annotations

import math
import random

import pytest

from orchestrator.performance.family import Family
from orchestrator.performance.separate_runs import (
    RunRatio,
    Spread,
    judge,
    moderated,
    run_ratio,
    runs_needed,
    spread_of,
)
from orchestrator.performance.verdict import Terms, Verdict

TERMS = Terms(Family(90, 1))
UNKNOWN = Spread(None, 0)


def run(speedup: float, error: float = 0.001) -> RunRatio:
    return RunRatio(math.log(speedup), error, 16)


def test_without_history_a_change_that_runs_of_one_code_can_show_is_open_and_says_what_to_use() -> (
    None
):
    judged = judge([run(1.30)], [run(1.21)], UNKNOWN, TERMS)
    assert judged.verdict is Verdict.INCONCLUSIVE
    assert judged.advice.startswith("separate runs: inconclusive; use --against REV, ")
    assert "no code was run twice, so runs are taken to differ by up to 3 %" in judged.advice


def test_without_history_a_change_that_no_runs_of_one_code_show_is_told() -> None:
    assert judge([run(1.30)], [run(0.80)], UNKNOWN, TERMS).verdict is Verdict.SLOWER
    assert judge([run(0.80)], [run(1.30)], UNKNOWN, TERMS).verdict is Verdict.FASTER


def test_history_of_a_quiet_machine_makes_a_small_change_visible() -> None:
    rng = random.Random(5)
    history = spread_of([[run(1.3 * math.exp(rng.gauss(0, 0.002))) for _ in range(20)]])
    assert history.freedom == 19
    assert judge([run(1.30)], [run(1.25)], history, TERMS).verdict is Verdict.SLOWER
    assert judge([run(1.30)], [run(1.25)], UNKNOWN, TERMS).verdict is Verdict.INCONCLUSIVE


def test_history_of_a_wild_machine_names_the_runs_that_a_side_would_need() -> None:
    history = Spread(0.02, 30)
    needed = runs_needed(run(1.0), history, TERMS)
    assert needed is not None
    assert needed > 20
    judged = judge([run(1.30)], [run(1.27)], history, TERMS)
    assert judged.verdict is Verdict.INCONCLUSIVE
    assert (
        f"runs of one code differ by 2 % here, of which about {needed} a side would do"
        in judged.advice
    )
    as_many = judge([run(1.30)] * needed, [run(1.27)] * needed, history, TERMS)
    assert as_many.verdict is Verdict.SLOWER


def test_a_run_is_no_surer_than_its_own_starts_allow() -> None:
    """However little runs are said to differ."""
    history = Spread(0.0001, 100)
    assert judge([run(1.30)], [run(1.25)], history, TERMS).verdict is Verdict.SLOWER
    unsure = judge([run(1.30, error=0.02)], [run(1.25, error=0.02)], history, TERMS)
    assert unsure.verdict is Verdict.INCONCLUSIVE


def test_history_is_pooled_over_codes_and_runs_that_stand_alone_tell_nothing() -> None:
    groups = [[run(1.0), run(1.02)], [run(2.0), run(2.04), run(2.08)], [run(5.0)]]
    found = spread_of(groups)
    assert found.freedom == 3
    assert found.sd == pytest.approx(0.0175, rel=0.2)
    assert spread_of([[run(1.0)], [run(2.0)]]) == Spread(None, 0)


def test_a_run_with_too_few_starts_has_no_ratio_to_compare() -> None:
    assert run_ratio([0.1] * 7) is None
    found = run_ratio([0.1, 0.2] * 4)
    assert found is not None
    assert found.log == pytest.approx(0.15)
    nothing = judge([], [run(1.0)], UNKNOWN, TERMS)
    assert nothing.verdict is Verdict.INCONCLUSIVE
    assert (nothing.speedup.low, nothing.speedup.high) == (None, None)


def _spreads(truths: list[float], runs: int, seed: int) -> list[Spread]:
    rng = random.Random(seed)
    return [spread_of([[run(math.exp(rng.gauss(0, sd))) for _ in range(runs)]]) for sd in truths]


def test_rows_that_are_alike_tell_each_others_spread() -> None:
    alone = _spreads([0.003] * 90, 3, seed=7)
    together = moderated(alone)
    assert judge([run(1.3)], [run(1.26)], alone[0], TERMS).verdict is Verdict.INCONCLUSIVE
    told = [judge([run(1.3)], [run(1.26)], one, TERMS).verdict for one in together]
    assert told.count(Verdict.SLOWER) > 70
    assert all(one.sd is not None and 0.0025 < one.sd < 0.012 for one in together)


def test_a_wild_row_among_quiet_ones_keeps_a_spread_of_its_own() -> None:
    truths = [0.001] * 80 + [0.03] * 10
    together = moderated(_spreads(truths, 6, seed=8))
    quiet, wild = ([one.sd or 0.0 for one in part] for part in (together[:80], together[80:]))
    assert max(quiet) < min(wild)
    assert all(one.freedom < 30 for one in together)


def test_few_rows_and_rows_without_history_are_left_as_they_are() -> None:
    few = _spreads([0.003] * 4, 3, seed=9)
    assert moderated(few) == tuple(few)
    some = [*_spreads([0.003] * 20, 3, seed=9), UNKNOWN, Spread(0.0, 5)]
    assert moderated(some)[20:] == (UNKNOWN, Spread(0.0, 5))


def test_runs_that_are_worlds_apart_leave_everything_open_as_well() -> None:
    one, other = RunRatio(0.0, 400.0, 2), RunRatio(1.0, 400.0, 2)
    judged = judge([one], [other], Spread(None, 1, 0.03), TERMS)
    assert judged.verdict is Verdict.INCONCLUSIVE
    assert judged.speedup.high is not None
    assert judged.speedup.high < math.inf
