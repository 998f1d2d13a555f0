"""What two separate runs may claim, in reports drawn at random (docs/comparing.md has many more)."""

from __future__ import annotations

import pytest

from orchestrator.performance.separate_runs import RunRatio
from orchestrator.performance.verdict import Verdict
from orchestrator.report.comparing import between
from orchestrator.report.comparing.speedups import Past, Told
from remote_payload.contract.plans import BuildPlan
from remote_payload.contract.request import Provider
from tests.comparing import drawn

REPORTS, ROWS = 12, 90
(KEY,) = drawn.keys(1)


def history_of(past: Past) -> between.History | None:
    return between.histories((KEY,), past).get(KEY)


@pytest.mark.parametrize(
    ("spread", "earlier", "common"),
    [(0.003, 0, False), (0.003, 8, False), (0.03, 0, False), (0.03, 8, False), (0.01, 4, True)],
)
def test_that_one_code_in_two_runs_is_not_called_slower(
    spread: float, earlier: int, common: bool
) -> None:
    how = {"spread": spread, "noise": 0.005, "earlier": earlier, "common": common}
    wrong, _ = drawn.share(REPORTS, Verdict.SLOWER, ROWS, **how)
    assert wrong <= 1 / REPORTS  # one in three hundred is, of many more of them


def test_that_what_history_can_show_is_found() -> None:
    """Sixteen runs that differ by 0.3 % show 5 %; without any, 20 % is shown in half of the rows."""
    how = {"noise": 0.005, "reports": 3, "word": Verdict.SLOWER, "rows": ROWS}
    _, by_history = drawn.share(**how, spread=0.003, earlier=15, slower=0.05)  # type: ignore[arg-type]
    _, without = drawn.share(**how, spread=0.003, earlier=0, slower=0.05)  # type: ignore[arg-type]
    _, large = drawn.share(**how, spread=0.003, earlier=0, slower=0.25)  # type: ignore[arg-type]
    assert (by_history, without, large) == (1.0, 0.0, 1.0)


def told(name: str, code: str, log: float, control: float | None = None, flags: str = "") -> Told:
    ratio = RunRatio(log, 1e-4, 8)
    controls = {} if control is None else {KEY[1:]: RunRatio(control, 1e-4, 8)}
    asked = (Provider("sparsek", target=flags or None),)
    return Told(name, drawn.WHERE, code, BuildPlan(), asked, {KEY: ratio}, controls)


def test_that_the_spread_says_on_how_many_runs_it_rests_and_of_which_code() -> None:
    others = tuple(told(f"r{n}", "old", 0.01 * (n % 2)) for n in range(4))
    past = Past(told("a", "old", 0.0), told("b", "new", 0.0), others)
    found = history_of(past)
    assert found is not None
    assert (found.runs, found.spread.freedom) == (5, 4)
    assert found.spread.sd == pytest.approx(0.00547, rel=0.01)


def test_that_runs_of_another_target_or_code_are_no_repetitions() -> None:
    others = (told("c", "older", 0.5), told("d", "old", 0.5, flags="other.py:f"))
    past = Past(told("a", "old", 0.0), told("b", "new", 0.0), others)
    found = history_of(past)
    assert found is not None
    assert (found.runs, found.spread.sd) == (0, None)


def test_that_the_control_counts_around_what_it_must_be_and_never_as_nothing() -> None:
    past = Past(told("a", "old", 0.0, control=0.01), told("b", "new", 0.0, control=0.01))
    found = history_of(past)
    assert found is not None
    assert found.spread.sd == pytest.approx(0.01)
    assert (found.spread.freedom, found.runs) == (2, 2)
    quiet = Past(told("a", "old", 0.0, control=0.0), told("b", "new", 0.0, control=0.0))
    still = history_of(quiet)
    assert still is not None
    assert still.spread.sd == between.LEAST_SPREAD


def test_that_more_runs_of_a_side_stand_beside_it_unless_both_are_of_one_code() -> None:
    others = (told("c", "old", 0.0), told("d", "new", 0.0), told("e", "old", 0.0))
    two = Past(told("a", "old", 0.0), told("b", "new", 0.0), others, frozenset("cd"))
    found = history_of(two)
    assert found is not None
    assert (len(found.before), len(found.after)) == (2, 2)  # e was under other conditions
    one = Past(told("a", "old", 0.0), told("b", "old", 0.0), others, frozenset("ce"))
    same = history_of(one)
    assert same is not None
    assert (len(same.before), len(same.after)) == (1, 1)
