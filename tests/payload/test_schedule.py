"""Rounds, orders and budgets, as plain arithmetic."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from remote_payload.contract.plans import BenchPlan
from remote_payload.contract.request import Provider
from remote_payload.contract.words import Method
from remote_payload.operators.attention.definition import OPERATOR
from remote_payload.stages.bench.schedule import (
    Effort,
    Entrant,
    Trial,
    effort,
    entrants,
    methods_on,
    shortened,
    slot_s,
)
from remote_payload.stages.roles import ours_first

PLAN = BenchPlan()
BACK, COLD, GRAPH = Method.BACK_TO_BACK, Method.COLD, Method.GRAPH


def test_the_baseline_runs_twice_as_the_control_pair() -> None:
    assert entrants(["sparsek", "sdpa"], "sdpa") == (
        Entrant("sparsek"),
        Entrant("sdpa"),
        Entrant("sdpa", control=True),
    )


def test_without_the_baseline_the_first_provider_is_the_control() -> None:
    assert entrants(["mine", "other"], "sdpa")[-1] == Entrant("mine", control=True)


def test_a_gpu_runs_the_original_ten_and_hundred_in_three_rounds_of_each_start() -> None:
    assert slot_s(PLAN, "cuda", cases=6) is None
    assert effort(BACK, PLAN, "cuda", Trial(1.0, 3), slot=None) == Effort(10, 100, 3)


def test_zero_lets_the_payload_choose() -> None:
    plan = BenchPlan(warmup=0, calls=0, rounds=0)
    assert effort(BACK, plan, "cuda", Trial(1.0, 3), slot=None) == Effort(10, 100, 3)


def test_the_cpu_has_a_budget_of_its_own_and_the_users_budget_goes_first() -> None:
    assert slot_s(PLAN, "cpu", cases=3) == 5.0 / 8
    assert slot_s(BenchPlan(budget_s=8.0), "cpu", cases=2) == 2.0 / 8
    assert slot_s(BenchPlan(budget_s=12.0), "cuda", cases=2) == 2.0 / 8
    assert slot_s(BenchPlan(budget_s=12.0, starts=(4, 8)), "cuda", cases=2) == 0.5


@given(
    st.sampled_from([BACK, COLD, GRAPH]),
    st.floats(1e-6, 10.0),
    st.floats(0.1, 100.0),
    st.sampled_from(["cpu", "cuda"]),
)
def test_a_budget_is_kept_unless_the_fewest_rounds_already_exceed_it(
    method: Method, turn_s: float, slot: float, device: str
) -> None:
    chosen = effort(method, PLAN, device, Trial(turn_s, 3), slot)
    assert 1 <= chosen.rounds <= PLAN.rounds
    assert 1 <= chosen.calls <= PLAN.calls
    assert 1 <= chosen.warmup <= (PLAN.calls if method is GRAPH else PLAN.warmup)
    launches = chosen.calls + (0 if method is COLD else chosen.warmup)
    spent_s = chosen.rounds * chosen.per_round * launches * turn_s
    at_least = launches == (1 if method is COLD else 2) and chosen.rounds == 1
    assert spent_s <= slot * (1 + 1e-9) or at_least


def test_a_plan_of_few_rounds_is_not_stretched() -> None:
    assert effort(BACK, BenchPlan(rounds=1), "cpu", Trial(100.0, 3), slot=1.0).rounds == 1


def test_what_is_less_than_planned_is_named_and_what_a_method_does_without_is_not() -> None:
    many = Effort(10, 100, 5000, 5)
    assert shortened(BACK, many, Effort(1, 3, 468)) == (
        "468 of 5000 rounds, 3 of 100 calls per sample, 1 of 10 warm-ups per sample"
    )
    assert shortened(COLD, many, Effort(2, 1, 468, 5)) == "468 of 5000 rounds"
    assert shortened(COLD, many, Effort(2, 1, 5000, 2)) == "2 of 5 samples per round"
    assert shortened(GRAPH, Effort(100, 100, 3), Effort(5, 5, 3)) == "5 of 100 calls per sample"
    for method in (BACK, COLD, GRAPH):
        whole = effort(method, PLAN, "cuda", Trial(1.0, 3), None)
        assert shortened(method, whole, whole) == ""


def test_a_sample_on_a_cpu_is_no_longer_than_is_of_use() -> None:
    """A tenth of a second, whoever is timed and whatever there is to spend."""
    for slot in (None, 1000.0):
        assert effort(BACK, PLAN, "cpu", Trial(0.032, 4), slot) == Effort(3, 12, 3)
        assert effort(BACK, PLAN, "cpu", Trial(0.0032, 4), slot) == Effort(10, 100, 3)
        assert effort(BACK, PLAN, "cpu", Trial(3.2, 4), slot) == Effort(1, 1, 3)
        assert effort(BACK, PLAN, "cuda", Trial(3.2, 4), slot).calls > 20
    assert effort(BACK, BenchPlan(calls=5), "cpu", Trial(0.032, 4), None).calls == 5


def test_a_cold_sample_is_one_call() -> None:
    for device, most in (("cpu", 3), ("cuda", 5)):
        assert effort(COLD, PLAN, device, Trial(1.0, 3), slot=None) == Effort(2, 1, 3, most)
        assert effort(COLD, PLAN, device, Trial(1.0, 3), slot=7.0) == Effort(2, 1, 3, 2)
        assert effort(COLD, PLAN, device, Trial(1.0, 3), slot=2.0) == Effort(2, 1, 2, 1)


def test_a_gpu_has_all_methods_and_a_cpu_has_no_graphs() -> None:
    assert methods_on("cuda", PLAN) == (BACK, COLD, GRAPH)
    assert methods_on("cpu", PLAN) == (BACK, COLD)


def test_a_recording_of_all_calls_is_replayed_once_unmeasured_before_each_sample() -> None:
    assert effort(GRAPH, PLAN, "cuda", Trial(1.0, 3), slot=None) == Effort(100, 100, 3)
    assert effort(GRAPH, PLAN, "cuda", Trial(1.0, 3), slot=30.0) == Effort(5, 5, 3)


def test_ours_and_the_users_own_are_checked_before_their_rivals() -> None:
    asked = [
        Provider("sdpa"),
        Provider("sparsek-lean"),
        Provider("mine", "m:f"),
        Provider("sparsek"),
    ]
    order = [one.name for one in ours_first(asked, OPERATOR.facts)]
    assert order == ["sparsek-lean", "mine", "sparsek", "sdpa"]
