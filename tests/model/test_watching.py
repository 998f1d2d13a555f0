"""The conditions of a run's races, for those who set two runs side by side."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.performance.watching import (
    raced_clock_mhz,
    raced_company,
    raced_load,
    raced_throttle,
)
from remote_payload.contract.watched import Span, Watched
from tests.report import races, synthetic


def test_what_nobody_watched_is_not_known() -> None:
    for watched in ((), (races.on_cpu(others_load=None),)):
        result = replace(synthetic.gpu_result(), watched=watched)
        assert raced_clock_mhz(result) is None
        assert raced_company(result) is None
        assert raced_load(result) is None
        assert raced_throttle(result) is None


def test_the_races_of_a_run_are_taken_together() -> None:
    watched: tuple[Watched, ...] = (
        races.on_gpu(other_processes=2, throttle=(("gpu_idle", 2),)),
        races.on_gpu(sm_clock_mhz=Span(1200.0, 1980.0, 1980.0), others_load=Span(0.1, 1.5, 4.0)),
        races.on_gpu(throttle=(("sw_thermal_slowdown", 1), ("hw_slowdown", 9))),
    )
    result = replace(synthetic.gpu_result(), watched=watched)
    assert raced_clock_mhz(result) == 1755.0
    assert raced_company(result) == 2
    assert raced_load(result) == 1.5
    assert raced_throttle(result) == ("hw_slowdown", "sw_thermal_slowdown")


def test_a_gpu_that_nothing_held_back_says_so() -> None:
    assert raced_throttle(replace(synthetic.gpu_result(), watched=(races.on_gpu(),))) == ()
