"""The first page says of which case, by which method and of whom a target is met or missed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.report.render import render
from remote_payload.contract.facts import Targets, Tier
from remote_payload.contract.words import Method
from tests.report import synthetic

WARM, COLD = Method.BACK_TO_BACK, Method.COLD
FEW, MANY = (f"B=16 H={heads} S=512 D=64 fp16" for heads in (8, 96))


def target(heads: int, method: Method, limit_us: float, provider: str = "") -> Targets:
    tiers = (Tier("Tier 1", limit_us, inclusive=True),)
    return Targets(synthetic.case(heads), "H100 SXM", method, tiers, provider=provider)


def answer(*targets: Targets) -> str:
    """sparsek takes 3.525 µs/head with 8 heads; with 96 heads 2.952, 3.159 of them cold."""
    result = synthetic.gpu_result()
    run = synthetic.run(replace(result, request=replace(result.request, targets=targets)))
    return render(run).view.answers.rows[0][1]


def test_of_one_target_on_the_case_of_the_page_nothing_more_is_said() -> None:
    assert answer(target(96, WARM, 3.0)) == "PASS: Tier 1 ≤ 3.000 µs/head"


def test_cases_and_methods_of_several_are_told_apart() -> None:
    assert answer(target(8, WARM, 3.0), target(96, WARM, 3.0)) == (
        f"{FEW}: FAIL: Tier 1 ≤ 3.000 (1.17× to go) µs/head; {MANY}: PASS: Tier 1 ≤ 3.000 µs/head"
    )
    assert answer(target(8, WARM, 4.0), target(96, WARM, 4.0)).count("PASS") == 2
    cold, warm = answer(target(96, COLD, 3.0), target(96, WARM, 3.0)).split("; ")
    assert cold.startswith("cold: FAIL")
    assert warm.startswith("back_to_back: PASS")


def test_a_method_that_is_not_the_pages_is_named() -> None:
    assert answer(target(96, COLD, 3.0)).startswith("cold: FAIL")


def test_whom_a_target_names_is_named() -> None:
    assert answer(target(96, WARM, 3.0, provider="sdpa")).startswith("sdpa: FAIL")


def test_an_open_target_is_called_open_and_keeps_its_limit() -> None:
    told = answer(target(96, WARM, 2.949))
    assert told.startswith("INCONCLUSIVE, the limit lies within the interval")
    assert told.endswith("Tier 1 ≤ 2.949 µs/head")


@pytest.mark.parametrize(
    ("limit_us", "told"),
    [
        (0.0004, "Tier 1 ≤ 0.0004 (7380× to go)"),
        (2.94, "Tier 1 ≤ 2.940 (1.004× to go)"),
        (1.75, "Tier 1 ≤ 1.750 (1.69× to go)"),
    ],
)
def test_no_limit_is_rounded_away_and_what_is_missed_is_not_once_to_go(
    limit_us: float, told: str
) -> None:
    assert told in answer(target(96, WARM, limit_us))
